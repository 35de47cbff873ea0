// Notes of a store: set and removed, durable, versioned, found again by every start.

import Bytes
import Foundation
import Inspection
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

extension OpenedStore {
    /// Every note as text: `user alice {"on":true}`.
    var notes: [String] { store.notes.all.map { "\($0.name) " + String(decoding: $0.value, as: UTF8.self) } }
}

@Suite("Notes of a store")
struct NoteStoreTests {
    private func headers(_ folder: String) throws -> [String] {
        let files = LogFiles(folder)
        return try files.segments.map { String(decoding: try files.read($0).prefix { $0 != 0x0a }, as: UTF8.self) }
    }

    @Test(
        "a note is set, replaced and removed, each a change with a number, and a start has them",
        arguments: Durability.allCases)
    func changes(durability: Durability) throws {
        try withTemporaryFolder { folder in
            var opened = try OpenedStore(folder, durability)
            opened.set("a", "1")
            let first = opened.store.notesRevision
            #expect(try opened.store.setNote("user", "bob", to: #"{"on":true}"#) == 2)
            #expect(try opened.store.setNote("user", "alice", to: "{}") == 3)
            #expect(try opened.store.setNote("role", "zoo", to: "{\"a\" : 1}") == 4)
            #expect(opened.store.notesRevision == first + 3 && opened.store.notesSeq == 4)
            #expect(try opened.store.setNote("user", "bob", to: #"{"on":false}"#) == 5)
            #expect(try opened.store.setNote("user", "alice", to: nil) == 6)
            #expect(try opened.store.setNote("user", "alice", to: nil) == 6, "it is not there")
            #expect(opened.store.position.seq == 6 && opened.store.notesRevision == first + 5)
            #expect(opened.store.committed == 0)
            let expected = ["role zoo {\"a\" : 1}", #"user bob {"on":false}"#]
            #expect(opened.notes == expected)
            _ = opened.store.clear()
            #expect(opened.notes == expected && opened.pairs.isEmpty, "clear leaves notes alone")
            #expect(opened.store.notesSeq == 6)
            try opened.commit()
            #expect(opened.store.needs == .notes)
            try opened.close()
            for _ in 0..<2 {
                opened = try OpenedStore(folder, durability)
                #expect(opened.notes == expected && opened.store.position.seq == 7)
                #expect(opened.store.needs == .notes && opened.store.notesRevision > 0)
                try opened.compact()
                try opened.close()
            }
        }
    }

    @Test("what cannot be a note is refused, and changes nothing")
    func refused() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            let revision = opened.store.notesRevision
            for (kind, name) in [("", "a"), ("User", "a"), ("user", "a b"), ("user", "a/b"), ("user", "")] {
                #expect(throws: NoteError.invalidName(kind: kind, name: name)) {
                    try opened.store.setNote(kind, name, to: "{}")
                }
            }
            let alice = try #require(NoteName(kind: "user", name: "alice"))
            for value in ["", "[]", "{", "{}\n", "{\"a\":\n1}", "1", "null", "{} "] {
                #expect(throws: NoteError.notAnObject(alice)) { try opened.store.setNote("user", "alice", to: value) }
            }
            let largest = "{\"a\":\"" + String(repeating: "v", count: (64 << 10) - 8) + "\"}"
            let error = #expect(throws: NoteError.self) { try opened.store.setNote("user", "alice", to: largest + " ") }
            #expect(error == .tooLarge(alice, size: (64 << 10) + 1, limit: 64 << 10))
            #expect(error.map { "\($0)" } == "Cannot keep user alice: it has 65537 bytes, 65536 are allowed")
            #expect(opened.store.position == .start && opened.notes.isEmpty && !opened.store.hasPending)
            #expect(opened.store.notesRevision == revision && opened.store.needs.isEmpty)
            #expect(try opened.store.setNote("user", "alice", to: largest) == 1)
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.store.notes[alice]?.count == 64 << 10)
            try again.close()
        }
    }

    @Test("10,000 notes are kept, and no more until one is removed")
    func limit() throws {
        try withTemporaryFolder { folder in
            var opened = try OpenedStore(folder, .never)
            for number in 0..<10_000 { try opened.store.setNote("user", "n\(number)", to: "{}") }
            let error = #expect(throws: NoteError.self) { try opened.store.setNote("user", "more", to: "{}") }
            #expect(error == .tooMany(limit: 10_000))
            try opened.store.setNote("user", "n7", to: #"{"a":1}"#)
            try opened.store.setNote("user", "n8", to: nil)
            try opened.store.setNote("user", "more", to: "{}")
            #expect(throws: NoteError.self) { try opened.store.setNote("user", "n8", to: "{}") }
            try opened.compact()
            try opened.store.setNote("user", "n9", to: nil)
            try opened.close()
            opened = try OpenedStore(folder, .never)
            #expect(opened.store.notes.count == 9_999)
            try opened.close()
        }
    }

    // MARK: Versions

    @Test(
        "the batch with the first note begins a segment that names them, and no later one does",
        arguments: Durability.allCases)
    func rotation(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, durability)
            opened.set("a", "1")
            try opened.commit()
            try opened.store.setNote("user", "alice", to: "{}")
            opened.set("b", "1")
            try opened.commit()
            for number in 0..<3 {
                try opened.store.setNote("user", "u\(number)", to: "{}")
                try opened.commit()
            }
            let found = try headers(folder)
            #expect(found.count == 2 && found[0].contains(#""version":1,"#))
            #expect(found[1].hasPrefix(#"{"puffin":"log","version":2,"needs":["notes"],"#))
            let (key, value) = ("k".bytes, "v".bytes)
            opened.store.set(key.span, to: value.span, expires: OpenedStore.now + 1_000_000)
            try opened.commit()
            #expect(
                try headers(folder).last?.hasPrefix(#"{"puffin":"log","version":2,"needs":["expiry","notes"],"#) == true
            )
            try opened.close()
        }
    }

    @Test("a version that knows no notes refuses the files, and says what it lacks")
    func olderVersion() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            try opened.store.setNote("user", "alice", to: "{}")
            try opened.compact()
            try opened.close()
            // What such a version reads first: its own list of needs has no `notes`, as ours has no `terms`.
            let files = LogFiles(folder)
            for name in try files.segments {
                let text = String(decoding: try files.read(name), as: UTF8.self)
                #expect(text.hasPrefix(#"{"puffin":"log","version":2,"needs":["notes"],"#))
                let lines = text.split(separator: "\n").dropFirst().map(String.init)
                let header = text.prefix { $0 != "\n" }.dropLast(18).replacing("notes", with: "terms")
                try files.write(line(String(header)) + ("\n" + lines.joined(separator: "\n") + "\n").bytes, to: name)
            }
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder).close() }
            guard case .unknownVersion(_, "version 2 that needs terms")? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("a snapshot names notes where there were any, also after they are gone")
    func stickyNeeds() throws {
        try withTemporaryFolder { folder in
            for source in SnapshotSource.allCases {
                try FileManager.default.createDirectory(
                    atPath: folder + "/\(source)", withIntermediateDirectories: false)
                let opened = try OpenedStore(folder + "/\(source)") { $0.compaction.source = source }
                opened.set("a", "1")
                try opened.store.setNote("user", "alice", to: "{}")
                try opened.store.setNote("user", "alice", to: nil)
                for _ in 0..<2 {
                    opened.set("a", "2")
                    try opened.compact()
                    let text = try String(contentsOfFile: folder + "/\(source)/puffin.json", encoding: .utf8)
                    #expect(text.hasPrefix(#"{"puffin":"snapshot","version":2,"needs":["notes"],"#))
                    #expect(!text.contains("meta") && !text.contains("\"notes\":"))
                }
                try opened.close()
            }
        }
    }

    // MARK: Crashes

    @Test("a note is cut off whole or is there whole, wherever the log ends")
    func torn() throws {
        var log = RawLog(version: #"2,"needs":["notes"]"#)
        log.record(#""op":"meta","kind":"user","name":"alice","value":{"on":true}"#)
        log.record(#""op":"meta","kind":"user","name":"alice","value":{"on":false},"by":"admin""#)
        let start = log.lastLine.offset
        for end in start...log.bytes.count {
            let disk = MemoryDisk(["puffin.json.log/" + LogFiles.first: Array(log.bytes[..<end])])
            var options = StoreOptions()
            options.layout.reserve = 0
            let store = try Store(
                data: "puffin.json", options: options, disk: disk, now: OpenedStore.now, progress: {})
            while try store.load(lines: 1) {}
            let isThere = end == log.bytes.count
            #expect(store.position.seq == (isThere ? 2 : 1))
            #expect((store.recovery.torn != nil) == (end > start && !isThere))
            #expect(store.notes.all.map(\.value) == [#"{"on":\#(!isThere)}"#.bytes])
            store.close()
        }
    }

    @Test("a crash at any call to the disk loses no note that was committed", arguments: [Durability.always, .never])
    func crash(durability: Durability) throws {
        var (number, isOver) = (0, false)
        while !isOver {
            number += 1
            let model = ModelDisk()
            let disk = FaultyDisk(model, [PlannedFault(.death, number)])
            var committed: [String] = []
            do {
                let opened = try OpenedStore(durability, on: disk)
                defer { opened.store.close() }
                opened.set("a", "1")
                for name in ["alice", "bob"] {
                    try opened.store.setNote("user", name, to: "{}")
                    try opened.commit()
                    committed = opened.notes
                }
                try opened.compact()
                try opened.store.setNote("user", "carl", to: "{}")
                try opened.commit()
                committed = opened.notes
            } catch is StoreError {}
            isOver = disk.struck.isEmpty
            disk.kill()
            if durability == .always { model.losePower(seed: UInt64(number)) }
            let again = try OpenedStore(durability, on: model)
            #expect(again.notes.starts(with: committed), "\(number)")
            try again.close()
        }
        #expect(number > 20)
    }

    @Test("notes in memory that are not those of the files are found")
    func check() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            try opened.store.setNote("user", "alice", to: "{}")
            try opened.commit()
            #expect(opened.store.check().isEmpty)
            let name = try #require(try LogFiles(folder).segments.last)
            var other = RawLog(history: opened.store.history, version: #"2,"needs":["notes"]"#)
            other.record(#""op":"meta","kind":"user","name":"alicf","value":{}"#)
            let good = try LogFiles(folder).read(name)
            try LogFiles(folder).write(other.bytes, to: name)
            #expect(opened.store.check().contains("the notes in the files are not those in memory"))
            try LogFiles(folder).write(good, to: name)
            try opened.close()
        }
    }
}
