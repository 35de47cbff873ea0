import Bytes
import FuzzChecks
import TestSupport
import Testing
import Wire

@Suite("The RESP dialect")
struct RESPDialectTests {
    static let requests: [(input: String, arguments: [String])] = [
        ("*1\r\n$4\r\nPING\r\n", ["PING"]),
        ("*2\r\n$3\r\nGET\r\n$8\r\ngreeting\r\n", ["GET", "greeting"]),
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$13\r\nHello, world!\r\n", ["SET", "k", "Hello, world!"]),
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", ["SET", "k", ""]),
        ("*2\r\n$0\r\n\r\n$0\r\n\r\n", ["", ""]),
        ("*2\r\n$4\r\nECHO\r\n$8\r\n\r\n$3\r\n\"\n\r\n", ["ECHO", "\r\n$3\r\n\"\n"]),
        ("*2\r\n$4\r\nECHO\r\n$5\r\n\u{0}\u{1}ü \r\n", ["ECHO", "\u{0}\u{1}ü "]),
        ("*0\r\n", []),
        ("*-1\r\n", []),
        ("*-10\r\n", []),
        ("*-3000000000\r\n", []),
        (
            "*8\r\n" + (1...8).map { "$1\r\n\($0)\r\n" }.joined(),
            ["1", "2", "3", "4", "5", "6", "7", "8"]
        ),
    ]

    @Test("an array gives its strings, fed whole, byte by byte and cut anywhere", arguments: requests.indices)
    func table(index: Int) {
        let (input, arguments) = RESPDialectTests.requests[index]
        expect(input.bytes, gives: arguments.map(\.bytes), in: .resp)
    }

    @Test("a request has as many arguments as it says, more than the parser has room for in itself included")
    func counts() {
        var limits = Transcript.limits
        limits.argumentCount = 40
        for count in 0...40 {
            let arguments = (0..<count).map { "argument \($0)".bytes }
            let input = "*\(count)\r\n".bytes + arguments.flatMap { "$\($0.count)\r\n".bytes + $0 + "\r\n".bytes }
            let twice = Transcript(input + input, limits: limits)
            #expect(twice.requests == [arguments, arguments])
            #expect(Transcript(input + input, cuts: Array(1..<input.count), limits: limits) == twice)
        }
    }

    @Test("both dialects may be mixed on one connection, wherever it is cut")
    func mixed() {
        let resp = RESPDialectTests.requests
        let lines = LineDialectTests.lines
        var input: [UInt8] = []
        var expected: [[[UInt8]]] = []
        for index in 0..<lines.count {
            input += lines[index].input.bytes + resp[index % resp.count].input.bytes
            expected.append(lines[index].arguments.map(\.bytes))
            expected.append(resp[index % resp.count].arguments.map(\.bytes))
        }
        let whole = Transcript(input)
        #expect(whole.requests == expected)
        #expect(whole.dialects == (0..<expected.count).map { $0 % 2 == 0 ? .line : .resp })
        #expect(Transcript(input, cuts: Array(1..<input.count)) == whole)
        for cut in 0...input.count where Transcript(input, cuts: [cut]) != whole { Issue.record("cut at \(cut)") }
    }

