// The operating system calls of the store, so that the consequences of a failure depend on the call and not on the text
// of an error.

/// A call for a disk or file. The raw value is a verb that a path follows.
package enum DiskOperation: String, CaseIterable, Sendable {
    case open, create, read, write, sync, truncate, rename, remove, lock
    case allocate = "reserve space in"
    case list = "list the folder"
    case openFolder = "open the folder"
    case openSegments = "open every segment in"
    case syncFolder = "sync the folder"
    case createFolder = "make the folder"
    case status = "look at"
    case size = "read the size of"
    case space = "read the free space of"

    /// Whether a call that failed for lack of space can be repeated once there is space.
    ///
    /// A sync of a file or folder cannot: after a failure the disk's content is in doubt, and a second sync would
    /// succeed without having written anything (Rebello et al., "Can applications recover from fsync failures?", 2020).
    package var isRepeatable: Bool {
        switch self {
        case .sync, .syncFolder: false
        case .open, .openFolder, .openSegments, .create, .read, .write, .truncate, .rename, .remove, .lock, .allocate,
            .list, .createFolder, .status, .size, .space:
            true
        }
    }
}
