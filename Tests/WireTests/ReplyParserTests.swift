// Replies as bytes, literally. Each is fed whole, byte by byte and cut at every position: the outcome must not depend
// on how the network cut it.

import Bytes
import TestSupport
import Testing
import Wire

@Suite struct ReplyParserTests {
    static let replies: [(bytes: String, reply: Reply)] = [
        ("+OK\r\n", .simple("OK")),
        ("+\r\n", .simple("")),
        ("-ERR unknown command\r\n", .error(code: "ERR", message: "unknown command")),
        ("-LOADING\r\n", .error(code: "LOADING", message: "")),
        ("-it broke\r\n", .error(code: "", message: "it broke")),
        ("-\r\n", .error(code: "", message: "")),
        ("- no code\r\n", .error(code: "", message: " no code")),
        ("- ERR no code\r\n", .error(code: "", message: " ERR no code")),
        ("!10\r\nERR a\r\nb c\r\n", .error(code: "ERR", message: "a\r\nb c")),
        (":0\r\n", .integer(0)),
        (":-1\r\n", .integer(-1)),
        (":+5\r\n", .integer(5)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$5\r\nHello\r\n", .bulk(Array("Hello".utf8))),
        ("$0\r\n\r\n", .bulk([])),
        ("$4\r\n\r\n\r\n\r\n", .bulk([13, 10, 13, 10])),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("#t\r\n", .boolean(true)),
        ("#f\r\n", .boolean(false)),
        (",3.25\r\n", .double(3.25)),
        (",-1e3\r\n", .double(-1000)),
        (",10\r\n", .double(10)),
        (",inf\r\n", .double(.infinity)),
        (",-inf\r\n", .double(-.infinity)),
        (
            "(3492890328409238509324850943850943825024385\r\n",
            .bigNumber(Array("3492890328409238509324850943850943825024385".utf8))
        ),
        ("(-1\r\n", .bigNumber(Array("-1".utf8))),
        ("=8\r\ntxt:text\r\n", .verbatim(format: Array("txt".utf8), text: Array("text".utf8))),
        ("=4\r\nmkd:\r\n", .verbatim(format: Array("mkd".utf8), text: [])),
        ("*0\r\n", .array([])),
        ("%0\r\n", .map([])),
        ("*3\r\n:1\r\n$-1\r\n$1\r\nx\r\n", .array([.integer(1), .null, .bulk([0x78])])),
        (
            "*2\r\n*1\r\n:1\r\n*2\r\n*0\r\n+b\r\n",
            .array([.array([.integer(1)]), .array([.array([]), .simple("b")])])
        ),
        (
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n#t\r\n",
            .map([
                Reply.Entry(key: .simple("a"), value: .integer(1)),
                Reply.Entry(key: .simple("b"), value: .array([.boolean(true)])),
            ])
        ),
        ("~2\r\n:1\r\n:2\r\n", .set([.integer(1), .integer(2)])),
        (">2\r\n+invalidate\r\n_\r\n", .push([.simple("invalidate"), .null])),
        ("|1\r\n+ttl\r\n:3600\r\n+OK\r\n", .simple("OK")),
        ("|0\r\n:1\r\n", .integer(1)),
        ("*2\r\n:1\r\n|1\r\n+ttl\r\n*0\r\n:2\r\n", .array([.integer(1), .integer(2)])),
    ]

    static let malformed: [(bytes: String, why: MalformedReply)] = [
        ("HTTP/1.1 400 Bad Request\r\n", .unknownType(found: 0x48)),
        ("\r\n", .unknownType(found: 0x0d)),
        ("OK\n", .unknownType(found: 0x4f)),
        ("+OK\n", .expectedEndOfLine),
        ("+\n", .expectedEndOfLine),
        ("$3\r\nabcd\r\n", .expectedEndOfLine),
        ("$3\r\nabc\rx", .expectedEndOfLine),
        ("$\r\n", .invalidLength(type: 0x24)),
        ("$x\r\n", .invalidLength(type: 0x24)),
        ("$-2\r\n", .invalidLength(type: 0x24)),
        ("$?\r\n", .invalidLength(type: 0x24)),
        ("$99999999999999999999\r\n", .invalidLength(type: 0x24)),
        ("!-1\r\n", .invalidLength(type: 0x21)),
        ("*-2\r\n", .invalidLength(type: 0x2a)),
        ("%-1\r\n", .invalidLength(type: 0x25)),
        ("*1 \r\n", .invalidLength(type: 0x2a)),
        (":\r\n", .invalidValue(type: 0x3a)),
        (":+\r\n", .invalidValue(type: 0x3a)),
        (":+-1\r\n", .invalidValue(type: 0x3a)),
        (":1.5\r\n", .invalidValue(type: 0x3a)),
        (":9223372036854775808\r\n", .invalidValue(type: 0x3a)),
        ("_x\r\n", .invalidValue(type: 0x5f)),
        ("#true\r\n", .invalidValue(type: 0x23)),
        (",\r\n", .invalidValue(type: 0x2c)),
        (",0x1p3\r\n", .invalidValue(type: 0x2c)),
        (",infinity\r\n", .invalidValue(type: 0x2c)),
        (",1e\r\n", .invalidValue(type: 0x2c)),
        ("(\r\n", .invalidValue(type: 0x28)),
        ("(1a\r\n", .invalidValue(type: 0x28)),
        ("=3\r\ntxt\r\n", .invalidValue(type: 0x3d)),
        ("*2\r\n:1\r\n?\r\n", .unknownType(found: 0x3f)),
        ("$9223372036854775807\r\n", .tooLarge(limit: 512 << 20)),
        ("*9223372036854775807\r\n", .tooLarge(limit: 512 << 20)),
        ("%9223372036854775807\r\n", .tooLarge(limit: 512 << 20)),
    ]

    @Test(arguments: replies)
    func whole(_ sample: (bytes: String, reply: Reply)) {
        let bytes = Array(sample.bytes.utf8)
        var parser = ReplyParser()
        #expect(parser.parse((bytes + Array("+next".utf8)).span) == .complete(sample.reply, used: bytes.count))
    }

    @Test(arguments: replies)
    func byteByByte(_ sample: (bytes: String, reply: Reply)) {
        let bytes = Array(sample.bytes.utf8)
        var parser = ReplyParser()
        for size in 0..<bytes.count {
            expectIncomplete(parser.parse(bytes.span.extracting(0..<size)), size: size, of: bytes)
        }
        #expect(parser.parse(bytes.span) == .complete(sample.reply, used: bytes.count))
    }

    @Test(arguments: replies)
    func cutAtEveryPosition(_ sample: (bytes: String, reply: Reply)) {
        let bytes = Array(sample.bytes.utf8)
        for size in 0..<bytes.count {
            var parser = ReplyParser()
            expectIncomplete(parser.parse(bytes.span.extracting(0..<size)), size: size, of: bytes)
            #expect(parser.parse(bytes.span) == .complete(sample.reply, used: bytes.count))
        }
    }

    private func expectIncomplete(_ intake: ReplyIntake, size: Int, of bytes: [UInt8]) {
        guard case .incomplete(let missing) = intake else {
            Issue.record("\(size) of \(bytes.count) bytes: \(intake)")
            return
        }
        #expect(missing >= 1 && missing <= bytes.count - size)
    }

    @Test(arguments: malformed)
    func malformedHoweverItIsCut(_ sample: (bytes: String, why: MalformedReply)) {
        let bytes = Array(sample.bytes.utf8)
        for first in 0...bytes.count {
            var parser = ReplyParser()
            var intake = parser.parse(bytes.span.extracting(0..<first))
            if case .incomplete = intake { intake = parser.parse(bytes.span) }
            #expect(intake == .malformed(sample.why))
        }
    }

    @Test func oneReplyAfterTheOther() {
        var input = ByteBuffer()
        for sample in Self.replies { input.append(text: sample.bytes) }
        var parser = ReplyParser()
        for sample in Self.replies {
            let size = sample.bytes.utf8.count
            #expect(parser.parse(input.bytes) == .complete(sample.reply, used: size))
            input.removeFirst(size)
        }
        #expect(parser.parse(input.bytes) == .incomplete(missing: 3))
    }

    @Test func nestingIsBounded() {
        var limits = ReplyLimits()
        limits.nestingDepth = 3
        var parser = ReplyParser(limits: limits)
        #expect(
            parser.parse(Array("*1\r\n*1\r\n*1\r\n:7\r\n".utf8).span)
                == .complete(.array([.array([.array([.integer(7)])])]), used: 16))
        #expect(parser.parse(Array("*1\r\n*1\r\n*1\r\n*1\r\n".utf8).span) == .malformed(.tooDeep(limit: 3)))
        let bottomless = Array(repeating: Array("*1\r\n".utf8), count: 100_000).flatMap { $0 }
        var other = ReplyParser()
        #expect(other.parse(bottomless.span) == .malformed(.tooDeep(limit: 32)))
    }

