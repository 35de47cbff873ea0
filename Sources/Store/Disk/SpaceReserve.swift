// Space that is held back while there is enough, for the time when the disk is full: the log goes on with it until
// everybody has heard that nothing more fits, and pairs can still be deleted (the way of beanstalkd's binlog).

import SystemPackage

/// A file that does nothing but take space.
struct SpaceReserve: Sendable {
    private let disk: any Disk
    private let files: DataFiles
    /// Bytes.
    let size: Int
    private(set) var isHeld = false

    /// Takes the space where there is enough.
    init(_ size: Int, files: DataFiles, on disk: any Disk) throws(StoreError) {
        self.size = size
        self.files = files
        self.disk = disk
        if size > 0 { try acquire() }
    }

    /// Takes the space, or leaves things as they are where the disk is too full.
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

    /// Gives the space back.
    /// - Returns: whether there was any.
    mutating func release() -> Bool {
        guard isHeld else { return false }
        isHeld = false
        return (try? disk.remove(files.reserve)) != nil
    }
}
