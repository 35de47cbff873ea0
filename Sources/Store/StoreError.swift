// What can go wrong with the files. Each case says what happened, to what, what was expected and what to do.

import SystemPackage

/// Where a log file is damaged. Lines count from 1, offsets are in bytes from 0.
package struct Damage: Error, Equatable, Sendable {
    package let path: String
    package let line: Int
    package let offset: Int
    package let expected: String
    package let found: String
    /// Whether the line has its right checksum: it says what was written, and no crash made it.
    package let isWhole: Bool

    package init(
        path: String, line: Int, offset: Int, expected: String, found: String, isWhole: Bool = true
    ) {
        self.path = path
        self.line = line
        self.offset = offset
        self.expected = expected
        self.found = found
        self.isWhole = isWhole
    }
}

/// Why the store cannot start or go on.
package enum StoreError: Error, Equatable, Sendable {
    /// A system call failed.
    case disk(operation: DiskOperation, path: String, errno: Errno)
    /// The folder is not ours to write: who we are, whose it is, its permission bits.
    case notWritable(path: String, uid: UInt32, owner: UInt32, mode: UInt32)
    /// The open segment is no longer where the next start would look for it.
    case displaced(path: String)
    /// The open segment has another size than this server has given it, in bytes: somebody else has written to it or cut it.
    case altered(path: String, size: Int, expected: Int)
    /// Another server holds the lock.
    case locked(path: String, holder: String)
    /// A file that this version cannot read.
    case unknownVersion(path: String, found: String)
    /// Damage that the torn-tail rule does not explain: acknowledged changes may be behind it.
    case corruption(Damage)
    /// The file that says whether this server leads cannot be read.
    case damagedRole(path: String)
}

extension StoreError {
    /// Whether a signal has interrupted a call that can be made again.
    package var isInterruption: Bool {
        if case .disk(_, _, .interrupted) = self { true } else { false }
    }

    /// Whether the disk has no more space for us.
    package var isDiskFull: Bool {
        guard case .disk(_, _, let errno) = self else { return false }
        return errno == .noSpace || errno == .diskQuotaExceeded
    }

    /// Whether what failed can succeed later, and nothing is in doubt until then.
    package var isPassing: Bool {
        switch self {
        case .displaced: true
        case .disk(let operation, _, _): isDiskFull && operation.isRepeatable
        case .notWritable, .altered, .locked, .unknownVersion, .corruption, .damagedRole: false
        }
    }

    /// Whether a server whose log has failed so goes on answering reads: the disk works, and what this server holds in memory is
    /// no longer all in its files.
    package var leavesReads: Bool { if case .altered = self { true } else { false } }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let operation, let path, let errno) where errno == .noSuchFileOrDirectory:
            "Cannot \(operation.rawValue) \(path): \(errno) (errno \(errno.rawValue)); create the folder first, or name another with --data"
        case .disk(let operation, let path, let errno):
            "Cannot \(operation.rawValue) \(path): \(errno) (errno \(errno.rawValue)); "
                + (errno == .noSpace || errno == .diskQuotaExceeded
                    ? "free space there" : "check the disk and the system's log")
        case .notWritable(let path, let uid, let owner, let mode):
            "Cannot write in \(path): the server runs as uid \(uid), the folder belongs to uid \(owner) "
                + "with mode \(String(mode, radix: 8)); run as its owner, change the mode, or name another with --data"
        case .displaced(let path):
            "Cannot write \(path): the file was moved or removed while the server runs; put the folder back, or read what "
                + "you need from the server before you stop it"
        case .altered(let path, let size, let expected):
            "Cannot write \(path): it has \(size) bytes where this server has given it \(expected), so another program has cut it or "
                + "written to it; read what you need from the server before you stop it (puffin-cli export), and find out which"
        case .locked(let path, let holder):
            "Cannot open \(path): in use by \(holder); stop that server, or name another data file with --data"
        case .unknownVersion(let path, let found):
            "Cannot read \(path): expected a Puffin file of version 1, found \(found); "
                + "use the Puffin that wrote it, or name another data file with --data"
        case .corruption(let damage):
            "Damaged log: \(damage.path), line \(damage.line), byte \(damage.offset): expected \(damage.expected), "
                + "found \(damage.found); nothing was changed. Restore the file from a copy, or see what else is sound and "
                + "what a repair would give up: puffin-server log verify, puffin-server log repair --plan"
        case .damagedRole(let path):
            "Damaged role: \(path) is not what PROMOTE, FOLLOW, DEMOTE or a handover have written, so nobody knows whether this "
                + "server leads; nothing was changed. Find out which server does, remove the file, and start this one as that "
                + "or as a follower, with --mode"
        }
    }
}
