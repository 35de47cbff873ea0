// Feeds of changes, turn by turn: what each client gets in each dialect, with workers that a seed schedules.

import Bytes
import Glibc
import LogFormat
import Server
import Store
import TestSupport
import Testing

@Suite("Feeds of changes")
struct ChangeHubTests {
    /// Takes turns, with the workers at work, until nothing happens any more.
    func settle(_ stepped: SteppedServer, _ count: Int = 30) {
        for _ in 0..<count {
            stepped.turn()
            stepped.work()
        }
    }

    /// What has come, with `TS` and `CRC` in the places of what differs from run to run.
    func take(_ client: SteppedClient) -> String {
        client.take()
            .replacing(/"ts":\d+/, with: "\"ts\":TS")
            .replacing(/:17\d{11}\r\n/, with: ":TS\r\n")
            .replacing(/(?<seq>\d+)-[0-9a-f]{8}/) { "\($0.seq)-CRC" }
    }

    @Test(
        "in lines, a feed has where it begins, the changes, and when it has all of them; then each change as it is committed"
    )
    func lines() throws {
        let stepped = try SteppedServer()
        let (writer, feed) = (try SteppedClient(stepped), try SteppedClient(stepped))
        try writer.send("SET user:1 a\nSET x 1\n")
        settle(stepped)
        try feed.send("CHANGES user: FROM 0\n")
        settle(stepped)
        #expect(
            take(feed) == """
                {"from":"0-CRC"}
                {"seq":1,"ts":TS,"op":"set","key":"user:1","value":"a","token":"1-CRC"}
                {"at":"2-CRC"}

                """)
        // Nothing is told before it is committed.
        try writer.send("SET user:2 b\nMSET user:3 c y 2\n")
        stepped.turn(5)
        #expect(take(feed) == "")
        settle(stepped)
        #expect(
            take(feed) == """
                {"seq":3,"ts":TS,"op":"set","key":"user:2","value":"b","token":"3-CRC"}
                {"seq":4,"ts":TS,"op":"multi","changes":[{"op":"set","key":"user:3","value":"c"}],"token":"4-CRC"}

                """)
        try feed.send("GET user:1\nPING\nUNCHANGES\nGET user:1\n")
        settle(stepped)
        #expect(
            take(feed)
                == "ERROR: Can't execute 'get': only PING / QUIT / RESET / CHANGES / UNCHANGES are allowed in this context\n"
                + "PONG\nOK\na\n")
        try writer.send("SET user:1 c\n")
        settle(stepped)
        #expect(take(feed) == "")
        stepped.stop()
    }

    @Test("in RESP2 the connection is the feed; in RESP3 messages are pushes between replies")
    func resp() throws {
        let stepped = try SteppedServer()
        let (two, three) = (try SteppedClient(stepped), try SteppedClient(stepped))
        try three.send(TestSupport.resp("HELLO", "3"))
        settle(stepped)
        _ = three.take()
        let from = "*3\r\n$7\r\nchanges\r\n$4\r\nfrom\r\n$10\r\n0-CRC\r\n"
        for client in [two, three] {
            try client.send(TestSupport.resp("CHANGES", ""))
            settle(stepped)
        }
        #expect(take(two) == from + "*3\r\n$7\r\nchanges\r\n$2\r\nat\r\n$10\r\n0-CRC\r\n")
        #expect(take(three) == from + ">3\r\n$7\r\nchanges\r\n$2\r\nat\r\n$10\r\n0-CRC\r\n")
        try three.send(TestSupport.resp("SET", "a", "1") + TestSupport.resp("GET", "a"))
        settle(stepped)
        let change = "4\r\n$7\r\nchanges\r\n$10\r\n1-CRC\r\n:TS\r\n*1\r\n*4\r\n$3\r\nset\r\n$1\r\na\r\n$1\r\n1\r\n"
        #expect(take(three) == "+OK\r\n$1\r\n1\r\n>" + change + "_\r\n")
        #expect(take(two) == "*" + change + "$-1\r\n")
        try two.send(TestSupport.resp("GET", "a") + TestSupport.resp("RESET") + TestSupport.resp("GET", "a"))
        try three.send(TestSupport.resp("UNCHANGES"))
        settle(stepped)
        #expect(
            take(two)
                == "-ERR Can't execute 'get': only PING / QUIT / RESET / CHANGES / UNCHANGES are allowed in this context\r\n"
                + "+RESET\r\n$1\r\n1\r\n")
        #expect(take(three) == "+OK\r\n")
        stepped.stop()
    }

    @Test("changes of expiry are told as the log has them")
    func expiry() throws {
        var text = ByteBuffer()
        var encoder = RecordEncoder()
        var position = ChainPosition.start
        text.append(header: LogHeader(history: "0123456789ab", firstSeq: 1, chain: 0, needs: .expiry))
        let (key, other, value) = (Array("user:1".utf8), Array("x".utf8), Array("a".utf8))
        let late: UInt64 = 9_000_000_000_000
        position = encoder.append(
            .set(key: key.span, value: value.span, expires: late), after: position, timestamp: 5, to: &text)
        position = encoder.append(.ttl(key: key.span, expires: late + 1), after: position, timestamp: 5, to: &text)
        position = encoder.append(.ttl(key: key.span, expires: 0), after: position, timestamp: 5, to: &text)
        let start = text.count
        encoder.beginExpired(after: position, timestamp: 6, to: &text)
        encoder.append(multiPart: .delete(key: other.span, isExpiry: true), isFirst: true, to: &text)
        encoder.append(multiPart: .delete(key: key.span, isExpiry: true), isFirst: false, to: &text)
        _ = encoder.endMulti(from: start, after: position, to: &text)
        let disk = MemoryDisk(["data/puffin.json.log/00000000000000000001.jsonl": Array(text.bytes)])
        let stepped = try SteppedServer(disk: disk)
        let (line, resp) = (try SteppedClient(stepped), try SteppedClient(stepped))
        try line.send("CHANGES user: FROM 0 LIMIT 9\n")
        try resp.send(TestSupport.resp("CHANGES", "user:", "FROM", "1", "LIMIT", "9"))
        settle(stepped)
        #expect(
            take(line) == """
                {"next":"4-CRC"}
                {"seq":1,"ts":TS,"op":"set","key":"user:1","value":"a","expires":9000000000000,"token":"1-CRC"}
                {"seq":2,"ts":TS,"op":"ttl","key":"user:1","expires":9000000000001,"token":"2-CRC"}
                {"seq":3,"ts":TS,"op":"ttl","key":"user:1","token":"3-CRC"}
                {"seq":4,"ts":TS,"op":"expired","changes":[{"key":"user:1"}],"token":"4-CRC"}
                END

                """)
        func message(_ token: String, _ time: Int, _ op: String, _ expires: String) -> String {
            "*3\r\n$10\r\n\(token)-CRC\r\n:\(time)\r\n*1\r\n*4\r\n$\(op.utf8.count)\r\n\(op)\r\n$6\r\nuser:1\r\n$-1\r\n\(expires)\r\n"
        }
        #expect(
            take(resp) == "*2\r\n$10\r\n4-CRC\r\n*3\r\n" + message("2", 5, "ttl", ":9000000000001")
                + message("3", 5, "ttl", "$-1") + message("4", 6, "expired", "$-1"))
        stepped.stop()
    }

    @Test("the limit of feeds holds for feeds and for pages that wait")
    func limit() throws {
        let stepped = try SteppedServer { $0.limits.feedCount = 2 }
        let clients = try (0..<3).map { _ in try SteppedClient(stepped) }
        try clients[0].send("CHANGES a\n")
        try clients[1].send("CHANGES b LIMIT 1 WAIT 0\n")
        settle(stepped)
        try clients[2].send("CHANGES c\nPING\n")
        settle(stepped)
        #expect(take(clients[2]) == "ERROR: Too many feeds: the limit is 2 (limits.feeds)\nPONG\n")
        // One that asks again replaces its own.
        try clients[0].send("CHANGES c\n")
        settle(stepped)
        #expect(take(clients[0]).hasSuffix("{\"from\":\"0-CRC\"}\n{\"at\":\"0-CRC\"}\n"))
        clients[0].hangUp()
        // It is gone when it is sent something.
        try clients[2].send("SET c 1\n")
        settle(stepped)
        #expect(take(clients[2]) == "OK\n")
        try clients[2].send("CHANGES c\n")
        settle(stepped)
        #expect(take(clients[2]) == "{\"from\":\"1-CRC\"}\n{\"at\":\"1-CRC\"}\n")
        stepped.stop()
    }

    @Test("a client that takes nothing of its feed is dropped after a while, and one that reads is not")
    func stalled() throws {
        let stepped = try SteppedServer { configuration in
            configuration.limits.feedIdleTime = 50
            configuration.limits.unsentPauseSize = 3_000
        }
        let (writer, stalled, reader) = (
            try SteppedClient(stepped), try SteppedClient(stepped), try SteppedClient(stepped)
        )
        for client in [stalled, reader] { try client.send("CHANGES \"\"\n") }
        settle(stepped)
        let value = String(repeating: "v", count: 2_000)
        for number in 1...300 {
            try writer.send("SET key \(number).\(value)\n")
            settle(stepped, 3)
            // A pair of sockets takes few messages that nobody reads, however short.
            reader.receive()
            writer.receive()
        }
        // The clock that decides ticks once a second.
        for _ in 0..<1000 where stepped.server.clientCount == 3 {
            stepped.turn()
            usleep(10_000)
        }
        settle(stepped)
        #expect(stepped.server.clientCount == 2)
        #expect(take(reader).contains("\"value\":\"300.v"))
        let other = try SteppedClient(stepped)
        try other.send("STATS\n")
        settle(stepped)
        let stats = other.take()
        for line in ["feeds 1", "feeds_behind 0", "clients_dropped 1"] {
            #expect(stats.contains("\n\(line)\n"), "\(line)")
        }
        #expect(writer.take() == String(repeating: "OK\n", count: 300))
        stepped.stop()
    }

    // MARK: A simulation

    @Test(
        "whatever prefixes, dialects, pauses, pages and ends, each client has each change of its prefix once, in order",
        arguments: Torture.seeds(3, orTorture: 2_000))
    func model(seed: UInt64) throws {
        var life = try HubLife(
            seed: seed,
            stepped: try SteppedServer(seed: seed) { configuration in
                configuration.store.layout.segmentSize = 20_000
                configuration.store.retention.size = .max
                configuration.limits.unsentPauseSize = 3_000
            })
        try life.run()
        #expect(life.wrong.isEmpty, "seed \(seed): \(life.wrong)")
        #expect(life.shown > 50)
        life.stepped.stop()
    }
}

