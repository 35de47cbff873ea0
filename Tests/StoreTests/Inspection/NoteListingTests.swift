// What the commands on files make of notes and authors: listings without secrets, histories, figures, repairs.

import Bytes
import Foundation
import Inspection
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Listing notes and authors")
struct NoteListingTests {
    private static let secret = "$scrypt$ln=14"

    private func captured(_ folder: String) throws -> CapturedFiles {
        try CapturedFiles(DataFiles(data: FilePath(folder + "/puffin.json")), on: LocalDisk())
    }

    /// Five changes by three authors; the second and the fifth are of notes.
    private func fill(_ folder: String, isCompacted: Bool = false) throws {
        let opened = try OpenedStore(folder) { $0.compactionRule.ratio = 0 }
        opened.set("a", "1")
        opened.store.setAuthor(try #require(Author("alice")))
        try opened.store.setNote("user", "bob", to: #"{"on":true,"secrets":[{"hash":"\#(NoteListingTests.secret)"}]}"#)
        opened.store.setAuthor(try #require(Author("alice#812")))
        opened.set("a", "2")
        opened.store.setAuthor(try #require(Author("bob")))
        opened.delete("a")
        if isCompacted {
            opened.set("b", "3")
            opened.set("c", "3")
            try opened.store.setNote("user", "carl", to: "{}")
            try opened.compact()
        }
        try opened.store.setNote("user", "bob", to: nil)
        try opened.close()
    }

    private func list(
        _ folder: String, rows: Bool = false, _ adjust: (inout RecordQuery) -> Void = { _ in }
    ) throws -> [String] {
        var query = RecordQuery()
        adjust(&query)
        var listing = try RecordListing(try captured(folder), query)
        var buffer = ByteBuffer()
        while try listing.next() {
            if rows { try listing.append(rowsTo: &buffer, width: 120) } else { listing.append(lineTo: &buffer) }
        }
        return String(buffer.bytes).split(separator: "\n").map(String.init)
    }

    @Test("records are found by author, and no secret of a note is in a listing")
    func listings() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            let lines = try list(folder)
            #expect(lines.count == 5 && !lines.joined().contains("scrypt"))
            #expect(lines[1].contains(#""value":{"on":true,"secrets":[{"hash":"…"}]},"by":"alice","crc":""#))
            let raw = try LogFiles(folder).segments.map {
                String(decoding: try LogFiles(folder).read($0), as: UTF8.self)
            }
            #expect(raw.joined().contains(NoteListingTests.secret) && raw.joined().contains(lines[2] + "\n"))
            #expect(try list(folder) { $0.author = "alice" } == [lines[1], lines[2]])
            #expect(try list(folder) { $0.author = "alice#812" } == [lines[2]])
            #expect(try list(folder) { $0.author = "bob" } == [lines[3], lines[4]])
            #expect(try list(folder) { $0.author = "ali" } == [])
            #expect(try list(folder) { $0.key = "a".bytes } == [lines[0], lines[2], lines[3]], "a note has no key")
            #expect(try list(folder) { $0.prefix = "user".bytes } == [])
            let rows = try list(folder, rows: true)
            #expect(rows[0].hasSuffix("set           a                         1"))
            #expect(
                rows[1].hasSuffix(
                    #"meta          user bob                  {\"on\":true,\"secrets\":[{\"hash\":\"……  (by alice)"#))
            #expect(rows[2].hasSuffix("2  (by alice#812)") && rows[3].hasSuffix("delete        a  (by bob)"))
            #expect(rows[4].hasSuffix("(removed)  (by bob)") && !rows.joined().contains("scrypt"))
        }
    }

    @Test(
        "only the strings under hash are masked, however it is spelled",
        arguments: [
            (#"{"hash":"a"}"#, #"{"hash":"…"}"#), (#"{"a":"hash","b":["hash"]}"#, #"{"a":"hash","b":["hash"]}"#),
            (#"{"h\u0061sh" : "a\"b","c":"d"}"#, #"{"h\u0061sh" : "…","c":"d"}"#),
            (#"{"hash":["a","b",1,{"x":"c"}],"y":"z"}"#, #"{"hash":["…","…",1,{"x":"…"}],"y":"z"}"#),
            (#"{"hash":null,"y":"z"}"#, #"{"hash":null,"y":"z"}"#),
            (#"{"hash":1,"y":{"hash":""}}"#, #"{"hash":1,"y":{"hash":"…"}}"#),
            (#"{"hashes":"a","Hash":"b"}"#, #"{"hashes":"a","Hash":"b"}"#), ("", ""), (#"{"hash":"a"#, #"{"hash":"…""#),
            (#"[{"a":"}{","hash":"a}"},"b"]"#, #"[{"a":"}{","hash":"…"},"b"]"#),
        ])
    func masks(json: String, expected: String) {
        var masked = ByteBuffer()
        let bytes = json.bytes
        masked.append(masking: bytes.span)
        #expect(String(masked.bytes) == expected)
    }

    @Test("the history of a key says who, and has no notes")
    func history() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            var history = try KeyHistory(try captured(folder), key: "a".bytes)
            var entries: [KeyHistory.Entry] = []
            while let entry = try history.next() { entries.append(entry) }
            #expect(entries.map(\.event) == [.set("1".bytes), .set("2".bytes), .delete])
            #expect(entries.map(\.author) == [nil, "alice#812", "bob"])
            var other = try KeyHistory(try captured(folder), key: "user/bob".bytes)
            #expect(try other.next() == nil)
        }
    }

    @Test("figures count notes apart, and a fresh snapshot's size is exact", arguments: [true, false])
    func statistics(isCompacted: Bool) throws {
        try withTemporaryFolder { folder in
            try fill(folder, isCompacted: isCompacted)
            let found = try LogStatistics(try captured(folder))
            #expect(found.operations[.meta]?.count == (isCompacted ? 3 : 2))
            #expect(found.noteCount == (isCompacted ? 1 : 0) && found.pairCount == (isCompacted ? 2 : 0))
            let verification = try Verification.run(DataFiles(data: FilePath(folder + "/puffin.json")), on: LocalDisk())
            #expect(verification.isSound && verification.last == (isCompacted ? 8 : 5))
        }
    }

    /// Repairs. The lock ends with the function.
    private func apply(_ files: DataFiles) throws {
        let repair = try Repair(files, on: LocalDisk(), time: OpenedStore.now)
        try repair.apply()
        withExtendedLifetime(repair) {}
    }

    @Test("of a damaged snapshot the sound notes are kept, and the lost ones are named", arguments: 1...4)
    func salvage(line damaged: Int) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder) { ($0.compactionRule.ratio, $0.retention.size) = (0, 0) }
            for name in ["alice", "bob", "carl"] { try opened.store.setNote("user", name, to: "{}") }
            for key in ["a", "b", "c"] { opened.set(key, "v") }
            try opened.compact()
            try opened.close()
            let path = folder + "/puffin.json"
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let lines = bytes.split(separator: 0x0a)
            // Behind the name, so that this can still be read.
            bytes[lines[damaged].endIndex - 12] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let files = DataFiles(data: FilePath(path))
            let plan = try RepairPlan(try Verification.run(files, on: LocalDisk()))
            let lost = try #require(plan.lostPairs)
            #expect((lost.expectedCount, lost.expectedNoteCount) == (3, 3))
            #expect(lost.lines.first?.number == damaged + 1)
            let note = NoteName(kind: "user", name: ["", "alice", "bob", "carl", ""][damaged])
            #expect(lost.lines.first?.note == note && (note != nil || lost.lines.first?.key == "a".bytes))
            try apply(files)
            #expect(try Verification.run(files, on: LocalDisk()).isSound)
            let again = try OpenedStore(folder)
            #expect(again.store.notes.count == lost.keptNoteCount && again.pairs.count == lost.keptCount)
            #expect(lost.keptNoteCount + lost.keptCount + lost.lineCount == 6 && lost.lineCount <= 2)
            #expect(note.map { again.store.notes[$0] == nil } ?? true)
            try again.close()
        }
    }

    @Test("what a repair gives up of a segment names the notes")
    func loss() throws {
        try withTemporaryFolder { folder in
            var log = RawLog(version: #"2,"needs":["notes"]"#)
            log.set("a", "1")
            log.set("b", "1")
            log.record(#""op":"meta","kind":"user","name":"bob","value":{}"#)
            log.set("c", "1")
            log.durable(4)
            var bytes = log.bytes
            bytes[log.offsets[2] + 40] ^= 1
            try LogFiles(folder).make([1: bytes])
            let plan = try RepairPlan(
                try Verification.run(DataFiles(data: FilePath(folder + "/puffin.json")), on: LocalDisk()))
            #expect(plan.lost?.notes.map(\.description) == ["user bob"])
            #expect(plan.lost?.keys == ["c".bytes] && plan.lost?.keyCount == 1)
        }
    }
}
