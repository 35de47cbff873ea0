// What can go wrong with the files. Each case says what happened, to what, what was expected and what to do.

import SystemPackage

/// Where a log file is damaged. Lines count from 1, offsets are in bytes from 0.
package struct Damage: Error, Equatable, Sendable {
    package let path: String
    package let line: Int
    package let offset: Int
    package let expected: String
    package let found: String

    package init(path: String, line: Int, offset: Int, expected: String, found: String) {
        self.path = path
        self.line = line
        self.offset = offset
        self.expected = expected
        self.found = found
    }
}

/// Why the store cannot start or go on.
package enum StoreError: Error, Equatable, Sendable {
    /// A system call failed.
    case disk(operation: String, path: String, errno: Errno)
    /// The folder is not ours to write: who we are, whose it is, its permission bits.
    case notWritable(path: String, uid: UInt32, owner: UInt32, mode: UInt32)
    /// Another server holds the lock.
    case locked(path: String, holder: String)
    /// A file that this version cannot read.
    case unknownVersion(path: String, found: String)
    /// Damage that the torn-tail rule does not explain: acknowledged changes may be behind it.
    case corruption(Damage)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let operation, let path, let errno) where errno == .noSuchFileOrDirectory:
            "Cannot \(operation) \(path): \(errno) (errno \(errno.rawValue)); create the folder first, or name another with --data"
        case .disk(let operation, let path, let errno):
            "Cannot \(operation) \(path): \(errno) (errno \(errno.rawValue)); "
                + (errno == .noSpace || errno == .diskQuotaExceeded
                    ? "free space there, then start the server again"
                    : "check the disk and the system's log, then start the server again")
        case .notWritable(let path, let uid, let owner, let mode):
            "Cannot write in \(path): the server runs as uid \(uid), the folder belongs to uid \(owner) "
                + "with mode \(String(mode, radix: 8)); run as its owner, change the mode, or name another with --data"
        case .locked(let path, let holder):
            "Cannot open \(path): in use by \(holder); stop that server, or name another data file with --data"
        case .unknownVersion(let path, let found):
            "Cannot read \(path): expected a Puffin file of version 1, found \(found); "
                + "use the Puffin that wrote it, or name another data file with --data"
        case .corruption(let damage):
            "Damaged log: \(damage.path), line \(damage.line), byte \(damage.offset): expected \(damage.expected), "
                + "found \(damage.found); nothing was changed. Restore the file from a copy; to give up everything from "
                + "this line on instead, move the segments after it elsewhere, keep a copy of it, then: "
                + "truncate -s \(damage.offset) \(damage.path)"
        }
    }
}
