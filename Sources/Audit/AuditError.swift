// Errors of the audit's files.

import SystemPackage

/// A call on the audit's folder. The raw value is a verb that a path follows.
package enum AuditOperation: String, Sendable {
    case open, create, read, write, sync, truncate, rename, remove
    case list = "list the folder"
    case makeFolder = "make the folder"
    case look = "look at"
}

/// Why the audit cannot be read or written.
package enum AuditError: Error, Equatable, Sendable {
    /// A call of the operating system failed.
    case disk(operation: AuditOperation, path: String, errno: Errno)
    /// The folder refused, for a reason that has no error number.
    case refused(String)
    /// A segment's file was removed or replaced while it was open.
    case displaced(path: String)
    /// `SEAL` is not what `audit init` or a server wrote.
    case damagedSeal(path: String)
    /// `audit init` in a folder that has a key.
    case alreadySealed(path: String)
    /// There is no audit to read.
    case missing(path: String)
    /// A segment was written by a version that this one does not know. It is not damaged.
    case otherVersion(path: String, found: String)
    /// So many events wait for the disk that there is no room for more.
    case queueFull(limit: Int)

    /// Whether the disk, or the process's share of it, is full.
    package var isDiskFull: Bool {
        guard case .disk(_, _, let errno) = self else { return false }
        return errno == .noSpace || errno == .diskQuotaExceeded
    }

    /// Whether a file was written by a version that this one does not know.
    package var isOtherVersion: Bool { if case .otherVersion = self { true } else { false } }

    /// Whether a file exists that must not.
    var isExisting: Bool {
        guard case .disk(_, _, let errno) = self else { return false }
        return errno == .fileExists
    }
}

extension AuditError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let operation, let path, let errno): "Cannot \(operation.rawValue) \(path): \(errno)"
        case .refused(let reason): reason
        case .displaced(let path): "\(path) was removed or replaced while the server was writing it"
        case .damagedSeal(let path):
            "\(path) is damaged: restore it from a backup, or move it away and run puffin-server audit init again"
        case .alreadySealed(let path):
            "\(path) exists: this audit has a key. Move the audit's folder away to start one with a new key"
        case .missing(let path): "There is no audit in \(path)"
        case .otherVersion(let path, let found):
            "\(path) is of another version: expected an audit of version 1, found \(found); use the Puffin that wrote it"
        case .queueFull(let limit):
            "\(limit) events wait for the disk of the audit, the most that may; look at that disk"
        }
    }
}
