// A real, small file system, if the machine lets tests mount one.

import Foundation

/// A small file system, mounted in a folder of its own for as long as `body` runs.
package enum SmallDisk {
    package enum Kind: String, Sendable, CaseIterable {
        /// A file with an ext4 in it, mounted as a loop device.
        case ext4
        case tmpfs
    }

    /// Whether this machine lets tests mount such a file system; prints a message if not.
    package static func isAvailable(_ kind: Kind) -> Bool {
        if (try? lend(kind) { _ in }) != nil { return true }
        print("skipped: this machine lets tests mount no \(kind.rawValue)")
        return false
    }

    /// - Parameter megabytes: its size in MiB; an ext4 takes some itself.
    package static func lend<Result>(_ kind: Kind, megabytes: Int = 16, _ body: (String) throws -> Result) throws
        -> Result
    {
        try withTemporaryFolder { folder in
            let place = folder + "/disk"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
            try mount(kind, megabytes, on: place, image: folder + "/image")
            // Lazily, so that an open file does not block it.
            defer { _ = try? ChildProcess.run(["umount", "--lazy", place]) }
            return try body(place)
        }
    }

    private static func mount(_ kind: Kind, _ megabytes: Int, on place: String, image: String) throws {
        switch kind {
        case .tmpfs:
            try run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", place])
        case .ext4:
            try run(["truncate", "--size", "\(megabytes)M", image])
            // No blocks are kept for root, so that root's tests see a full disk too.
            try run(["mkfs.ext4", "-q", "-m", "0", image])
            try run(["mount", "-o", "loop", image, place])
        }
    }

    private static func run(_ command: [String]) throws {
        let (code, output) = try ChildProcess.run(command)
        guard code == 0 else { throw ChildProcessError(program: command[0], reason: output) }
    }
}
