// The audit's folder on the disk of Store, which has the system calls. Audit itself knows no disk, and Store no
// audit.

import Audit
import Bytes
import Store
import SystemPackage

/// An audit's folder on a disk. Symbolic links are refused in the place of its files.
package struct DiskAuditFolder: AuditFolder {
    private let disk: any Disk
    private let folder: FilePath

    /// - Parameter folder: the folder itself; `DiskAuditFolder.path(for:)` says which belongs to a data set.
    package init(_ folder: FilePath, on disk: any Disk = LocalDisk()) {
        (self.folder, self.disk) = (folder, disk)
    }

    /// The folder of a data set's audit: `puffin.json.audit`.
    package static func path(for data: FilePath) -> FilePath { FilePath(data.string + ".audit") }

    package var path: String { folder.string }

    private func place(_ name: String) -> FilePath { folder.appending(name) }

    package func make() throws(AuditError) {
        try converting(.makeFolder, path) { () throws(StoreError) in try disk.createFolder(folder) }
    }

    package func names() throws(AuditError) -> [String] {
        do throws(StoreError) {
            return try disk.names(in: folder)
        } catch {
            // A folder that is not there has no audit.
            if error.isMissingFile { throw .missing(path: path) }
            throw AuditError(.list, path, error)
        }
    }

    package func status(of name: String) throws(AuditError) -> AuditFileStatus? {
        let status = try converting(.look, path(of: name)) { () throws(StoreError) in try disk.status(of: place(name)) }
        return status.map { AuditFileStatus(size: $0.size, modified: $0.modified) }
    }

    package func open(_ name: String, isWritable: Bool) throws(AuditError) -> any AuditFile {
        DiskAuditFile(
            try converting(.open, path(of: name)) { () throws(StoreError) in
                try disk.open(place(name), for: isWritable ? .writing : .reading)
            })
    }

    package func create(_ name: String) throws(AuditError) -> any AuditFile {
        DiskAuditFile(
            try converting(.create, path(of: name)) { () throws(StoreError) in try disk.create(place(name)) })
    }

    package func rename(_ name: String, to newName: String) throws(AuditError) {
        try converting(.rename, path(of: name)) { () throws(StoreError) in
            try disk.rename(place(name), to: place(newName))
        }
    }

    package func remove(_ name: String) throws(AuditError) {
        try converting(.remove, path(of: name)) { () throws(StoreError) in try disk.remove(place(name)) }
    }

    package func sync() throws(AuditError) {
        try converting(.sync, path) { () throws(StoreError) in try disk.syncFolder(folder) }
    }
}

/// An open file of the audit.
private final class DiskAuditFile: AuditFile {
    private let file: any DiskFile

    init(_ file: any DiskFile) { self.file = file }

    private var path: String { file.path.string }

    func isInPlace() -> Bool { file.isInPlace() }

    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(AuditError) -> Int {
        do throws(StoreError) {
            return try file.read(size, at: offset, into: &buffer)
        } catch {
            throw AuditError(.read, path, error)
        }
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(AuditError) {
        do throws(StoreError) {
            try file.write(bytes, Span(), at: offset)
        } catch {
            throw AuditError(.write, path, error)
        }
    }

    func sync() throws(AuditError) {
        try converting(.sync, path) { () throws(StoreError) in try file.sync() }
    }

    func truncate(to size: Int) throws(AuditError) {
        try converting(.truncate, path) { () throws(StoreError) in try file.truncate(to: size) }
    }
}

/// Runs a call of the store's disk, and converts its errors.
private func converting<Result>(
    _ operation: AuditOperation, _ path: String, _ call: () throws(StoreError) -> Result
) throws(AuditError) -> Result {
    do throws(StoreError) {
        return try call()
    } catch {
        throw AuditError(operation, path, error)
    }
}

extension AuditError {
    fileprivate init(_ operation: AuditOperation, _ path: String, _ error: StoreError) {
        if case .disk(_, _, let errno) = error {
            self = .disk(operation: operation, path: path, errno: errno)
        } else {
            self = .refused("\(error)")
        }
    }
}
