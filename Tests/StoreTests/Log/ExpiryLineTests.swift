// Lines of pairs that expire: the field `expires`, the operations `ttl` and `expired`, and what refuses them.

import Bytes
import Foundation
import Inspection
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Lines of pairs that expire")
struct ExpiryLineTests {
    private static let time: UInt64 = 1_764_000_060_123

    @Test("each operation is read as the change it says")
    func operations() throws {
        func read(_ fields: String) throws -> [ChangeCopy] { try changes(fields, needs: .expiry) }
        #expect(
            try read(#""op":"set","key":"k","value":"v","expires":1764000060123"#)
                == [.setExpiring("k".bytes, "v".bytes, ExpiryLineTests.time)])
        #expect(
            try read(#""op":"set","key":"\u006b","value64":"/w==","expires":9007199254740991,"by":"me""#)
                == [.setExpiring("k".bytes, [0xff], Number.largest)])
        #expect(
            try read(#""op":"ttl","key":"k","expires":1764000060123"#) == [.ttl("k".bytes, ExpiryLineTests.time)])
        #expect(try read(#""op":"ttl","key64":"/w==""#) == [.ttl([0xff], 0)])
        #expect(try read(#""op":"ttl","key":"k","by":"me""#) == [.ttl("k".bytes, 0)])
        #expect(
            try read(#""op":"expired","changes":[{"key":"a"},{"key64":"/w=="}]"#)
                == [.expired("a".bytes), .expired([0xff])])
        #expect(
            try read(
                #""op":"multi","changes":[{"op":"ttl","key":"a"},{"op":"ttl","key":"b","expires":7},"#
                    + #"{"op":"set","key":"c","value":"","expires":8},{"op":"delete","key":"d"}]"#)
                == [.ttl("a".bytes, 0), .ttl("b".bytes, 7), .setExpiring("c".bytes, [], 8), .delete("d")])
        // For a reader of a removal it is an unknown field.
        #expect(try read(#""op":"delete","key":"k","expires":7"#) == [.delete("k")])
    }

    @Test(
        "what the format does not say is refused, with the need that it would have",
        arguments: [
            #""op":"set","key":"k","value":"v","expires":0"#, #""op":"set","key":"k","value":"v","expires":01"#,
            #""op":"set","key":"k","value":"v","expires":-1"#, #""op":"set","key":"k","value":"v","expires":"7""#,
            #""op":"set","key":"k","value":"v","expires":7x"#, #""op":"set","key":"k","value":"v","expires":null"#,
            #""op":"set","key":"k","value":"v","expires":9007199254740992"#, #""op":"ttl","key":"k","expires":0"#,
            #""op":"ttl""#, #""op":"ttl","expires":7,"key":"k""#, #""op":"expired","changes":[]"#,
            #""op":"expired","key":"k""#, #""op":"expired","changes":[{"op":"delete","key":"a"}]"#,
            #""op":"expired","changes":[{"key":"a","value":"b"}]"#, #""op":"expired","changes":[{"key":"a"},]"#,
            #""op":"multi","changes":[{"op":"expired","changes":[{"key":"a"}]}]"#,
            #""op":"meta","key":"k""#,
        ])
    func refused(fields: String) {
        let error = #expect(throws: LineError.self) { try changes(fields, needs: .expiry) }
        #expect(error?.isWhole == true)
        #expect(error?.isOtherVersion == false)
        #expect(plain("{\"seq\":7,\"ts\":8,\(fields)") == nil)
    }

    @Test(
        "a record that needs what its file does not name is damage",
        arguments: [
            #""op":"set","key":"k","value":"v","expires":1764000060123"#, #""op":"ttl","key":"k","expires":7"#,
            #""op":"ttl","key":"k""#, #""op":"expired","changes":[{"key":"a"}]"#,
            #""op":"multi","changes":[{"op":"ttl","key":"a"}]"#, #""op":"set","key":"\u006b","value":"v","expires":7"#,
        ])
    func notNamed(fields: String) throws {
        #expect(throws: LineError.self) { try changes(fields) }
        try withTemporaryFolder { folder in
            var log = RawLog()
            log.set("a", "1")
            log.record(fields)
            try LogFiles(folder).make([1: log.bytes])
            let found = damage(opening: folder)
            #expect(found?.line == 3)
            let files = DataFiles(data: FilePath(folder + "/puffin.json"))
            let verification = try Verification.run(files, on: LocalDisk())
            #expect(verification.isDamaged && !verification.isOfOtherVersion)
            var named = RawLog(version: #"2,"needs":["expiry"]"#)
            named.set("a", "1")
            named.record(fields)
            try LogFiles(folder).make([1: named.bytes])
            try OpenedStore(folder).close()
            #expect(try Verification.run(files, on: LocalDisk()).isSound)
        }
    }

    @Test("an operation that none of a file's needs explains is damage")
    func unknownOperation() throws {
        try withTemporaryFolder { folder in
            var log = RawLog(version: #"2,"needs":["expiry"]"#)
            log.record(#""op":"meta","name":"x""#)
            try LogFiles(folder).make([1: log.bytes])
            #expect(damage(opening: folder)?.expected == "a change of version 2 with the needs expiry")
        }
    }

    @Test("a pair of a snapshot that expires is damage where the header does not name that")
    func snapshotPair() throws {
        for (needs, value) in [([], "v"), ([], "\\u0076"), (.expiry, "v"), (.expiry, "\\u0076")] as [(Needs, String)] {
            try withTemporaryFolder { folder in
                var file = ByteBuffer()
                let header = SnapshotHeader(
                    history: RawLog.history, position: ChainPosition(seq: 1, crc: 5), timestamp: 9, needs: needs)
                var chain = file.append(snapshotHeader: header)
                let start = file.count
                file.append(text: #"{"key":"k","value":"\#(value)","expires":1764100000000"#)
                chain = file.appendChecksum(bodyFrom: start, chain: chain)
                file.append(snapshotEnd: 1, chain: chain)
                let bytes = Array(file.bytes)
                try Data(bytes).write(to: URL(fileURLWithPath: folder + "/puffin.json"))
                try LogFiles(folder).make([2: RawLog(after: header.position).bytes])
                let lines = bytes.split(separator: 0x0a).map(Array.init)
                let (first, pair, end) = (lines[0], lines[1], lines[2])
                try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: false)
                let opened = try OpenedStore(folder + "/other")
                let incoming = opened.store.beginSnapshot(at: header.position)
                try incoming.append(first.span)
                if needs.isEmpty {
                    #expect(damage(opening: folder)?.line == 2)
                    #expect(throws: ReplicationError.self) { try incoming.append(pair.span) }
                } else {
                    let read = try OpenedStore(folder)
                    #expect(read.get("k") == "v")
                    try read.close()
                    try incoming.append(pair.span)
                    #expect(try incoming.append(end.span))
                }
                try opened.close()
            }
        }
    }

    // MARK: Both parsers, and the writer

    /// What the fast parser makes of a body: nil if it leaves the line to the strict one.
    private func plain(_ body: String, isPair: Bool = false) -> ChangeCopy? {
        let line = line(body, chain: 9)
        let span = line.span
        return (isPair ? PlainLine.pair(span, chain: 9) : PlainLine.record(span, chain: 9)).map {
            ChangeCopy($0.change(in: span))
        }
    }

    @Test("the fast parser takes plain lines that expire, and no other")
    func fast() {
        let time = ExpiryLineTests.time
        let head = #"{"seq":7,"ts":8,"#
        #expect(
            plain(head + #""op":"set","key":"k","value":"v","expires":1764000060123"#)
                == .setExpiring("k".bytes, "v".bytes, time))
        #expect(plain(head + #""op":"ttl","key":"k","expires":1764000060123"#) == .ttl("k".bytes, time))
        #expect(plain(head + #""op":"ttl","key":"k""#) == .ttl("k".bytes, 0))
        #expect(
            plain(#"{"key":"k","value":"","expires":9007199254740991"#, isPair: true)
                == .setExpiring("k".bytes, [], Number.largest))
        #expect(plain(#"{"key":"k","expires":7"#, isPair: true) == nil, "a pair has a value")
        #expect(plain(#"{"key":"k""#, isPair: true) == nil)
        for body in [
            #""op":"delete","key":"k","expires":7"#, #""op":"set","key":"k","value":"v","expires":7,"who":"me""#,
            #""op":"set","key":"k","value":"v","expires":9007199254740992"#,
            #""op":"set","key":"k","value":"v","expires":99999999999999999"#,
            #""op":"set","key":"k","value":"v","expires":0"#, #""op":"set","key":"k","value":"v","expires":"#,
        ] {
            #expect(plain(head + body) == nil, "\(body)")
        }
    }

    @Test(
        "what is written is read as it was, by both parsers, as records and as pairs",
        arguments: SeededRandom.seeds(20))
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let alphabets: [[UInt8]] = ["0123456789".bytes, "a\"\\\n".bytes, "aü".bytes, Array(0...255)]
        for _ in 0..<200 {
            let alphabet = alphabets[random.below(alphabets.count)]
            let (key, value) = (
                random.bytes(random.below(20), from: alphabet), random.bytes(random.below(40), from: alphabet)
            )
            let time = [1, 7, ExpiryLineTests.time, 99_999_999, 999_999_999_999, Number.largest][random.below(6)]
            let copy: ChangeCopy =
                switch random.below(5) {
                case 0: .set(key, value)
                case 1: .setExpiring(key, value, time)
                case 2: .ttl(key, random.below(3) == 0 ? 0 : time)
                case 3: .delete(key)
                default: .clear
                }
            try withChange(copy) { change in
                #expect(change.needs == (copy.expires == nil ? [] : .expiry))
                var buffer = ByteBuffer()
                var encoder = RecordEncoder()
                let start = ChainPosition(seq: 6, crc: 9)
                let end = encoder.append(change, after: start, timestamp: 8, to: &buffer)
                var record = Array(buffer.bytes).dropLast().map { $0 }
                try check(record, crc: end.crc, isPair: false, as: copy, isPlain: change.isPlain && copy != .clear)
                buffer.removeAll()
                encoder.beginMulti(after: start, timestamp: 8, to: &buffer)
                encoder.append(multiPart: change, isFirst: true, to: &buffer)
                encoder.append(multiPart: change, isFirst: false, to: &buffer)
                _ = encoder.endMulti(from: 0, after: start, to: &buffer)
                record = Array(Array(buffer.bytes).dropLast())
                #expect(try read(record) == [copy, copy])
                guard change.kind == .set else { return }
                for isPlain in [false, change.isPlain] {
                    buffer.removeAll()
                    let crc = buffer.append(pairLine: change, isPlain: isPlain, chain: 9)
                    try check(
                        Array(Array(buffer.bytes).dropLast()), crc: crc, isPair: true, as: copy,
                        isPlain: change.isPlain)
                }
            }
        }
    }

    @Test("keys that have expired are written in a record of their own")
    func expiredRecord() throws {
        var encoder = RecordEncoder()
        var buffer = ByteBuffer()
        let keys: [[UInt8]] = ["session:7".bytes, [0xff]]
        encoder.beginExpired(after: ChainPosition(seq: 8, crc: 9), timestamp: 1_764_000_060_160, to: &buffer)
        for (index, key) in keys.enumerated() {
            encoder.append(multiPart: .delete(key: key.span, isExpiry: true), isFirst: index == 0, to: &buffer)
        }
        _ = encoder.endMulti(from: 0, after: ChainPosition(seq: 8, crc: 9), to: &buffer)
        let line = Array(Array(buffer.bytes).dropLast())
        let body = #"{"seq":9,"ts":1764000060160,"op":"expired","changes":[{"key":"session:7"},{"key64":"/w=="}]"#
        #expect(String(decoding: line.dropLast(18), as: UTF8.self) == body)
        #expect(try read(line) == keys.map { .expired($0) })
        #expect(Operation(of: line.span) == .expired)
    }

    private func read(_ line: [UInt8]) throws(LineError) -> [ChangeCopy] {
        var parser = RecordParser()
        _ = try parser.parse(line.span, chain: 9)
        var copies: [ChangeCopy] = []
        try parser.changes(of: line.span, needs: .known) { copies.append(ChangeCopy($0)) }
        return copies
    }

    private func check(
        _ line: [UInt8], crc: UInt32, isPair: Bool, as copy: ChangeCopy, isPlain: Bool
    ) throws {
        #expect(try read(line) == [copy])
        let span = line.span
        let plain = isPair ? PlainLine.pair(span, chain: 9) : PlainLine.record(span, chain: 9)
        #expect((plain != nil) == isPlain)
        if let plain {
            #expect(plain.crc == crc)
            #expect(ChangeCopy(plain.change(in: span)) == copy)
            #expect(plain.needs == (copy.expires == nil ? [] : .expiry))
        }
    }

    @Test("a line of this kind with one wrong byte is refused by the fast parser", arguments: [true, false])
    func damaged(isPair: Bool) {
        let good = line(
            (isPair ? "{" : #"{"seq":7,"ts":8,"op":"set","#) + #""key":"k","value":"v","expires":1764000060123"#,
            chain: 9)
        for index in good.indices {
            for bit in 0..<8 {
                var bad = good
                bad[index] ^= 1 << bit
                let span = bad.span
                #expect((isPair ? PlainLine.pair(span, chain: 9) : PlainLine.record(span, chain: 9)) == nil)
            }
        }
    }
}

extension ChangeCopy {
    /// The time that it states; nil if it states none.
    fileprivate var expires: UInt64? {
        switch self {
        case .setExpiring(_, _, let time), .ttl(_, let time): time
        case .set, .delete, .expired, .clear, .note: nil
        }
    }
}

/// Calls `body` with the change that `copy` is one of.
private func withChange(_ copy: ChangeCopy, _ body: (borrowing Change) throws -> Void) throws {
    switch copy {
    case .set(let key, let value): try body(.set(key: key.span, value: value.span))
    case .setExpiring(let key, let value, let time):
        try body(.set(key: key.span, value: value.span, expires: time))
    case .ttl(let key, let time): try body(.ttl(key: key.span, expires: time))
    case .delete(let key): try body(.delete(key: key.span))
    case .expired(let key): try body(.delete(key: key.span, isExpiry: true))
    case .clear: try body(.clear)
    case .note(let path, let value): try body(.note(path: path.span, value: value.span))
    }
}
