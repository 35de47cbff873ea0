import Foundation
import Store
import TestSupport
import Testing

/// Whatever is written in ROLE can be read back.
@Suite("The file ROLE")
struct RoleNoteTests {
    private func writtenAndRead(_ note: RoleNote, in folder: String) throws -> RoleNote? {
        let opened = try OpenedStore(folder)
        try opened.store.roleFile.write(note)
        let written = try opened.store.roleFile.read()
        #expect(written == note)
        try opened.close()
        let again = try OpenedStore(folder)
        let read = again.store.roleNote
        try again.close()
        return read
    }

    @Test("addresses with any characters are read as what they were")
    func characters() throws {
        try withTemporaryFolder { folder in
            let odd = [
                "a\"b:80", "\\:1", "\"", "]", ",", "a\nb\u{1}", "é\u{10ffff}", "", "\",\"crc\":\"00000000\"}", "{}",
            ]
            for address in odd {
                for note in [
                    RoleNote(isFollower: true, leader: address.isEmpty ? nil : address, followers: []),
                    RoleNote(isFollower: false, leader: nil, followers: [address, "b:2", address]),
                ] {
                    let read = try writtenAndRead(note, in: folder)
                    #expect(read == note, "\(address)")
                }
            }
        }
    }

    @Test("as many followers as there can be, with the longest names, are read")
    func many() throws {
        try withTemporaryFolder { folder in
            let name = String(repeating: String(repeating: "a", count: 62) + ".", count: 4)
            let followers = (0..<RoleNote.followerLimit).map { "\(name)\($0 % 10):65535" }
            let note = RoleNote(isFollower: false, leader: nil, followers: followers)
            let read = try writtenAndRead(note, in: folder)
            #expect(read == note)
        }
    }

    @Test("a file that is longer than any role is refused as damaged, and not read as a whole")
    func long() throws {
        try withTemporaryFolder { folder in
            try OpenedStore(folder).close()
            let role = LogFiles(folder).path("ROLE")
            try Data().write(to: URL(fileURLWithPath: role))
            // It takes no space.
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: role))
            try file.truncate(atOffset: 1 << 34)
            try file.close()
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder).close() }
            #expect(error == .damagedRole(path: role))
        }
    }
}