    static let malformedInputs: [(input: String, error: ProtocolError)] = [
        ("*-\r\n", .invalidArrayLength(limit: 8)),
        ("*-0\r\n", .invalidArrayLength(limit: 8)),
        ("*-01\r\n", .invalidArrayLength(limit: 8)),
        ("*--1\r\n", .invalidArrayLength(limit: 8)),
        ("*-1\rx", .invalidArrayLength(limit: 8)),
        ("*-x\r\n", .invalidArrayLength(limit: 8)),
        ("*\r\n", .invalidArrayLength(limit: 8)),
        ("*x\r\n", .invalidArrayLength(limit: 8)),
        ("*1x\r\n", .invalidArrayLength(limit: 8)),
        ("* 1\r\n", .invalidArrayLength(limit: 8)),
        ("*1\n$4\r\nPING\r\n", .invalidArrayLength(limit: 8)),
        ("*1\rx", .invalidArrayLength(limit: 8)),
        ("*9\r\n", .invalidArrayLength(limit: 8)),
        ("*01\r\n$4\r\nPING\r\n", .invalidArrayLength(limit: 8)),
        ("*9223372036854775808\r\n", .invalidArrayLength(limit: 8)),
        ("*18446744073709551617\r\n", .invalidArrayLength(limit: 8)),
        ("*99999999999999999999999999\r\n", .invalidArrayLength(limit: 8)),
        ("*1\r\n$-1\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n$\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n$4x\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n$+4\r\nPING\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n$501\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n$9223372036854775807\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n$18446744073709551620\r\nPING\r\n", .invalidBulkLength(limit: 500)),
        ("*1\r\n:4\r\n", .expectedBulk(found: UInt8(ascii: ":"))),
        ("*1\r\n*1\r\n", .expectedBulk(found: UInt8(ascii: "*"))),
        ("*2\r\n$4\r\nPING\r\nPING\r\n", .expectedBulk(found: UInt8(ascii: "P"))),
        ("*1\r\n\r\n$4\r\nPING\r\n", .expectedBulk(found: 0x0d)),
        ("*1\r\n$4\r\nPINGS\r\n", .expectedEndOfBulk),
        ("*1\r\n$4\r\nPING\n\n", .expectedEndOfBulk),
        ("*1\r\n$4\r\nPING\r\r", .expectedEndOfBulk),
    ]

    @Test(
        "invalid bytes are malformed, with what was expected, however they arrive",
        arguments: malformedInputs.indices)
    func malformed(index: Int) {
        let (input, error) = RESPDialectTests.malformedInputs[index]
        let bytes = "PING\n".bytes + input.bytes
        for cuts in [[], Array(1..<bytes.count)] {
            let transcript = Transcript(bytes, cuts: cuts)
            #expect(transcript.requests == [["PING".bytes]], "\(input.debugDescription)")
            #expect(transcript.ending == .malformed(error), "\(input.debugDescription)")
        }
    }

    @Test("a request may be as large as the limit, and is refused before a larger one is read")
    func requestSize() {
        let limits = RequestLimits(lineSize: 100, bulkSize: 500, argumentCount: 8, requestSize: 40)
        // 4 bytes, twice 5 + 11 + 2, makes 40.
        let largest = "*2\r\n$11\r\n0123456789a\r\n$11\r\n0123456789a\r\n"
        #expect(largest.utf8.count == 40)
        #expect(Transcript(largest.bytes, limits: limits).ending == .drained)
        let larger = "*2\r\n$11\r\n0123456789a\r\n$12\r\n"
        #expect(
            Transcript(larger.bytes, limits: limits).ending == .malformed(.requestTooLarge(size: 41, limit: 40)))
    }

    @Test("the limit of a request counts from its own first byte")
    func requestSizeIsPerRequest() {
        let limits = RequestLimits(lineSize: 100, bulkSize: 500, argumentCount: 8, requestSize: 14)
        let transcript = Transcript(
            Array(repeating: "*1\r\n$4\r\nPING\r\n".bytes, count: 50).flatMap { $0 }, limits: limits)
        #expect(transcript.requests.count == 50)
        #expect(transcript.ending == .drained)
    }

    @Test("each error says what was wrong and what the limit is")
    func messages() {
        let expected: [(ProtocolError, [String])] = [
            (.lineTooLong(size: 21, limit: 20), ["Line too long", "21", "20", "closed"]),
            (.invalidArrayLength(limit: 8), ["Protocol error: invalid multibulk length", "8"]),
            (.invalidBulkLength(limit: 500), ["Protocol error: invalid bulk length", "500"]),
            (.expectedBulk(found: 0x3a), ["Protocol error: expected '$', got ':'"]),
            (.expectedBulk(found: 0x0d), ["Protocol error: expected '$', got '\\x0d'"]),
            (.expectedBulk(found: 0xff), ["Protocol error: expected '$', got '\\xff'"]),
            (.expectedEndOfBulk, ["Protocol error", "CR LF"]),
            (.requestTooLarge(size: 41, limit: 40), ["Protocol error", "41", "40"]),
        ]
        for (error, parts) in expected {
            for part in parts { #expect(error.message.contains(part), "\(error.message)") }
            #expect(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        }
    }
}
