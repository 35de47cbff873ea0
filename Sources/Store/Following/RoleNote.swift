// The role that commands have given a server, kept beside its data for the next start: the file `ROLE`, one line.
//
//     {"role":"follower","leader":"10.0.0.2:8080","followers":["10.0.0.3:8080"],"crc":"0d1e2f3a"}

import Bytes
import LogFormat
import SystemPackage

/// A data set's part in replication, as PROMOTE, DEMOTE, FOLLOW, FOLLOWER and a handover set it.
package struct RoleNote: Equatable, Sendable {
    package var isFollower: Bool
    /// The leader's address, `host:port`; nil if none was named, and on a leader.
    package var leader: String?
    /// Addresses of followers, at most `followerLimit`.
    package var followers: [String]

    /// The largest number of followers of a server.
    package static let followerLimit = 1024
    /// The longest line accepted, in bytes: `followerLimit` addresses with the longest host names take less.
    fileprivate static let sizeLimit = 512 << 10

    package init(isFollower: Bool, leader: String?, followers: [String]) {
        self.isFollower = isFollower
        self.leader = leader
        self.followers = followers
    }

    /// - Returns: nil if the line is not as `append(roleNote:)` writes it.
    init?(_ line: Span<UInt8>) {
        guard let body = line.soundBody else { return nil }
        var fields = FieldReader(body)
        guard fields.skip("{\"role\":\"") else { return nil }
        isFollower = fields.skip("follower")
        guard isFollower || fields.skip("leader"), fields.skip("\",\"leader\":"), let leader = fields.jsonString()
        else { return nil }
        self.leader = leader.isEmpty ? nil : leader
        guard fields.skip(",\"followers\":[") else { return nil }
        followers = []
        while followers.isEmpty ? !fields.isAt("]") : fields.skip(",") {
            guard let address = fields.jsonString() else { return nil }
            followers.append(address)
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
        append("\",\"leader\":")
        append(jsonString: Array((note.leader ?? "").utf8).span)
        append(",\"followers\":[")
        for (index, address) in note.followers.enumerated() {
            if index > 0 { append(",") }
            append(jsonString: Array(address.utf8).span)
        }
        append("]")
        appendChecksum(bodyFrom: start, chain: 0)
    }
}

/// The file ROLE of a data set. Its functions block on the disk; one thread uses it at a time.
package struct RoleFile: Sendable {
    private let files: DataFiles
    private let disk: any Disk
    private let background: any Background

    package init(_ files: DataFiles, on disk: any Disk, in background: any Background) {
        self.files = files
        self.disk = disk
        self.background = background
    }

    /// The recorded role; nil if there is none.
    /// - Throws: `StoreError`, `damagedRole` if the file is not as it was written: a server that does not know whether
    ///   it leads must not guess.
    package func read() throws(StoreError) -> RoleNote? {
        guard try disk.exists(files.role) else { return nil }
        guard let note = try read(files.role) else { throw .damagedRole(path: files.role.string) }
        return note
    }

    /// - Returns: nil if a file is not as `append(roleNote:)` writes it.
    private func read(_ path: FilePath) throws(StoreError) -> RoleNote? {
        let file = try disk.open(path, for: .reading)
        var line = ByteBuffer()
        while line.count <= RoleNote.sizeLimit, try file.read(RoleNote.sizeLimit, at: line.count, into: &line) > 0 {}
        guard line.count > 1, line.count <= RoleNote.sizeLimit else { return nil }
        return RoleNote(line.bytes.extracting(0..<line.count - 1))
    }

    /// Writes a note; on return it is on the disk, and has been read back from there.
    /// - Throws: `StoreError`; the file is unchanged then.
    package func write(_ note: RoleNote) throws(StoreError) {
        precondition(note.followers.count <= RoleNote.followerLimit, "a role with more followers than can be read")
        if try disk.exists(files.nextRole) { try disk.remove(files.nextRole) }
        let file = try disk.create(files.nextRole)
        var line = ByteBuffer()
        line.append(roleNote: note)
        try file.write(line.bytes, Span(), at: 0)
        try file.sync()
        // An unreadable file would keep this server from ever starting again.
        guard try read(files.nextRole) == note else {
            throw .corruption(
                Damage(
                    path: files.nextRole.string, line: 1, offset: 0, expected: "the role that was just written",
                    found: "another file"))
        }
        try disk.rename(files.nextRole, to: files.role)
        try disk.syncFolder(files.folder)
    }

    /// Writes a note on a thread of its own.
    /// - Parameter done: called once, on that thread or, if none can be created, at once: with the error, if any.
    package func write(_ note: RoleNote, done: @escaping @Sendable (StoreError?) -> Void) {
        do throws(StoreError) {
            try background.startForStorage("role").submit {
                do throws(StoreError) {
                    try write(note)
                    done(nil)
                } catch {
                    done(error)
                }
            }
        } catch {
            done(error)
        }
    }
}
