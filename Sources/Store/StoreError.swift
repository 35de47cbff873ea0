// Errors of the files. Each case says what happened, to what, what was expected and what to do.

import LogFormat
import SystemPackage

/// Why the store cannot start or continue.
package enum StoreError: Error, Equatable, Sendable {
    /// A system call failed.
    case disk(operation: DiskOperation, path: String, errno: Errno)
    /// The folder is not writable: our uid, its owner, its permission bits.
    case notWritable(path: String, uid: UInt32, owner: UInt32, mode: UInt32)
    /// The open segment is no longer where the next start would look for it.
    case displaced(path: String)
    /// The open segment's size, in bytes, is not the one that this server has given it: another program has written to
    /// it or truncated it.
    case altered(path: String, size: Int, expected: Int)
    /// A path leads to something other than a file, or than the required folder; with the target if it is a link.
    case wrongKind(path: String, expected: FileKind, found: FileKind, target: String?)
    /// The system allows this process no more threads.
    case noThread(errno: Errno)
    /// No file of this process may be as large as the smallest segment. In bytes.
    case fileSizeLimit(limit: Int, needed: Int)
    /// Another server holds the lock.
    case locked(path: String, holder: String)
    /// A file that this version cannot read.
    case unknownVersion(path: String, found: String)
    /// Damage that the torn-tail rule does not explain: acknowledged changes may follow it.
    case corruption(Damage)
    /// The log's folder has no segment and there is no snapshot, but files that only a server with a log makes.
    case emptied(folder: String, found: [String])
    /// The file that says whether this server leads cannot be read.
    case damagedRole(path: String)
}

extension StoreError {
    /// Whether a signal interrupted a call that can be repeated.
    package var isInterruption: Bool {
        if case .disk(_, _, .interrupted) = self { true } else { false }
    }

    /// Whether a file does not exist.
    package var isMissingFile: Bool {
        if case .disk(_, _, .noSuchFileOrDirectory) = self { true } else { false }
    }

    /// Whether the disk has no space left for this process.
    package var isDiskFull: Bool {
        guard case .disk(_, _, let errno) = self else { return false }
        return errno == .noSpace || errno == .diskQuotaExceeded
    }

    /// Whether a limit of this process or of the system was reached, rather than the disk's: nothing was done, and a
    /// retry may succeed once the limit is raised.
    package var isLimit: Bool {
        guard case .disk(_, _, let errno) = self else { return false }
        return [.fileTooLarge, .tooManyOpenFiles, .tooManyOpenFilesInSystem].contains(errno)
    }

    /// Whether a retry can succeed later, and nothing is in doubt until then.
    package var isPassing: Bool {
        switch self {
        case .displaced: true
        case .disk(let operation, _, _): (isDiskFull || isLimit) && operation.isRepeatable
        case .notWritable, .altered, .wrongKind, .noThread, .fileSizeLimit, .locked, .unknownVersion, .corruption,
            .emptied, .damagedRole:
            false
        }
    }

    /// Whether a server with such a failure keeps answering reads: the disk works, and what this server holds in memory
    /// is no longer all in its files.
    package var leavesReads: Bool { if case .altered = self { true } else { false } }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let operation, let path, let errno) where errno == .noSuchFileOrDirectory:
            "Cannot \(operation.rawValue) \(path): \(errno) (errno \(errno.rawValue)); create the folder first, or name another with --data"
        case .disk(let operation, let path, let errno):
            "Cannot \(operation.rawValue) \(path): \(errno) (errno \(errno.rawValue)); \(StoreError.advice(errno))"
        case .notWritable(let path, let uid, let owner, let mode):
            "Cannot write in \(path): the server runs as uid \(uid), the folder belongs to uid \(owner) "
                + "with mode \(String(mode, radix: 8)); run as its owner, change the mode, or name another with --data"
        case .displaced(let path):
            "Cannot write \(path): the file was moved or removed while the server runs; put the folder back, or read what "
                + "you need from the server before you stop it"
        case .altered(let path, let size, let expected):
            "Cannot write \(path): it has \(size) bytes where this server has given it \(expected), so another program has cut it or "
                + "written to it; read what you need from the server before you stop it (puffin-cli export), and find out which"
        case .wrongKind(let path, .folder, let found, let target):
            "Cannot use \(path): expected a folder, or a link to one, found \(found.rawValue)\(leading(to: target)); move it "
                + "away, or name another data file with --data"
        case .wrongKind(let path, _, .link, let target):
            "Cannot use \(path): expected a file, found a symbolic link\(leading(to: target)), in whose place a file would be put; "
                + "name the file itself with --data, or move it here"
        case .wrongKind(let path, _, let found, _):
            "Cannot use \(path): expected a file, found \(found.rawValue); move it away, or name another data file with --data"
        case .noThread(let errno):
            "Cannot make a thread: \(errno) (errno \(errno.rawValue)); the system allows this user or this service no more of them: "
                + "raise the limit (ulimit -u, TasksMax= of a systemd unit, pids.max of a cgroup)"
        case .fileSizeLimit(let limit, let needed):
            "Cannot write files of more than \(limit) bytes: the system's limit for this process; at least \(needed) are needed: "
                + "raise it (ulimit -f, LimitFSIZE= of a systemd unit)"
        case .locked(let path, let holder):
            "Cannot open \(path): in use by \(holder); stop that server, or name another data file with --data"
        case .unknownVersion(let path, let found):
            "Cannot read \(path): expected a Puffin file of \(Needs.readableVersions), found \(found); "
                + "use the Puffin that wrote it, or name another data file with --data"
        case .corruption(let damage):
            "Damaged log: \(damage.path), line \(damage.line), byte \(damage.offset): expected \(damage.expected), "
                + "found \(damage.found); nothing was changed. Restore the file from a copy, or see what else is sound and "
                + "what a repair would give up: puffin-server log verify, puffin-server log repair --plan"
        case .emptied(let folder, let found):
            "Missing log: \(folder) has \(found.joined(separator: ", ")), so it had a log, but no segment, and there is no "
                + "snapshot; nothing was changed. Put the files back or restore them from a copy; to begin with an empty data "
                + "set, remove this folder"
        case .damagedRole(let path):
            "Damaged role: \(path) is not what PROMOTE, FOLLOW, DEMOTE or a handover have written, so it is unknown whether this "
                + "server leads; nothing was changed. Find out which server does, remove the file, and start this one as that "
                + "or as a follower, with --mode"
        }
    }
}

extension StoreError {
    /// What to do about a failed call.
    private static func advice(_ errno: Errno) -> String {
        switch errno {
        case .noSpace, .diskQuotaExceeded: "free space there, or inodes where these are used up (df, df -i)"
        case .fileTooLarge:
            "raise the system's limit on file sizes for this process (ulimit -f, LimitFSIZE= of a systemd unit)"
        case .tooManyOpenFiles:
            "raise the system's limit on open files for this process (ulimit -n, LimitNOFILE= of a systemd unit)"
        case .tooManyOpenFilesInSystem: "raise the system's limit on open files (sysctl fs.file-max)"
        default: "check the disk and the system's log"
        }
    }
}

private func leading(to target: String?) -> String { target.map { " to \($0)" } ?? "" }