    @Test(arguments: [
        ("+1234\r\n", ReplyIntake.complete(.simple("1234"), used: 7)),
        ("+12345\r\n", .malformed(.lineTooLong(limit: 4))),
        ("+1234567", .malformed(.lineTooLong(limit: 4))),
    ])
    func linesAreBounded(text: String, expected: ReplyIntake) {
        var limits = ReplyLimits()
        limits.lineSize = 4
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            var parser = ReplyParser(limits: limits)
            var intake = parser.parse(bytes.span.extracting(0..<first))
            if case .incomplete = intake { intake = parser.parse(bytes.span) }
            #expect(intake == expected, "cut at \(first)")
        }
    }

    @Test func theWholeReplyIsBounded() {
        var limits = ReplyLimits()
        limits.replySize = 20
        var parser = ReplyParser(limits: limits)
        #expect(parser.parse(Array("$13\r\n".utf8).span) == .incomplete(missing: 15))
        parser = ReplyParser(limits: limits)
        #expect(parser.parse(Array("$14\r\n".utf8).span) == .malformed(.tooLarge(limit: 20)))
        #expect(parser.parse(Array("*6\r\n".utf8).span) == .malformed(.tooLarge(limit: 20)))
        #expect(
            parser.parse(Array("|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n".utf8).span) == .malformed(.tooLarge(limit: 20)))
    }

    @Test(arguments: SeededRandom.seeds(8))
    func anyBytesHaveOneOutcome(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("*$%+-:_#,(!=~>|0123456789tf\r\n\r\n\r\nx".utf8)
        for _ in 0..<4000 {
            let bytes = random.bytes(1 + random.below(24), from: alphabet)
            var whole = ReplyParser()
            let expected = whole.parse(bytes.span)
            var parser = ReplyParser()
            for size in 1...bytes.count {
                let intake = parser.parse(bytes.span.extracting(0..<size))
                if case .incomplete = intake, size < bytes.count { continue }
                #expect(intake == expected, "\(bytes)")
                break
            }
        }
    }
}
