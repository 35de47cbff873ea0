import Bench
import Bytes
import Testing

/// Requests out, replies in: without a socket.
@Suite("Requests and replies")
struct CoreTests {
    private func request(
        _ dialect: Dialect, _ operation: LoadOperation, key: Int = 1234, keySize: Int = 16, size: Int = 8,
        readsRanges: Bool = true
    ) throws -> String {
        var workload = try Workload()
        workload.keySize = keySize
        workload.readsRanges = readsRanges
        let encoder = RequestEncoder(dialect, workload)
        var output = ByteBuffer()
        encoder.append(operation, key: key, size: size, version: 0, to: &output)
        let text = String(output.bytes)
        var value = ByteBuffer()
        ValuePattern().append(size: 8, key: key, version: 0, to: &value)
        return text.replacing(String(value.bytes), with: "VALUE")
    }

    @Test("lines are those of docs/protocol.md")
    func lines() throws {
        #expect(try request(.line, .get) == "GET key:000000001234\n")
        #expect(try request(.line, .readModifyWrite) == "GET key:000000001234\n")
        #expect(try request(.line, .set) == "SET key:000000001234 VALUE\n")
        #expect(try request(.line, .insert) == "SET key:000000001234 VALUE\n")
        #expect(try request(.line, .delete) == "DEL key:000000001234\n")
        #expect(try request(.line, .setExpiring) == "SETEX key:000000001234 3600 VALUE\n")
        #expect(try request(.line, .getExpiring) == "GETEX key:000000001234 EX 3600\n")
        #expect(try request(.line, .expire) == "EXPIRE key:000000001234 3600\n")
        #expect(try request(.line, .increment) == "INCR key:000000001234\n")
        #expect(try request(.line, .page) == "SCAN 0 COUNT 100\n")
        #expect(try request(.line, .scan) == "RANGE FROM key:000000001234 LIMIT 8\n")
        #expect(try request(.line, .scan, readsRanges: false) == "KEYS key:0000000012*\n")
        #expect(try request(.line, .get, keySize: 5) == "GET 01234\n")
        #expect(try request(.line, .get, keySize: 9) == "GET key:01234\n")
    }

