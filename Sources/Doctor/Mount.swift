// The mounts of a process, as /proc/self/mountinfo lists them (proc_pid_mountinfo(5)).

/// One mounted file system.
package struct Mount: Equatable, Sendable {
    /// The kernel's number of the mount.
    package let id: Int
    /// Where it is mounted.
    package let place: String
    /// `ext4`, `tmpfs`, `fuse.sshfs`, …
    package let kind: String
    /// What is mounted: a device, a server's folder, …
    package let source: String
    /// The options of the mount and of the file system.
    package let options: [String]

    /// Parses a line: `36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
    /// - Returns: nil if it is not one.
    package init?(line: Substring) {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4, let id = Int(fields[0])
        else { return nil }
        self.id = id
        place = Mount.unescaped(fields[4])
        kind = String(fields[dash + 1])
        source = Mount.unescaped(fields[dash + 2])
        options = (fields[5].split(separator: ",") + fields[dash + 3].split(separator: ",")).map(String.init)
    }

    /// The mount with a number, in the text of /proc/self/mountinfo.
    package static func find(id: Int, in mountinfo: String) -> Mount? {
        mountinfo.split(separator: "\n").lazy.compactMap { Mount(line: $0) }.first { $0.id == id }
    }

    /// The number of a descriptor's mount, in the text of /proc/self/fdinfo/<descriptor>.
    package static func id(fdinfo: String) -> Int? {
        for line in fdinfo.split(separator: "\n") where line.hasPrefix("mnt_id:") {
            return Int(line.dropFirst(7).drop { $0 == "\t" || $0 == " " })
        }
        return nil
    }

    /// Spaces and the like are written as three octal digits: `\040`.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
