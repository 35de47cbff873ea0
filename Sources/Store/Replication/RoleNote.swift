// What commands have made of a server's role, beside its data, so that a restart knows it: the file `ROLE`, one line.
//
//     {"role":"follower","leader":"10.0.0.2:8080","followers":["10.0.0.3:8080"],"crc":"0d1e2f3a"}

import Bytes

/// A data set's part in replication, as PROMOTE, DEMOTE, FOLLOW, FOLLOWER and a handover leave it.
package struct RoleNote: Equatable, Sendable {
    package var isFollower: Bool
    /// The leader's address, `host:port`; nil where none was named, and on a leader.
    package var leader: String?
    /// Addresses of followers.
    package var followers: [String]

    package init(isFollower: Bool, leader: String?, followers: [String]) {
        self.isFollower = isFollower
        self.leader = leader
        self.followers = followers
    }

    /// - Returns: nil where the line is not as `append(roleNote:)` writes it.
    init?(_ line: Span<UInt8>) {
        let bodySize = line.count - 18
        guard bodySize > 0, line.starts(with: ",\"crc\":\"", at: bodySize), let crc = line.hex32(at: bodySize + 8),
            CRC32C.extend(0, with: line.extracting(0..<bodySize)) == crc
        else { return nil }
        var fields = FieldReader(line.extracting(0..<bodySize))
        guard fields.skip("{\"role\":\"") else { return nil }
        isFollower = fields.skip("follower")
        guard isFollower || fields.skip("leader"), fields.skip("\",\"leader\":\"") else { return nil }
        let leader = fields.untilQuote()
        self.leader = leader.isEmpty ? nil : leader
        guard fields.skip("\",\"followers\":[") else { return nil }
        followers = []
        while fields.skip(followers.isEmpty ? "\"" : ",\"") {
            followers.append(fields.untilQuote())
            guard fields.skip("\"") else { return nil }
        }
        guard fields.skip("]") else { return nil }
    }
}

extension ByteBuffer {
    /// Appends the line, with its line feed.
    mutating func append(roleNote note: RoleNote) {
        let start = count
        append("{\"role\":\"")
        append(note.isFollower ? "follower" : "leader")
        append("\",\"leader\":\"")
        append(text: note.leader ?? "")
        append("\",\"followers\":[")
        for (index, address) in note.followers.enumerated() {
            append(index == 0 ? "\"" : ",\"")
            append(text: address)
            append("\"")
        }
        append("]")
        _ = appendChecksum(bodyFrom: start, chain: 0)
    }
}

extension RoleNote {
    /// What was written down of the role; nil where nothing was.
    /// - Throws: `StoreError`, `damagedRole` where the file does not say what was written: a server that does not know whether
    ///   it leads must not guess.
    static func read(_ files: DataFiles, on disk: any Disk) throws(StoreError) -> RoleNote? {
        guard try disk.exists(files.role) else { return nil }
        var line = ByteBuffer()
        let size = try disk.open(files.role, for: .reading).read(64 << 10, at: 0, into: &line)
        guard size > 1, let note = RoleNote(line.bytes.extracting(0..<size - 1)) else {
            throw .damagedRole(path: files.role.string)
        }
        return note
    }
}

extension Store {
    /// Writes the role down; it is on the disk when this returns. Waits for the disk.
    package func write(_ note: RoleNote) throws(StoreError) {
        if try disk.exists(files.nextRole) { try disk.remove(files.nextRole) }
        let file = try disk.create(files.nextRole)
        var line = ByteBuffer()
        line.append(roleNote: note)
        try file.write(line.bytes, Span(), at: 0)
        try file.sync()
        try disk.rename(files.nextRole, to: files.role)
        try disk.syncFolder(files.folder)
        roleNote = note
    }
}
