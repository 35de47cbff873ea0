/// Why a change may not be made now. But for `altered` it passes by itself once its cause does.
package enum WriteObstacle: Equatable, Sendable, CustomStringConvertible {
    /// Bytes that are free in the log's folder, and that it takes to go on.
    case diskFull(folder: String, available: Int, needed: Int)
    case displaced(path: String)
    /// Sizes in bytes.
    case altered(path: String, size: Int, expected: Int)

    package var description: String {
        switch self {
        case .diskFull(let folder, let available, let needed):
            "Disk full: \(folder) has \(available) bytes free, \(needed) are needed; free space there, or delete keys and "
                + "COMPACT; reads go on"
        case .displaced(let path):
            "Data folder gone: \(path) was moved or removed; put it back; reads go on"
        case .altered(let path, let size, let expected):
            "Log changed by another program: \(path) has \(size) bytes, expected \(expected); nothing is written any more; read what you "
                + "need from this server (puffin-cli export) before you stop it; reads go on"
        }
    }
}
