// The author of a record: written by the leader, kept by followers, read or passed over by everybody else.

import Bytes
import Foundation
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("The author of a record")
struct AuthorTests {
    private func author(_ text: String) throws -> Author { try #require(Author(text)) }

    /// The records of a log, without their heads and checksums.
    private func records(_ folder: String) throws -> [String] {
        let files = LogFiles(folder)
        return try files.segments.flatMap { name in
            String(decoding: try files.read(name), as: UTF8.self).split(separator: "\n").filter {
                $0.contains("\"ts\":")
            }
            .map { String($0.dropLast(18).drop { $0 != "o" }) }
        }
    }

    @Test("each kind of record ends with its author, except for one of expired pairs", arguments: Durability.allCases)
    func everyKind(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, durability)
            let store = opened.store
            let key = "k".bytes
            opened.set("k", "v")
            store.setAuthor(try author("alice"))
            opened.set("k", "w")
            store.set(key.span, to: key.span, expires: OpenedStore.now + 1)
            // Each batch keeps it, whichever of the two buffers is filled.
            try opened.commit()
            store.setExpiry(of: key.span, to: OpenedStore.now + 2)
            try opened.commit()
            store.now += 100
            #expect(!store.removeExpired())
            opened.set("k", "x")
            opened.delete("k")
            store.setAuthor(try author("bob#812"))
            store.beginMulti()
            opened.set("a", "1")
            opened.set("b", "2")
            store.endMulti()
            try store.setNote("user", "carl", to: #"{"by":"x"}"#)
            try store.setNote("user", "carl", to: nil)
            _ = store.clear()
            try opened.commit()
            store.beginMulti()
            store.endMulti()
            store.setAuthor(.nobody)
            opened.set("k", "y")
            try opened.commit()
            #expect(
                try records(folder) == [
                    #"op":"set","key":"k","value":"v""#, #"op":"set","key":"k","value":"w","by":"alice""#,
                    #"op":"set","key":"k","value":"k","expires":\#(OpenedStore.now + 1),"by":"alice""#,
                    #"op":"ttl","key":"k","expires":\#(OpenedStore.now + 2),"by":"alice""#,
                    #"op":"expired","changes":[{"key":"k"}]"#, #"op":"set","key":"k","value":"x","by":"alice""#,
                    #"op":"delete","key":"k","by":"alice""#,
                    #"op":"multi","changes":[{"op":"set","key":"a","value":"1"},{"op":"set","key":"b","value":"2"}],"by":"bob#812""#,
                    #"op":"meta","kind":"user","name":"carl","value":{"by":"x"},"by":"bob#812""#,
                    #"op":"meta","kind":"user","name":"carl","value":null,"by":"bob#812""#,
                    #"op":"clear","by":"bob#812""#,
                    #"op":"set","key":"k","value":"y""#,
                ])
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs == ["k".bytes: "y".bytes])
            try again.compact()
            #expect(try !String(contentsOfFile: folder + "/puffin.json", encoding: .utf8).contains("\"by\""))
            try again.close()
        }
    }

    @Test("it needs nothing: a log with authors is of version 1")
    func version() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            opened.store.setAuthor(try author("alice"))
            opened.set("k", "v")
            try opened.close()
            #expect(opened.store.needs.isEmpty)
            let text = String(decoding: try LogFiles(folder).read(LogFiles.first), as: UTF8.self)
            #expect(text.hasPrefix(#"{"puffin":"log","version":1,"#) && text.contains(#","by":"alice","crc":"#))
        }
    }

    @Test("a text has 1 to 128 bytes, and is written as JSON")
    func texts() throws {
        #expect(Author("") == nil && Author(String(repeating: "a", count: 129)) == nil)
        #expect(Author(String(repeating: "ü", count: 64)) != nil && Author(String(repeating: "ü", count: 65)) == nil)
        for (text, json) in [("alice", "alice"), ("a\"\\\n", "a\\\"\\\\\\n"), ("ü", "ü")] {
            #expect(String(decoding: try author(text).field, as: UTF8.self) == ",\"by\":\"\(json)\"")
        }
        #expect(Author.nobody.field.isEmpty && Author.nobody.text.isEmpty)
        let alice = try author("alice#812")
        #expect(
            alice.matches("alice") && alice.matches("alice#812") && !alice.matches("alic") && !alice.matches("alice#8"))
    }

    @Test("it is read from the end of a record, and from nowhere else")
    func reading() throws {
        let head = #"{"seq":7,"ts":8,"op":"#
        let longest = String(repeating: "\u{1}", count: 128)
        for (fields, text) in [
            (#""set","key":"k","value":"v","by":"alice""#, "alice"), (#""clear","by":"a#1""#, "a#1"),
            (#""clear","by":"\u0061\"b""#, "a\"b"), (#""clear","by":"a","by":"b""#, "b"), (#""clear","by":"""#, nil),
            (#""clear","by":"\#(longest.map { _ in "\\u0001" }.joined())""#, longest), (#""clear","by":7"#, nil),
            (#""clear""#, nil), (#""clear","by":"a","later":"b""#, nil),
            (#""clear","by":"\#(String(repeating: "a", count: 129))""#, nil),
            (#""set","key":"k","value":",\"by\":\"x""#, nil),
            (#""meta","kind":"u","name":"n","value":{"a":1,"by":"x"}"#, nil),
            (#""meta","kind":"u","name":"n","value":{"a":1,"by":"x"},"by":"y""#, "y"),
            (#""meta","kind":"u","name":"n","value":{"a":1,"by":"x"},"later":"y""#, nil),
            (#""multi","changes":[{"op":"set","key":"k","value":"v","by":"x"}]"#, nil),
        ] {
            let line = line(head + fields)
            let found = Author(ofRecord: line.span)?.text
            #expect(found == text, "\(fields)")
        }
        for bytes in ["", "{", "{}", "\"", ",\"by\":\"\""] {
            let line = line(bytes)
            let found = Author(ofRecord: line.span)
            #expect(found == nil)
        }
    }

    @Test(
        "the fast parser takes plain lines with an author, and means what the strict one means",
        arguments: [
            #""op":"set","key":"k","value":"v","by":"alice#812""#, #""op":"set","key":"k","value":"","by":"a""#,
            #""op":"set","key":"k","value":"v","expires":7,"by":"alice""#, #""op":"delete","key":"k","by":"alice""#,
            #""op":"ttl","key":"k","expires":7,"by":"alice""#, #""op":"ttl","key":"k","by":"alice""#,
            #""op":"set","key":"k","value":"\#(String(repeating: "v", count: 300))","by":"alice""#,
        ])
    func fast(fields: String) throws {
        let good = line(#"{"seq":7,"ts":8,"# + fields, chain: 9)
        let read = PlainLine.record(good.span, chain: 9)
        let plain = try #require(read)
        var parser = RecordParser()
        var copies: [ChangeCopy] = []
        try parser.changes(of: good.span, needs: .known) { copies.append(ChangeCopy($0)) }
        #expect(copies == [ChangeCopy(plain.change(in: good.span))])
        #expect(plain.needs == (fields.contains("expires") || fields.contains("ttl") ? .expiry : []))
        let crc = good.span.lineChecksum
        #expect(plain.crc == crc && plain.seq == 7)
        for index in good.indices {
            for bit in 0..<8 {
                var bad = good
                bad[index] ^= 1 << bit
                let isRead = PlainLine.record(bad.span, chain: 9) != nil
                #expect(!isRead)
            }
        }
    }

    @Test(
        "what is no author, or stands elsewhere, is left to the strict parser",
        arguments: [
            #""op":"set","key":"k","value":"v","by":"ü""#, #""op":"set","key":"k","value":"v","by":"\n""#,
            #""op":"set","key":"k","value":"v","by":"a","x":1"#, #""op":"set","key":"k","value":"v","by":7"#,
            #""op":"set","key":"k","value":"v","by":"a","by":"b""#, #""op":"set","key":"k","value":"v","by":"#,
            #""op":"set","key":"k","value":"v","by":"a","expires":7"#, #""op":"delete","key":"k","expires":7,"by":"a""#,
            #""op":"set","key":"k","value":"v","by":"a"#, #""op":"set","key":"k","value":"v,"by":"a""#,
        ])
    func slow(fields: String) {
        let line = line(#"{"seq":7,"ts":8,"# + fields, chain: 9)
        let isRead = PlainLine.record(line.span, chain: 9) != nil
        #expect(!isRead)
    }

    @Test("a pair of a snapshot has no author: a compaction copies the bodies of its lines")
    func pairs() {
        let line = line(#"{"key":"k","value":"v","by":"a""#, chain: 9)
        let isRead = PlainLine.pair(line.span, chain: 9) != nil
        #expect(!isRead)
    }

    @Test(
        "values that a compaction refers to, in front of an author, are copied without it",
        arguments: SnapshotSource.allCases)
    func referenced(source: SnapshotSource) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder) {
                $0.compaction.source = source
                ($0.compaction.sortingSize, $0.compaction.referencedSize) = (700, 20)
            }
            opened.store.setAuthor(try author("alice#812"))
            let value = String(repeating: "value \" ü", count: 20)
            for number in 0..<50 {
                opened.set("plain \(number)", String(repeating: "v", count: number))
                opened.set("escaped \(number)", value)
                opened.set("bytes \(number)".bytes, [0xff] + value.bytes)
            }
            try opened.compact()
            let text = try String(contentsOfFile: folder + "/puffin.json", encoding: .utf8)
            #expect(!text.contains(#""by":"#) && text.split(separator: "\n").count == 152)
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs && again.get("escaped 7") == value)
            try again.close()
        }
    }

    @Test("a follower keeps the bytes, and a change of its own after a promotion is its author's")
    func follower() throws {
        let models = (ModelDisk(), ModelDisk())
        let leader = try OpenedStore(on: FaultyDisk(models.0))
        let follower = try OpenedStore(on: FaultyDisk(models.1))
        leader.store.setAuthor(try author("alice"))
        follower.store.setAuthor(try author("bob"))
        for number in 0..<40 { leader.set("key \(number)", "v") }
        try leader.commit()
        #expect(try ReplicaLink(leader, follower, random: SeededRandom(seed: 1)).run() == .caughtUp)
        #expect(RecordLines.difference(models.0, models.1) == nil)
        follower.set("key", "v")
        try follower.commit()
        #expect(RecordLines.all(models.1).dropLast().allSatisfy { $0.contains(#""by":"alice""#) })
        #expect(RecordLines.all(models.1).last?.contains(#""by":"bob""#) == true)
        try leader.close()
        try follower.close()
    }
}