    @Test("RESP has every length")
    func resp() throws {
        #expect(try request(.resp, .get) == "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000001234\r\n")
        #expect(
            try request(.resp, .set) == "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000001234\r\n$8\r\nVALUE\r\n")
        #expect(try request(.resp, .delete) == "*2\r\n$3\r\nDEL\r\n$16\r\nkey:000000001234\r\n")
        let key = "$16\r\nkey:000000001234\r\n"
        let time = "$2\r\nEX\r\n$4\r\n3600\r\n"
        #expect(try request(.resp, .setExpiring) == "*5\r\n$3\r\nSET\r\n\(key)$8\r\nVALUE\r\n\(time)")
        #expect(try request(.resp, .getExpiring) == "*4\r\n$5\r\nGETEX\r\n\(key)\(time)")
        #expect(try request(.resp, .expire) == "*3\r\n$6\r\nEXPIRE\r\n\(key)$4\r\n3600\r\n")
        #expect(try request(.resp, .increment) == "*2\r\n$4\r\nINCR\r\n\(key)")
        #expect(try request(.resp, .page) == "*4\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$5\r\nCOUNT\r\n$3\r\n100\r\n")
        let range = "*5\r\n$5\r\nRANGE\r\n$4\r\nFROM\r\n$16\r\nkey:000000001234\r\n$5\r\nLIMIT\r\n"
        for (size, digits) in [(8, 1), (10, 2), (99, 2), (100, 3)] {
            #expect(try request(.resp, .scan, size: size) == range + "$\(digits)\r\n\(size)\r\n")
        }
        #expect(
            try request(.resp, .scan, readsRanges: false) == "*2\r\n$4\r\nKEYS\r\n$15\r\nkey:0000000012*\r\n")
    }

    private static let replies: [(Dialect, isList: Bool, String, kind: String)] = [
        (.line, false, "OK\n", "answer OK"), (.line, false, "some value\n", "answer some value"),
        (.line, false, "ERROR: Key not found\n", "missing"),
        (.line, false, "ERROR: Disk full: x\n", "error Disk full: x"),
        (.line, false, "END\n", "answer END"), (.line, true, "a\n\"END\"\nb\nEND\n", "answer a\n\"END\"\nb\n"),
        (.line, true, "END\n", "answer "), (.line, true, "ERROR: Loading: 3 %\n", "error Loading: 3 %"),
        (.resp, false, "+OK\r\n", "answer OK"), (.resp, false, "$5\r\na\r\nbc\r\n", "answer a\r\nbc"),
        (.resp, false, "$0\r\n\r\n", "answer "), (.resp, false, "$-1\r\n", "missing"),
        (.resp, false, "_\r\n", "missing"),
        (.resp, false, ":1\r\n", "answer 1"), (.resp, false, ":0\r\n", "missing"),
        (.resp, false, "-OOM command\r\n", "error OOM command"), (.resp, true, "*0\r\n", "answer "),
        (.resp, true, "*2\r\n$1\r\na\r\n$3\r\nb\r\n\r\n", "answer "),
        (.resp, true, "*2\r\n*1\r\n:7\r\n$-1\r\n", "answer "),
    ]

    @Test("a reply ends exactly at its end, and no prefix of it is a reply", arguments: replies.indices)
    func scanner(index: Int) {
        let (dialect, isList, text, kind) = Self.replies[index]
        // After another reply, and with the next one following: neither may matter.
        let bytes = Array("xx\(text)+OK\r\n".utf8)
        let size = text.utf8.count
        for cut in 3..<2 + size {
            let scan = ReplyScanner.next(dialect, in: bytes.span.extracting(0..<cut), from: 2, isList: isList)
            guard case .incomplete(let missing) = scan else {
                Issue.record("\(text.debugDescription) cut at \(cut - 2): \(scan)")
                continue
            }
            #expect(missing >= 1 && missing <= 2 + size - cut)
        }
        switch ReplyScanner.next(dialect, in: bytes.span, from: 2, isList: isList) {
        case .answer(let value, let end):
            let text = String(bytes.span.extracting(value))
            #expect(end == 2 + size && "answer " + text == kind)
        case .missing(let end): #expect(end == 2 + size && kind == "missing")
        case .error(let message, let end):
            let text = String(bytes.span.extracting(message))
            #expect(end == 2 + size && "error " + text == kind)
        case .incomplete, .malformed: Issue.record("not understood: \(text.debugDescription)")
        }
    }

    @Test(
        "invalid RESP is malformed", arguments: ["OK!\n", "ERROR: x\n", "$x12345678901234567890123\r\n", "$-2\r\n"])
    func malformed(text: String) {
        let bytes = Array(text.utf8)
        let scan = ReplyScanner.next(.resp, in: bytes.span, from: 0, isList: false)
        #expect(scan == .malformed)
    }

    @Test("read-modify-write sets the key that was read, once its reply is there")
    func readModifyWrite() throws {
        var workload = try Workload()
        workload.mix = OperationMix([.readModifyWrite: 1])
        var core = LoadCore(.line, workload, space: KeySpace(count: 100_000), verifies: false, thread: 0, of: 1)
        core.measureStart = 0
        var inFlight = InFlight(limit: 1)
        var followUps: [Int] = []
        for reply in ["value\n", "ERROR: Key not found\n"] {
            core.issue(start: 1, &inFlight, &followUps)
            let get = String(core.output.bytes)
            core.output.removeAll()
            let (answer, ok) = (Array(reply.utf8), Array("OK\n".utf8))
            _ = core.take(answer.span, now: 2, &inFlight, &followUps)
            core.issue(start: 3, &inFlight, &followUps)
            let set = String(core.output.bytes)
            core.output.removeAll()
            _ = core.take(ok.span, now: 4, &inFlight, &followUps)
            let key = try #require(get.firstMatch(of: /^GET (key:[0-9]{12})\n$/)?.1)
            #expect(set.hasPrefix("SET \(key) "))
        }
        #expect(core.recorder.latencies[Int(LoadOperation.get.rawValue)].totalCount == 2)
        #expect(core.recorder.latencies[Int(LoadOperation.set.rawValue)].totalCount == 2)
        #expect(core.replies == 4)
    }

    @Test(
        "a group of keys is one request, and a transaction has one reply for each part of it",
        arguments: Dialect.allCases)
    func groups(dialect: Dialect) throws {
        func core(_ operation: LoadOperation) throws -> LoadCore {
            var workload = try Workload()
            workload.mix = OperationMix([operation: 1])
            return LoadCore(dialect, workload, space: KeySpace(count: 100_000), verifies: false, thread: 0, of: 1)
        }
        var inFlight = InFlight(limit: 2)
        var followUps: [Int] = []
        var many = try core(.setMany)
        many.issue(start: 1, &inFlight, &followUps)
        let mset = String(many.output.bytes)
        #expect(mset.matches(of: /key:[0-9]{12}/).count == 10)
        #expect(mset.hasPrefix(dialect == .line ? "MSET key:" : "*21\r\n$4\r\nMSET\r\n$16\r\nkey:"))
        #expect(mset.utf8.last == UInt8(ascii: "\n") && mset.count { $0.isNewline } == (dialect == .line ? 1 : 43))
        let ok = Array((dialect == .line ? "OK\n" : "+OK\r\n").utf8)
        _ = many.take(ok.span, now: 2, &inFlight, &followUps)
        #expect(many.replies == 1 && many.outstanding == 0)

        var transaction = try core(.transaction)
        transaction.measureStart = 0
        for _ in 0..<2 { transaction.issue(start: 1, &inFlight, &followUps) }
        let requests = String(transaction.output.bytes)
        #expect(requests.matches(of: /MULTI/).count == 2 && requests.matches(of: /EXEC/).count == 2)
        #expect(requests.matches(of: /SET/).count == 20)
        let (status, queued) = dialect == .line ? ("OK\n", "QUEUED\n") : ("+OK\r\n", "+QUEUED\r\n")
        let list = String(repeating: status, count: 10)
        let reply =
            status + String(repeating: queued, count: 10) + (dialect == .line ? list + "END\n" : "*10\r\n" + list)
        let bytes = Array((reply + reply).utf8)
        let taken = transaction.take(bytes.span, now: 2, &inFlight, &followUps)
        #expect(taken.used == bytes.count && !taken.isMalformed)
        #expect(transaction.replies == 2 && transaction.outstanding == 0)
        #expect(transaction.recorder.latencies[Int(LoadOperation.transaction.rawValue)].totalCount == 2)
    }

    @Test("a value that was not written for its key is counted and shown")
    func verify() throws {
        var workload = try Workload()
        workload.mix = OperationMix([.get: 1])
        workload.keyCount = 1
        var core = LoadCore(.resp, workload, space: KeySpace(count: 1), verifies: true, thread: 0, of: 1)
        core.measureStart = 0
        var inFlight = InFlight(limit: 3)
        var followUps: [Int] = []
        for _ in 0..<3 { core.issue(start: 1, &inFlight, &followUps) }
        var right = ByteBuffer()
        ValuePattern().append(size: 20, key: 0, version: 9, to: &right)
        let replies = Array("$20\r\n\(String(right.bytes))\r\n$-1\r\n$5\r\nwrong\r\n".utf8)
        _ = core.take(replies.span, now: 2, &inFlight, &followUps)
        #expect(core.recorder.mismatches == 1)
        #expect(core.recorder.misses[Int(LoadOperation.get.rawValue)] == 1)
        #expect(core.recorder.complaints.first?.contains("key 0") == true)
        #expect(core.recorder.complaints.first?.contains("\"wrong\"") == true)
    }

    @Test("a reply without a request is malformed")
    func surplus() throws {
        var core = LoadCore(.line, try Workload(), space: KeySpace(count: 10), verifies: false, thread: 0, of: 1)
        var inFlight = InFlight(limit: 1)
        var followUps: [Int] = []
        let reply = Array("OK\n".utf8)
        let intake = core.take(reply.span, now: 1, &inFlight, &followUps)
        #expect(intake.isMalformed)
    }
}
