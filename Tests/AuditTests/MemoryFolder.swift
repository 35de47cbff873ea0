import Audit
import Bytes
import Synchronization
import SystemPackage

/// An audit's folder in memory, whose calls can be made to fail.
final class MemoryFolder: AuditFolder {
    struct Content {
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
        var modified: UInt64 = 0
    }

    struct State {
        var files: [String: (id: Int, content: Content)] = [:]
        /// Files whose name is gone, but that are still open.
        var orphans: [Int: Content] = [:]
        var ids = 0
        /// Bytes that all files together may have.
        var space = Int.max
        /// The error of every call of an operation.
        var faults: [AuditOperation: Errno] = [:]
        var now: UInt64 = 0
        var calls: [String] = []
    }

    let path = "memory"
    let state = Mutex(State())

    func make() throws(AuditError) {}

    func names() throws(AuditError) -> [String] {
        try fault(.list, "")
        return state.withLock { Array($0.files.keys) }
    }

    func status(of name: String) throws(AuditError) -> AuditFileStatus? {
        state.withLock { state in
            state.files[name].map { AuditFileStatus(size: $0.content.bytes.count, modified: $0.content.modified) }
        }
    }

    func open(_ name: String, isWritable: Bool) throws(AuditError) -> any AuditFile {
        try fault(.open, name)
        guard let id = state.withLock({ $0.files[name]?.id }) else { throw error(.open, name, .noSuchFileOrDirectory) }
        return MemoryFile(self, name, id)
    }

    func create(_ name: String) throws(AuditError) -> any AuditFile {
        try fault(.create, name)
        let id = state.withLock { state -> Int? in
            guard state.files[name] == nil else { return nil }
            state.ids += 1
            state.files[name] = (state.ids, Content(modified: state.now))
            return state.ids
        }
        guard let id else { throw error(.create, name, .fileExists) }
        return MemoryFile(self, name, id)
    }

    func rename(_ name: String, to newName: String) throws(AuditError) {
        try fault(.rename, name)
        state.withLock { state in
            state.calls.append("rename \(name) \(newName)")
            state.files[newName] = state.files.removeValue(forKey: name)
        }
    }

    func remove(_ name: String) throws(AuditError) {
        try fault(.remove, name)
        let isThere = state.withLock { state -> Bool in
            guard let file = state.files.removeValue(forKey: name) else { return false }
            state.orphans[file.id] = file.content
            return true
        }
        if !isThere { throw error(.remove, name, .noSuchFileOrDirectory) }
    }

    func sync() throws(AuditError) { try fault(.sync, "") }

    func error(_ operation: AuditOperation, _ name: String, _ errno: Errno) -> AuditError {
        .disk(operation: operation, path: path(of: name), errno: errno)
    }

    func fault(_ operation: AuditOperation, _ name: String) throws(AuditError) {
        if let errno = state.withLock({ $0.faults[operation] }) { throw error(operation, name, errno) }
    }

    // MARK: For tests

    subscript(name: String) -> [UInt8] {
        get { state.withLock { $0.files[name]?.content.bytes ?? [] } }
        set {
            state.withLock { state in
                state.ids += state.files[name] == nil ? 1 : 0
                let id = state.files[name]?.id ?? state.ids
                state.files[name] = (id, Content(bytes: newValue, synced: newValue, modified: state.now))
            }
        }
    }

    func set(_ operation: AuditOperation, fails errno: Errno?) { state.withLock { $0.faults[operation] = errno } }

    /// What the disk has after a crash: only what was synced.
    func crash() -> MemoryFolder {
        let copy = MemoryFolder()
        for (name, file) in state.withLock({ $0.files }) { copy[name] = file.content.synced }
        return copy
    }

    /// The same files in a new folder.
    func copy() -> MemoryFolder {
        let copy = MemoryFolder()
        for (name, file) in state.withLock({ $0.files }) { copy[name] = file.content.bytes }
        return copy
    }

    var segmentNames: [String] { (try? segments()) ?? [] }
    /// All segments' bytes, one after the other.
    var text: String { String(decoding: segmentNames.flatMap { self[$0] }, as: UTF8.self) }
}

final class MemoryFile: AuditFile {
    private let folder: MemoryFolder
    private let name: String
    private let id: Int

    init(_ folder: MemoryFolder, _ name: String, _ id: Int) {
        (self.folder, self.name, self.id) = (folder, name, id)
    }

    private func change<Result>(_ body: (inout MemoryFolder.Content) -> Result) -> Result {
        folder.state.withLock { state in
            if state.files[name]?.id == id, var file = state.files[name] {
                defer { state.files[name] = file }
                file.content.modified = state.now
                return body(&file.content)
            }
            var content = state.orphans[id] ?? MemoryFolder.Content()
            defer { state.orphans[id] = content }
            return body(&content)
        }
    }

    private var content: MemoryFolder.Content {
        folder.state.withLock { state in
            if let file = state.files[name], file.id == id { return file.content }
            // The file may have been renamed.
            if let file = state.files.values.first(where: { $0.id == id }) { return file.content }
            return state.orphans[id] ?? MemoryFolder.Content()
        }
    }

    func isInPlace() -> Bool { folder.state.withLock { $0.files[name]?.id == id } }

    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(AuditError) -> Int {
        try folder.fault(.read, name)
        let bytes = content.bytes
        let part = Array(bytes[min(offset, bytes.count)..<min(offset + size, bytes.count)])
        buffer.append(part.span)
        return part.count
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(AuditError) {
        let space = folder.state.withLock { state in
            state.space == .max ? .max : state.space - state.files.values.reduce(0) { $0 + $1.content.bytes.count }
        }
        let failure = folder.state.withLock { $0.faults[.write] }
        let isFull = space < bytes.count
        // A failed write leaves a part of the bytes.
        let size = failure != nil || isFull ? min(bytes.count / 2, max(space, 0)) : bytes.count
        let written = Array(bytes.extracting(0..<size))
        change { content in
            while content.bytes.count < offset { content.bytes.append(0) }
            let end = min(offset + size, content.bytes.count)
            content.bytes.replaceSubrange(offset..<end, with: written)
        }
        if let failure { throw folder.error(.write, name, failure) }
        if isFull { throw folder.error(.write, name, .noSpace) }
    }

    func sync() throws(AuditError) {
        try folder.fault(.sync, name)
        change { $0.synced = $0.bytes }
    }

    func truncate(to size: Int) throws(AuditError) {
        try folder.fault(.truncate, name)
        change { content in
            content.bytes.removeLast(max(0, content.bytes.count - size))
            while content.bytes.count < size { content.bytes.append(0) }
        }
    }
}