/// A server, one writer, and clients that come, read at their own pace, and go.
private struct HubLife {
    /// A client that follows a prefix, by lines: its dialects differ in form alone, which other tests compare.
    private struct Reader {
        var client: SteppedClient
        var text = ""
        let prefix: String
        /// The token of the last message.
        var token: String
        /// Whether it asks for pages.
        let isPaging: Bool
        var isAsking = false
        /// The token that its page began with.
        var next = ""
        var isTaking = true
    }

    let stepped: SteppedServer
    private(set) var wrong: [String] = []
    private(set) var shown = 0
    private var random: SeededRandom
    /// The keys that each change is about, by its number.
    private var changes: [[String]] = [[]]
    private var readers: [Reader] = []
    private let writer: SteppedClient
    private static let prefixes = ["", "a", "ab", "abc", "b", "none"]
    private static let keys = ["a", "ab", "abc", "abcd", "b", "bc", "c", ""]

    init(seed: UInt64, stepped: SteppedServer) throws {
        random = SeededRandom(seed: seed)
        self.stepped = stepped
        writer = try SteppedClient(stepped)
    }

    mutating func run() throws {
        for _ in 0..<400 where wrong.isEmpty {
            switch random.below(12) {
            case 0..<4: try write()
            case 4: if readers.count < 12 { try begin() } else { try leave() }
            case 5 where !readers.isEmpty: readers[random.below(readers.count)].isTaking.toggle()
            case 6..<8: stepped.work(random.below(5))
            default: stepped.turn()
            }
            try take()
        }
        for index in readers.indices { readers[index].isTaking = true }
        for _ in 0..<5000 where wrong.isEmpty && !missing.isEmpty {
            stepped.work()
            stepped.turn()
            try take()
        }
        wrong += missing
    }

