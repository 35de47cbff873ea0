// Conditions under which a store takes no changes.

import Bytes
import LogFormat

/// Why a change may not be made now. Except for `altered` and `numbersUsedUp` it passes once its cause does.
package enum WriteObstacle: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes free in the log's folder, and bytes needed to continue.
    case diskFull(folder: String, available: Int, needed: Int)
    /// The file system has space but cannot create another file.
    case noInodes(folder: String)
    /// The system's limit on file sizes for this process is too small. In bytes.
    case fileSizeLimit(path: String, limit: Int, needed: Int)
    /// This process, or the whole system, may open no more files.
    case noDescriptors(path: String)
    case displaced(path: String)
    /// Sizes in bytes.
    case altered(path: String, size: Int, expected: Int)
    /// The newest change's number is so large that the next ones could not be read back.
    case numbersUsedUp(seq: UInt64)

    package var description: String {
        switch self {
        case .diskFull(let folder, let available, let needed):
            "Disk full: \(folder) has \(available) bytes free, \(needed) are needed; free space there, or delete keys and "
                + "COMPACT; reads go on"
        case .noInodes(let folder):
            "Disk full: \(folder) has space, and no inode for another file; remove files there (df -i); reads go on"
        case .fileSizeLimit(let path, let limit, let needed):
            "File too large: \(path) may have \(limit) bytes by the system's limit for this process, \(needed) are needed; raise it "
                + "(ulimit -f, LimitFSIZE= of a systemd unit); reads go on"
        case .noDescriptors(let path):
            "Too many open files: cannot open \(path); raise the system's limit (ulimit -n, LimitNOFILE= of a systemd unit); reads "
                + "go on"
        case .displaced(let path):
            "Data folder gone: \(path) was moved or removed; put it back; reads go on"
        case .altered(let path, let size, let expected):
            "Log changed by another program: \(path) has \(size) bytes, expected \(expected); nothing is written any more; read what you "
                + "need from this server (puffin-cli export) before you stop it; reads go on"
        case .numbersUsedUp(let seq):
            "Change numbers used up: the newest change is \(seq), numbers end at \(Number.largest); export the pairs and import them "
                + "into a new data set; reads go on"
        }
    }

    /// Whether the file system has no more room.
    package var isDiskFull: Bool {
        switch self {
        case .diskFull, .noInodes: true
        case .fileSizeLimit, .noDescriptors, .displaced, .altered, .numbersUsedUp: false
        }
    }
}
