// Notes in snapshots: the same file from both sources, received by followers, and refused if anything is not as it was.

import Bytes
import Foundation
import LogFormat
import Store
import TestSupport
import Testing

@Suite("Notes in snapshots and streams")
struct NoteSnapshotTests {
    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("notes stand between header and pairs, sorted, and are counted apart", arguments: SnapshotSource.allCases)
    func form(source: SnapshotSource) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder) { $0.compaction.source = source }
            opened.set("b", "2")
            opened.set("a", "1")
            try opened.store.setNote("user", "bob", to: #"{"b":[1, 2]}"#)
            try opened.store.setNote("user", "alice", to: "{}")
            try opened.store.setNote("role", "zoo", to: "{}")
            try opened.compact()
            let bodies = try text(folder + "/puffin.json").split(separator: "\n").map { $0.dropLast(18) }
            #expect(
                bodies.dropFirst() == [
                    #"{"meta":"role","name":"zoo","value":{}"#, #"{"meta":"user","name":"alice","value":{}"#,
                    #"{"meta":"user","name":"bob","value":{"b":[1, 2]}"#, #"{"key":"a","value":"1""#,
                    #"{"key":"b","value":"2""#, #"{"end":true,"count":2,"notes":3"#,
                ])
            try opened.close()
        }
    }

    @Test("a walk that notes change under makes the file that the log alone makes", arguments: SeededRandom.seeds(10))
    func walk(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 20_000) { options in
                options.compaction.source = .table
                (options.compaction.walkTime, options.compaction.stepSize, options.compaction.chunkSize) = (
                    .zero, 60, 400
                )
                options.retention.size = 1 << 30
            }
            func changeNote() throws {
                let value = random.below(3) == 0 ? nil : "{\"n\":\(random.below(1_000))}"
                try opened.store.setNote("user", "n\(random.below(12))", to: value)
            }
            for number in 0..<300 { opened.set("key \(number)", "value") }
            for _ in 0..<10 { try changeNote() }
            var duringWalk = 0
            for _ in 0..<3 {
                try opened.commit()
                try #require(opened.store.compact())
                var changes = 0
                let event = opened.compactionResult {
                    if changes < 50 {
                        try? changeNote()
                        opened.set("key \(random.below(300))", "other")
                        if random.below(2) == 0 { opened.store.flush() }
                        changes += 1
                        if opened.store.compaction.isRunning { duringWalk += 1 }
                    }
                    return false
                }
                guard case .ended? = event else {
                    Issue.record("\(String(describing: event))")
                    return
                }
            }
            #expect(duringWalk > 30)
            try opened.close()
            let (made, seq) = (try text(folder + "/puffin.json"), opened.store.compaction.snapshotSeq)
            try LogFiles(folder).copy(to: folder + "/copy")
            let copied = LogFiles(folder + "/copy")
            for name in try copied.segments where (UInt64(name.prefix(20)) ?? 0) > seq { try copied.remove(name) }
            try copied.remove("DURABLE")
            let other = try OpenedStore(folder + "/copy") { $0.compaction.source = .files }
            try other.compact()
            try other.close()
            #expect(try text(folder + "/copy/puffin.json") == made)
            #expect(made.contains("{\"meta\":"))
        }
    }

    /// A snapshot with two notes and a pair, line by line.
    private func lines(needs: Needs = .notes, _ bodies: [String]) -> [[UInt8]] {
        var buffer = ByteBuffer()
        let position = ChainPosition(seq: 9, crc: 10)
        var chain = buffer.append(
            snapshotHeader: SnapshotHeader(history: RawLog.history, position: position, timestamp: 1, needs: needs))
        var lines = [Array(buffer.bytes.extracting(0..<buffer.count - 1))]
        for body in bodies {
            let next = line(body, chain: chain)
            chain = next.span.checksumDigits ?? 0
            lines.append(next)
        }
        return lines
    }

    @Test("a start and a follower refuse a snapshot whose notes are not as they should be, in the same line")
    func refused() throws {
        let (a, b, pair) = (
            #"{"meta":"user","name":"a","value":{}"#, #"{"meta":"user","name":"b","value":{}"#,
            #"{"key":"k","value":"v""#
        )
        for (needs, bodies, wrong) in [
            (Needs.notes, [a, b, pair, #"{"end":true,"count":1,"notes":2"#], nil),
            (.notes, [b, a, pair, #"{"end":true,"count":1,"notes":2"#], 2), (.notes, [a, a, pair], 2),
            (.notes, [a, pair, b], 3), (.notes, [a, b, pair, #"{"end":true,"count":1"#], 4),
            (.notes, [a, pair, #"{"end":true,"count":1,"notes":2"#], 3),
            (.notes, [a, pair, #"{"end":true,"count":2,"notes":1"#], 3), ([], [a], 1), (.expiry, [a], 1),
            (.notes, [#"{"meta":"user","name":"a","value":null"#], 1),
            (.notes, [#"{"meta":"user","name":"a","value":{}}"#], 1),
            (.notes, [#"{"meta":"User","name":"a","value":{}"#], 1),
        ] as [(Needs, [String], Int?)] {
            let lines = lines(needs: needs, bodies)
            try withTemporaryFolder { folder in
                try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: false)
                let follower = try OpenedStore(folder + "/other")
                let incoming = follower.store.beginSnapshot(at: ChainPosition(seq: 9, crc: 10))
                for (index, line) in lines.enumerated() {
                    if index == wrong {
                        let error = #expect(throws: ReplicationError.self) { try incoming.append(line.span) }
                        if case .damaged? = error { break }
                        Issue.record("\(String(describing: error))")
                        break
                    }
                    #expect(try incoming.append(line.span) == (wrong == nil && index == lines.count - 1))
                }
                try follower.close()
                try Data(Array(lines.joined(separator: [0x0a])) + [0x0a]).write(
                    to: URL(fileURLWithPath: folder + "/puffin.json"))
                try LogFiles(folder).make([10: RawLog(after: ChainPosition(seq: 9, crc: 10)).bytes])
                if let wrong {
                    #expect(damage(opening: folder)?.line == wrong + 1)
                } else {
                    let opened = try OpenedStore(folder)
                    #expect(opened.notes == ["user a {}", "user b {}"] && opened.get("k") == "v")
                    try opened.close()
                }
            }
        }
    }

    @Test(
        "a leader's notes come to its followers: by a snapshot, by records, and over a restart",
        arguments: SeededRandom.seeds(10))
    func followers(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let models = (ModelDisk(), ModelDisk())
        let leader = try OpenedStore(on: FaultyDisk(models.0))
        var follower = try OpenedStore(on: FaultyDisk(models.1))
        var starts: [FeedStart] = []
        for round in 0..<6 {
            for _ in 0..<random.below(30) {
                leader.store.setAuthor(random.below(2) == 0 ? .nobody : Author("alice#7") ?? .nobody)
                let value = random.below(4) == 0 ? nil : "{\"n\":\(random.below(1_000))}"
                try leader.store.setNote("user", "n\(random.below(8))", to: value)
                leader.set("key \(random.below(9))", "value")
            }
            try leader.commit()
            if round % 2 == 0 { try leader.compact() }
            let revision = follower.store.notesRevision
            let link = try ReplicaLink(leader, follower, random: SeededRandom(seed: random.next()))
            #expect(try link.run() == .caughtUp)
            link.start.map { starts.append($0) }
            #expect(follower.store.notes == leader.store.notes && follower.store.position == leader.store.position)
            #expect(follower.store.needs == leader.store.needs && follower.pairs == leader.pairs)
            #expect(follower.store.notesRevision > revision || starts.count > 1)
            #expect(RecordLines.difference(models.0, models.1) == nil)
            try follower.close()
            follower = try OpenedStore(on: FaultyDisk(models.1))
            #expect(follower.store.notes == leader.store.notes)
        }
        #expect(follower.store.check().isEmpty)
        try leader.close()
        try follower.close()
    }

    @Test("a record of a note that is not as it should be changes nothing on a follower")
    func damagedRecord() throws {
        let opened = try OpenedStore(on: FaultyDisk(ModelDisk()))
        func record(_ fields: String) -> [UInt8] { line("{\"seq\":1,\"ts\":1764000000500,\(fields)") }
        let revision = opened.store.notesRevision
        for fields in [
            #""op":"meta","kind":"user","name":"a","value":[]"#, #""op":"meta","kind":"user","name":"a","value":{"a"}"#,
            #""op":"meta","kind":"user","value":{}"#,
            #""op":"multi","changes":[{"op":"meta","kind":"user","name":"a","value":{}}]"#,
        ] {
            let line = record(fields)
            #expect(throws: ReplicationError.self) { try opened.store.applyRecord(line.span) }
        }
        #expect(opened.store.position == .start && opened.store.notesRevision == revision)
        let good = record(#""op":"meta","kind":"user","name":"a","value":{},"by":"admin","later":1"#)
        try opened.store.applyRecord(good.span)
        #expect(opened.notes == ["user a {}"] && opened.store.notesRevision == revision + 1)
        #expect(opened.store.needs == .notes && opened.store.notesSeq == 1)
        try opened.close()
    }

    @Test("a follower that does not know notes is told from the others by what it says it knows")
    func knows() throws {
        let opened = try OpenedStore(on: FaultyDisk(ModelDisk()))
        #expect(try opened.store.followerHello().knows.known == [.expiry, .notes])
        #expect(opened.store.replicationHello(port: 1).needs.isEmpty)
        try opened.store.setNote("user", "a", to: "{}")
        try opened.commit()
        let hello = opened.store.replicationHello(port: 1)
        #expect(hello.needs == .notes)
        var text = ByteBuffer()
        text.append(leaderHello: hello)
        #expect(String(text.bytes).hasPrefix("REPLICATE {\"version\":2,"))
        #expect(String(text.bytes).hasSuffix(#","needs":["notes"]}"# + "\n"))
        try opened.close()
    }
}