    /// Who does not have everything yet.
    private var missing: [String] {
        readers.compactMap { reader in
            let last = changes.indices.last { number in number > 0 && concerns(number, reader.prefix) } ?? 0
            return seq(reader.token) < last ? "\(reader.prefix) has ended at \(reader.token), not \(last)" : nil
        }
    }

    private mutating func write() throws {
        let value = String(repeating: "v", count: random.below(10) == 0 ? random.below(2_000) : random.below(20))
        let key = HubLife.keys[random.below(HubLife.keys.count)]
        switch random.below(10) {
        case 0:
            let other = HubLife.keys[random.below(HubLife.keys.count)]
            try writer.send("MSET \"\(key)\" \"\(value)\" \"\(other)\" 2\n")
            changes.append([key, other])
        case 1 where random.below(5) == 0:
            try writer.send("FLUSHALL\n")
            changes.append(HubLife.keys + ["none"])
        default:
            try writer.send("SET \"\(key)\" \"\(value)\"\n")
            changes.append([key])
        }
    }

    private mutating func begin() throws {
        let client = try SteppedClient(stepped)
        let prefix = HubLife.prefixes[random.below(HubLife.prefixes.count)]
        let isPaging = random.below(3) == 0
        if isPaging || random.below(2) == 0 {
            // From the beginning on.
            readers.append(Reader(client: client, prefix: prefix, token: "0-00000000", isPaging: isPaging))
            if !isPaging { try client.send("CHANGES \"\(prefix)\" FROM 0\n") }
        } else if let known = readers.randomElement(using: &random), known.token.contains("-") {
            readers.append(Reader(client: client, prefix: prefix, token: known.token, isPaging: false))
            try client.send("CHANGES \"\(prefix)\" FROM \(known.token)\n")
        }
    }

