// Who holds the data set's lock, found without taking it.

/// A lock on a file, as /proc/locks lists it (proc_locks(5)).
package struct FileLock: Equatable, Sendable {
    package let process: Int
    /// The file's device, `major:minor` in hexadecimal, and its inode.
    package let device: String
    package let inode: UInt64

    /// The locks of the kind that a server takes (flock(2), exclusive), in the text of /proc/locks.
    package static func exclusive(in locks: String) -> [FileLock] {
        locks.split(separator: "\n").compactMap { line in
            // `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`; a line of one who waits has `->` behind the number.
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", words[3] == "WRITE", let process = Int(words[4]) else {
                return nil
            }
            let file = words[5].split(separator: ":")
            guard file.count == 3, let inode = UInt64(file[2]) else { return nil }
            return FileLock(process: process, device: "\(file[0]):\(file[1])", inode: inode)
        }
    }

    /// The process that holds a lock file.
    /// - Parameters:
    ///   - device, inode: the file's.
    ///   - written: the process whose number is in the file. It decides where a file system has another device for its files
    ///     than for its locks (btrfs).
    package static func holder(in locks: String, device: (major: UInt64, minor: UInt64), inode: UInt64, written: Int?)
        -> Int?
    {
        let same = exclusive(in: locks).filter { $0.inode == inode }
        let name = hexadecimal(device.major) + ":" + hexadecimal(device.minor)
        return same.first { $0.device == name || $0.process == written }?.process
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }
}

/// Who uses a data set.
package struct HolderReading: Sendable {
    /// The process that holds the lock; nil for none.
    package let process: Int?
    /// Its program's name, if the system says it.
    package let program: String?

    package init(process: Int?, program: String?) { (self.process, self.program) = (process, program) }

    package var finding: Finding {
        guard let process else { return Finding("lock", ok: "no server uses this data set") }
        let name = "process \(process)" + (program.map { " (\($0))" } ?? "")
        return Finding("lock", ok: "in use by \(name)", figures: [Finding.Figure("process", process)])
    }
}
