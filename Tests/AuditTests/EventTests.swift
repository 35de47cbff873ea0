import Audit
import Bytes
import OpenSSL
import Testing

@Suite("The audit's events")
struct EventTests {
    private func written(_ event: AuditEvent) throws -> AuditEvent? {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event, at: start)
        var found: AuditEvent?
        try AuditListing.forEach(in: folder) { event, _ in found = event }
        return found
    }

    @Test("Every field survives, whatever its bytes", arguments: Array(1...20) as [UInt64])
    func roundTrip(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        func text() -> String? {
            guard random.below(3) > 0 else { return nil }
            return String(decoding: random.bytes(random.below(20)), as: UTF8.self)
        }
        func number() -> UInt64? { random.below(3) > 0 ? random.next() >> 11 : nil }
        for kind in AuditEvent.Kind.allCases {
            var event = AuditEvent(kind, at: random.next() >> 11)
            (event.user, event.how, event.from, event.tls) = (text(), text(), text(), text())
            (event.command, event.target, event.change, event.result) = (text(), text(), text(), text())
            (event.client, event.seq, event.count) = (number(), number(), number())
            switch random.below(4) {
            case 0: event.key = .plain(random.bytes(random.below(30)))
            case 1: event.key = .plain(Array("a\"b\n".utf8))
            case 2: event.key = .hashed(random.bytes(32))
            default: break
            }
            #expect(try written(event) == event)
        }
    }

    @Test("Unknown fields are ignored, whatever they contain; unknown kinds are no events")
    func unknown() {
        func parsed(_ text: String) -> AuditEvent? { AuditEvent(line: Array(text.utf8).span) }
        let known = parsed(
            #"{"n":1,"ts":5,"event":"login","new":{"user":"x","list":[1,"event"]},"user":"bob","crc":"0"}"#)
        #expect(known?.user == "bob" && known?.kind == .login && known?.time == 5)
        #expect(parsed(#"{"n":1,"ts":5,"event":"dance","crc":"0"}"#) == nil)
        #expect(parsed(#"{"n":1,"event":"login"}"#) == nil)
        #expect(parsed(#"{"n":1,"ts":5,"event":"login""#) == nil)
    }

    @Test("Keys are plain, hashed or left out")
    func keys() {
        let key = Array("billing:7".utf8)
        #expect(AuditKeys.plain.shown(key.span) == .plain(key))
        #expect(AuditKeys.omitted.shown(key.span) == nil)
        let secret: [UInt8] = [1, 2, 3]
        #expect(
            AuditKeys.hashed(secret: secret).shown(key.span)
                == .hashed(Digests.hmacSHA256(key.span, key: secret.span)))
    }

    @Test("Equal denials of a second are one line")
    func coalescing() {
        var coalescer = AuditCoalescer()
        var denied = event(.denied, at: start)
        denied.client = 7
        for index in 0..<1000 {
            denied.time = start + UInt64(index)
            #expect(coalescer.add(denied) == nil)
        }
        var other = denied
        other.client = 8
        #expect(coalescer.add(other) == nil)
        let login = event(.login)
        #expect(coalescer.add(login) == login)
        #expect(coalescer.due == start + 1000)
        #expect(coalescer.take(at: start + 999) == [])
        let taken = coalescer.take(at: start + 1000)
        #expect(taken.map(\.count) == [1000] && taken.first?.time == start)
        #expect(coalescer.takeAll().map(\.count) == [1])
        #expect(coalescer.isEmpty && coalescer.due == nil)
    }

    @Test("The coalescer is bounded, loses nothing, and survives a clock that moves back")
    func bounded() {
        var coalescer = AuditCoalescer()
        var released: [AuditEvent] = []
        for index in 0..<2000 {
            var refused = event(.refused)
            refused.client = UInt64(index)
            if let event = coalescer.add(refused) { released.append(event) }
        }
        #expect(released.count == 2000 - AuditCoalescer.limit)
        #expect(released.map(\.client) == (0..<released.count).map { UInt64($0) })
        #expect(coalescer.take(at: start - 5000).count == AuditCoalescer.limit)
    }

    @Test("A report counts by user and day")
    func report() throws {
        var report = AuditReport()
        for _ in 0..<3 { report.add(event(.login)) }
        var failed = event(.login, user: "=cmd,\"x\"")
        failed.result = "password"
        report.add(failed)
        var denied = event(.denied, at: start + 86_400_000)
        denied.count = 12
        report.add(denied)
        var change = event(.users, user: "admin")
        (change.target, change.change) = ("bob", "-role orders")
        report.add(change)
        report.add(event(.settings, user: nil))
        let csv = try formatted(report, .csv)
        #expect(
            csv == """
                day,user,logins,failures,denials,refusals,rights,operations,accesses
                2026-01-15,"'=cmd,""x""\",0,1,0,0,0,0,0
                2026-01-15,admin,0,0,0,0,1,0,0
                2026-01-15,alice,3,0,0,0,0,0,0
                2026-01-16,alice,0,0,12,0,0,0,0

                """)
        let text = try formatted(report, .text)
        #expect(text.contains("2026-01-15T00:00:00.000Z  admin  bob  -role orders"))
        let json = try formatted(report, .json)
        #expect(json.contains("\"user\": \"alice\"") && json.contains("\"denials\": 12"))
    }

    private func formatted(_ report: AuditReport, _ format: AuditReportFormat) throws -> String {
        var buffer = ByteBuffer()
        report.write(format, to: &buffer)
        return String(decoding: Array(buffer.bytes), as: UTF8.self)
    }

    @Test("A query needs all its conditions")
    func query() {
        var query = AuditQuery()
        var denied = event(.denied)
        denied.key = .plain(Array("billing:7".utf8))
        #expect(query.matches(denied))
        query.keyPrefix = Array("billing:".utf8)
        #expect(query.matches(denied) && !query.matches(event(.login)))
        query.user = "bob"
        #expect(!query.matches(denied))
        query.user = "alice"
        query.kinds = [.login]
        #expect(!query.matches(denied))
        query.kinds = [.denied]
        query.times = start + 1...start + 2
        #expect(!query.matches(denied))
    }

    @Test("A SHA-256 of parts is that of the whole, and can be read in between")
    func hasher() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var hasher = SHA256Hasher()
        #expect(hasher.digest() == Digests.sha256([UInt8]().span))
        for start in stride(from: 0, to: 1000, by: 37) {
            hasher.update(bytes.span.extracting(start..<min(start + 37, 1000)))
            let expected = Digests.sha256(bytes.span.extracting(0..<min(start + 37, 1000)))
            #expect(hasher.digest() == expected)
        }
        hasher.reset()
        #expect(hasher.digest() == Digests.sha256([UInt8]().span))
    }
}
