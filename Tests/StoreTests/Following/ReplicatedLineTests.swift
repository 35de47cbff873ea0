import Bytes
import LogFormat
import Store
import TestSupport
import Testing

/// What a follower makes of single lines that a leader sends, and of what others do.
@Suite("Replicated lines")
struct ReplicatedLineTests {
    private func open() throws -> (OpenedStore, ModelDisk) {
        let model = ModelDisk()
        return (try OpenedStore(on: FaultyDisk(model)), model)
    }

    private func record(_ fields: String, seq: UInt64 = 1, ts: UInt64 = 1_764_000_000_500, after chain: UInt32 = 0)
        -> [UInt8]
    {
        line("{\"seq\":\(seq),\"ts\":\(ts),\(fields)", chain: chain)
    }

    private func error(_ line: [UInt8], in opened: OpenedStore) -> ReplicationError? {
        do throws(ReplicationError) {
            try opened.store.applyRecord(line.span)
            return nil
        } catch {
            return error
        }
    }

    @Test("records of every form are applied, and are in the follower's log unchanged")
    func forms() throws {
        let (opened, model) = try open()
        var lines: [[UInt8]] = []
        for fields in [
            #""op":"set","key":"a","value":"1""#, #""op":"set","key":"\u0062","value":"two\nlines""#,
            #""op":"set","key64":"/w==","value64":"/gA=","unknown":7"#, #""op":"delete","key":"a""#,
            #""op":"multi","changes":[{"op":"set","key":"c","value":"3"},{"op":"delete","key":"b"}]"#,
        ] {
            let position = opened.store.position
            lines.append(record(fields, seq: position.seq + 1, after: position.crc))
            #expect(error(lines[lines.count - 1], in: opened) == nil)
        }
        #expect(opened.store.pendingSize == lines.reduce(0) { $0 + $1.count + 1 })
        #expect(opened.store.now == 1_764_000_000_500, "the leader's clock is ahead")
        #expect(opened.dependency(of: "c") == 5)
        #expect(opened.pairs == [[0xff]: [0xfe, 0x00], "c".bytes: "3".bytes])
        try opened.commit()
        #expect(opened.store.pendingSize == 0)
        #expect(RecordLines.all(model) == lines.map { String(decoding: $0, as: UTF8.self) })
        try opened.close()
        let again = try OpenedStore(on: FaultyDisk(model))
        #expect(again.pairs == opened.pairs && again.store.position == opened.store.position)
        try again.close()
    }

    @Test("a record that comes twice, or leaves one out, changes nothing")
    func order() throws {
        let (opened, _) = try open()
        let first = record(#""op":"set","key":"a","value":"1""#)
        #expect(error(first, in: opened) == nil)
        let position = opened.store.position
        #expect(error(first, in: opened) == .outOfOrder(expected: 2, found: 1))
        let third = record(#""op":"set","key":"a","value":"3""#, seq: 3, after: position.crc)
        #expect(error(third, in: opened) == .outOfOrder(expected: 2, found: 3))
        #expect(opened.store.position == position && opened.get("a") == "1")
        try opened.close()
    }

    @Test("a damaged or unknown record changes nothing, not even half of a multi")
    func damaged() throws {
        let (opened, _) = try open()
        var flipped = record(#""op":"set","key":"a","value":"1""#)
        flipped[40] ^= 1
        for line in [
            flipped, [], "garbage".bytes, line(#"{"durable":7"#), record(#""op":"rename","key":"a""#),
            record(#""op":"multi","changes":[{"op":"set","key":"c","value":"3"},{"op":"rename"}]"#),
            record(#""op":"set","key":"a","value":"1","expires":0"#), record(#""op":"expired","changes":[]"#),
            record(#""op":"set","key":"a","value":"1""#, after: 1),
        ] {
            guard case .damaged = error(line, in: opened) else {
                Issue.record("\(String(decoding: line, as: UTF8.self)) is taken")
                continue
            }
        }
        #expect(opened.store.position == .start && opened.pairs.isEmpty && !opened.store.hasPending)
        try opened.close()
    }

    @Test("a snapshot that is not as it was written is refused at the line that is not")
    func snapshots() throws {
        let (opened, model) = try open()
        for number in 0..<20 { opened.set("key \(number)", "value") }
        opened.set([0xff], [0xfe])
        try opened.compact()
        let lines = (model.content(ModelFiles.snapshot) ?? []).split(separator: 0x0a).map(Array.init)
        let position = opened.store.position
        for (index, line) in lines.enumerated() {
            for variant in 0..<3 {
                let incoming = opened.store.beginSnapshot(at: position, of: opened.store.history)
                for line in lines[..<index] { try incoming.append(line.span) }
                var other = line
                switch variant {
                case 0: other[line.count / 2] ^= 1
                case 1: other = lines[(index + 1) % lines.count]
                default: other = []
                }
                #expect(throws: ReplicationError.self) { try incoming.append(other.span) }
            }
        }
        for (seq, history) in [(position.seq + 1, opened.store.history), (position.seq, "000000000000")] {
            let incoming = opened.store.beginSnapshot(at: ChainPosition(seq: seq, crc: position.crc), of: history)
            let header = lines[0]
            #expect(throws: ReplicationError.self) { try incoming.append(header.span) }
        }
        try opened.close()
    }

    @Test("a check of all files, which reads them as a start does, ignores a snapshot being received")
    func checked() throws {
        let (opened, model) = try open()
        opened.set("a", "1")
        try opened.compact()
        let lines = (model.content(ModelFiles.snapshot) ?? []).split(separator: 0x0a).map(Array.init)
        let incoming = opened.store.beginSnapshot(at: opened.store.position)
        for line in lines { try incoming.append(line.span) }
        incoming.finish()
        while incoming.state == .finishing { opened.progress.wait() }
        #expect(opened.store.check().isEmpty)
        #expect(model.content(ModelFiles.snapshot + ".incoming") == model.content(ModelFiles.snapshot))
        opened.store.close()
        let again = try OpenedStore(on: FaultyDisk(model))
        #expect(!model.paths.contains(ModelFiles.snapshot + ".incoming"), "a start has no use for it")
        try again.close()
    }

    @Test("a disk failure while a snapshot is received is reported")
    func failingDisk() throws {
        let model = ModelDisk()
        let disk = FaultyDisk(model)
        let opened = try OpenedStore(on: disk)
        let incoming = opened.store.beginSnapshot(at: ChainPosition(seq: 1, crc: 0))
        var lines = ByteBuffer()
        var chain = lines.append(
            snapshotHeader: SnapshotHeader(history: "a", position: ChainPosition(seq: 1, crc: 0), timestamp: 1))
        try incoming.append(lines.bytes.extracting(0..<lines.count - 1))
        disk.kill()
        let value = [UInt8](repeating: 0x61, count: 1_000)
        var error: ReplicationError?
        while error == nil {
            lines.removeAll()
            chain = lines.append(pairLine: .set(key: value.span, value: value.span), chain: chain)
            do throws(ReplicationError) {
                try incoming.append(lines.bytes.extracting(0..<lines.count - 1))
            } catch let failure {
                error = failure
            }
        }
        guard case .disk? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        guard case .failed = incoming.state else {
            Issue.record("\(incoming.state)")
            return
        }
        opened.store.close()
    }
}