    private mutating func leave() throws {
        let index = random.below(readers.count)
        if random.below(2) == 0 || readers[index].isPaging {
            readers.remove(at: index).client.hangUp()
        } else {
            try readers[index].client.send("UNCHANGES\n")
            readers[index].isTaking = true
            readers.remove(at: index)
        }
    }

    private func seq(_ token: String) -> Int { Int(token.prefix { $0 != "-" }) ?? -1 }

    private func concerns(_ number: Int, _ prefix: String) -> Bool { changes[number].contains { $0.hasPrefix(prefix) } }

    private mutating func take() throws {
        _ = writer.take()
        for index in readers.indices {
            if readers[index].isPaging, !readers[index].isAsking {
                let reader = readers[index]
                let wait = random.below(2) == 0 ? " WAIT \(random.below(3))" : ""
                try reader.client.send(
                    "CHANGES \"\(reader.prefix)\" FROM \(reader.token) LIMIT \(1 + random.below(5))\(wait)\n")
                readers[index].isAsking = true
            }
            guard readers[index].isTaking else { continue }
            var reader = readers[index]
            reader.text += reader.client.take()
            while let end = reader.text.firstIndex(of: "\n") {
                let line = String(reader.text[..<end])
                reader.text.removeSubrange(...end)
                take(line, &reader)
            }
            readers[index] = reader
        }
    }

    /// A client is told that it has everything up to a token.
    private mutating func reach(_ token: String, _ reader: inout Reader) {
        let (now, before) = (seq(token), seq(reader.token))
        if now < before { wrong.append("\(token) after \(reader.token)") }
        for number in before + 1..<max(now, before) + 1 where concerns(number, reader.prefix) {
            wrong.append("\(number) is missing before \(token)")
        }
        reader.token = token
    }

    private mutating func take(_ line: String, _ reader: inout Reader) {
        if line == "END" {
            reader.isAsking = false
            return reach(reader.next, &reader)
        }
        // {"at":"9-0d1e2f3a"}, or {"seq":9, … ,"token":"9-0d1e2f3a"}.
        let parts = line.split(separator: "\"")
        if parts.count == 5, ["from", "at", "next"].contains(parts[1]) {
            // That of a page comes before its changes.
            if parts[1] == "next" { reader.next = String(parts[3]) } else { reach(String(parts[3]), &reader) }
            return
        }
        guard line.hasPrefix("{\"seq\":"), parts.suffix(4).first == "token",
            let number = Int(line.dropFirst(7).prefix { $0.isNumber })
        else { return wrong.append("not a message: \(line)") }
        let before = seq(reader.token)
        guard number > before, number < changes.count else { return wrong.append("\(number) after \(reader.token)") }
        for missing in before + 1..<number where concerns(missing, reader.prefix) {
            wrong.append("\(missing) is missing")
        }
        if !concerns(number, reader.prefix) { wrong.append("\(number) does not concern \(reader.prefix)") }
        reader.token = String(parts[parts.count - 2])
        shown += 1
    }
}
