// Space held back for a full disk: it lets pending changes be written and pairs be deleted (after beanstalkd's binlog).

import SystemPackage

/// A file whose only purpose is to occupy space.
struct SpaceReserve: Sendable {
    private let disk: any Disk
    private let files: DataFiles
    /// Bytes.
    let size: Int
    private(set) var isHeld = false

    /// Takes the space if there is enough.
    init(_ size: Int, files: DataFiles, on disk: any Disk) throws(StoreError) {
        self.size = size
        self.files = files
        self.disk = disk
        if size > 0 { try acquire() }
    }

    /// Takes the space, or changes nothing if the disk is too full.
    mutating func acquire() throws(StoreError) {
        guard !isHeld, size > 0 else { return }
        if let status = try disk.status(of: files.reserve) {
            isHeld = status.size == size
            if isHeld { return }
            try disk.remove(files.reserve)
        }
        do throws(StoreError) {
            try disk.create(files.reserve).allocate(size)
            isHeld = true
        } catch {
            if try disk.exists(files.reserve) { try disk.remove(files.reserve) }
            guard error.isDiskFull else { throw error }
        }
    }

    /// Frees the space.
    /// - Returns: whether there was any.
    mutating func release() -> Bool {
        guard isHeld else { return false }
        isHeld = false
        return (try? disk.remove(files.reserve)) != nil
    }
}
