// The calls to the operating system that the store makes, so that what a failed one means is decided by the call and not by
// the words of an error.

/// A call to a disk or to a file. The raw value is what the call does, as a verb that a path follows.
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

    /// Whether a call that the disk refused for want of space can be made again once there is space.
    ///
    /// A sync cannot, of a file or of a folder: what the disk holds is in doubt after a failed one, and a second would succeed
    /// without having written anything (Rebello et al., "Can applications recover from fsync failures?", 2020).
    package var isRepeatable: Bool {
        switch self {
        case .sync, .syncFolder: false
        case .open, .openFolder, .openSegments, .create, .read, .write, .truncate, .rename, .remove, .lock, .allocate,
            .list, .createFolder, .status, .size, .space:
            true
        }
    }
}
