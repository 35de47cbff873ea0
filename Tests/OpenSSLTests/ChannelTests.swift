import Bytes
import OpenSSL
import TestCertificates
import Testing

@Suite("Channel")
struct ChannelTests {
    private static let versions: [TLSVersion] = [.tls12, .tls13]

    private static func text(_ pair: Pair) -> [UInt8] {
        pair.client.seal(Array("SET greeting hello".utf8))
        pair.exchange()
        return pair.server.received
    }

    @Test("Two sides shake hands and talk", arguments: versions)
    func conversation(version: TLSVersion) throws {
        let pair = try Pair(Fixture.client(version))
        pair.shake()
        #expect(pair.isDone)
        #expect(pair.client.channel.version == (version == .tls12 ? "TLSv1.2" : "TLSv1.3"))
        #expect(pair.client.channel.cipher == pair.server.channel.cipher)
        #expect(pair.server.channel.requestedHost == Fixture.host)
        #expect(!pair.client.channel.isResumed && pair.server.channel.names == nil)
        #expect(ChannelTests.text(pair) == Array("SET greeting hello".utf8))
        pair.server.seal(Array("OK".utf8))
        pair.exchange()
        #expect(pair.client.received == Array("OK".utf8))
    }

    @Test("A handshake may arrive in any two pieces", arguments: versions)
    func cutHandshakes(version: TLSVersion) throws {
        var largest = 1
        var cut = 1
        while cut < largest || cut == 1 {
            let pair = try Pair(Fixture.client(version))
            pair.shake { _, bytes in
                largest = max(largest, bytes.count)
                return [Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut))]
            }
            guard pair.isDone else {
                Issue.record("cut at \(cut): \(String(describing: pair.client.failure ?? pair.server.failure))")
                return
            }
            cut += 1
        }
    }

    @Test("Everything may arrive byte by byte", arguments: versions)
    func bytes(version: TLSVersion) throws {
        let pair = try Pair(Fixture.client(version))
        let split: (Int, [UInt8]) -> [[UInt8]] = { $1.map { [$0] } }
        pair.shake(split)
        #expect(pair.isDone)
        pair.client.seal(Array("one".utf8))
        pair.client.seal(Array("two".utf8))
        pair.client.end()
        pair.exchange(split)
        #expect(pair.server.received == Array("onetwo".utf8))
        #expect(pair.server.hasEnded)
    }

    @Test("Data may come in the same bytes as the end of the handshake")
    func earlyRequest() throws {
        let pair = try Pair()
        pair.client.begin()
        pair.server.take(pair.client.takeOutput())
        pair.client.take(pair.server.takeOutput())
        pair.client.seal(Array("PING".utf8))
        pair.server.take(pair.client.takeOutput())
        #expect(pair.server.isDone)
        #expect(pair.server.received == Array("PING".utf8))
    }

    @Test("A changed bit of a record gives no plaintext, of it or behind it", arguments: versions)
    func flippedRecords(version: TLSVersion) throws {
        var bit = 0
        var size = 1
        while bit < size * 8 {
            let pair = try Pair(Fixture.client(version))
            pair.shake()
            // Both are sealed first: a side that has failed seals nothing.
            let sent = [pair.client, pair.server].map { side in
                side.seal(Array("before".utf8))
                let before = side.takeOutput()
                side.seal([UInt8](repeating: 7, count: 36))
                var record = side.takeOutput()
                size = record.count
                record[bit / 8] ^= 1 << UInt8(bit % 8)
                side.seal(Array("behind".utf8))
                return before + record + side.takeOutput()
            }
            for (side, bytes) in [(pair.server, sent[0]), (pair.client, sent[1])] {
                side.take(bytes)
                // With another size the record may not be complete yet.
                guard side.received == Array("before".utf8), (3...4).contains(bit / 8) || side.failure != nil else {
                    Issue.record("bit \(bit): received \(side.received), failure \(String(describing: side.failure))")
                    return
                }
            }
            bit += 1
        }
        #expect(size < 80)
    }

    @Test("A changed bit of a handshake ends it or changes nothing", arguments: versions)
    func flippedHandshakes(version: TLSVersion) throws {
        let seed = UInt64.random(in: 0 ..< .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        var sizes: [Int] = []
        try Pair(Fixture.client(version)).shake { _, bytes in
            sizes.append(bytes.count)
            return [bytes]
        }
        var survived = 0
        for (flight, offset) in sizes.enumerated().flatMap({ flight, size in (0..<size).map { (flight, $0) } }) {
            let pair = try Pair(Fixture.client(version))
            let mask = UInt8(1) << UInt8(random.below(8))
            var isChanged = false
            pair.shake { number, bytes in
                guard number == flight, offset < bytes.count else { return [bytes] }
                isChanged = true
                var bytes = bytes
                bytes[offset] ^= mask
                return [bytes]
            }
            if pair.isDone {
                survived += isChanged ? 1 : 0
                let received = ChannelTests.text(pair)
                guard received == Array("SET greeting hello".utf8) || received.isEmpty else {
                    Issue.record("flight \(flight), byte \(offset): received \(received)")
                    return
                }
            } else if !pair.server.received.isEmpty || !pair.client.received.isEmpty {
                Issue.record("flight \(flight), byte \(offset): plaintext in a failed handshake")
            }
        }
        // Bytes that nothing protects: the version in the header of a first record; and the size of a last one, which then is not
        // complete.
        #expect(survived <= 8, "\(survived) changes had no consequence")
    }

    @Test("10 MiB pass in both directions, in pieces of any size", arguments: versions)
    func bulk(version: TLSVersion) throws {
        let seed = UInt64.random(in: 0 ..< .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        let pair = try Pair(Fixture.client(version))
        pair.shake()
        let content = random.bytes(10 << 20)
        for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
            var sent = 0
            while sent < content.count {
                let size = min(random.below(300_000) + 1, content.count - sent)
                from.seal(Array(content[sent..<sent + size]))
                sent += size
                let bytes = from.takeOutput()
                var taken = 0
                while taken < bytes.count {
                    let piece = min(random.below(40_000) + 1, bytes.count - taken)
                    to.take(Array(bytes[taken..<taken + piece]))
                    taken += piece
                }
            }
            #expect(to.failure == nil)
            #expect(to.received == content)
        }
    }

    @Test("A change of keys is answered and nothing is lost", arguments: [true, false])
    func keyUpdate(byClient: Bool) throws {
        let pair = try Pair()
        pair.shake()
        let (one, other) = byClient ? (pair.client, pair.server) : (pair.server, pair.client)
        for round in 0..<20 {
            #expect(one.updateKeys(asksPeer: true))
            one.seal([UInt8(round)])
            other.take(one.takeOutput())
            other.seal([UInt8(round)])
            // The answer, and the byte in the new keys.
            let answer = other.takeOutput()
            #expect(answer.count > 40)
            one.take(answer)
        }
        #expect(one.received == (0..<20).map { UInt8($0) } && other.received == one.received)
        #expect(try Pair(Fixture.oldClient).client.updateKeys(asksPeer: false) == false)
    }

    @Test("A key is changed before it has sealed too much", arguments: versions)
    func keyLimit(version: TLSVersion) throws {
        let pair = try Pair(Fixture.client(version))
        pair.shake()
        func size() -> Int {
            pair.client.seal([1])
            let bytes = pair.client.takeOutput()
            pair.server.take(bytes)
            return bytes.count
        }
        let usual = size()
        pair.client.channel.pretendSealed(1 << 36)
        let changed = size()
        #expect(version == .tls12 ? changed == usual : changed > usual)
        #expect(size() == usual && pair.server.received == [1, 1, 1])
    }

    @Test("Renegotiation is refused and disturbs nothing")
    func renegotiation() throws {
        let pair = try Pair(Fixture.oldClient)
        pair.shake()
        #expect(pair.client.startRenegotiation())
        let request = pair.client.takeOutput()
        #expect(!request.isEmpty)
        pair.server.take(request)
        #expect(pair.server.failure == nil)
        let answer = pair.server.takeOutput()
        // An alert: a warning, and no new handshake.
        #expect(answer.first == 21)
        pair.client.take(answer)
        #expect(pair.client.failure != nil)
    }

    @Test("close_notify ends the input, an end without it does not", arguments: versions)
    func ends(version: TLSVersion) throws {
        let pair = try Pair(Fixture.client(version))
        pair.shake()
        pair.client.seal(Array("last".utf8))
        pair.client.end()
        pair.client.end()
        let bytes = pair.client.takeOutput()
        let cutOff = bytes.dropLast()
        pair.server.take(Array(cutOff))
        #expect(pair.server.received == Array("last".utf8) && !pair.server.hasEnded)
        pair.server.take([bytes[bytes.count - 1]])
        #expect(pair.server.hasEnded && pair.server.failure == nil)
        pair.server.take([1, 2, 3])
        #expect(pair.server.hasEnded && pair.server.failure == nil && pair.server.received == Array("last".utf8))
        // The other direction is still open.
        pair.server.seal(Array("reply".utf8))
        pair.server.end()
        pair.exchange()
        #expect(pair.client.received == Array("reply".utf8) && pair.client.hasEnded)
        #expect(!pair.client.seals)
    }

    @Test("An alert of the peer is named")
    func alerts() throws {
        let pair = try Pair()
        pair.shake()
        pair.client.seal(Array("x".utf8))
        var record = pair.client.takeOutput()
        record[record.count - 1] ^= 1
        pair.server.take(record)
        #expect(pair.server.failure?.code == .badRecord)
        let alert = pair.server.takeOutput()
        #expect(!alert.isEmpty)
        pair.client.take(alert)
        #expect(pair.client.failure?.code == .refusedByPeer && pair.client.failure?.alert == 20)
        #expect(!pair.server.seals)
        pair.server.end()
        #expect(pair.server.takeOutput().isEmpty)
    }

    @Test("Both sides export the same bytes, and other connections others", arguments: versions)
    func exporter(version: TLSVersion) throws {
        let (pair, other) = (try Pair(Fixture.client(version)), try Pair(Fixture.client(version)))
        pair.shake()
        other.shake()
        let binding = try #require(pair.client.channel.exporter())
        #expect(binding.count == 32 && pair.server.channel.exporter() == binding)
        #expect(other.client.channel.exporter() != binding)
        #expect(pair.client.channel.exporter(label: "EXPORTER-other", length: 32) != binding)
    }

    @Test("A session is resumed once its ticket has come", arguments: versions, [false, true])
    func resumption(version: TLSVersion, isMutual: Bool) throws {
        let trust = ServerTrust.authorities(Fixture.authority.authorities)
        let client = try TLSContext.client(
            trust: trust, identity: isMutual ? Fixture.clientCertificate.identity() : nil, versions: version...version)
        let server = isMutual ? Fixture.mutualServer : Fixture.server
        var session: TLSSession?
        do {
            let first = try Pair(client, server)
            first.shake()
            session = first.client.channel.session
        }
        let kept = try #require(session)
        let second = try Pair(client, server, resuming: kept)
        second.shake()
        #expect(second.isDone && second.client.channel.isResumed && second.server.channel.isResumed)
        #expect(second.server.channel.names?.commonNames == (isMutual ? ["alice"] : nil))
        #expect(second.client.channel.names?.hosts.contains("db1.example") == true)

        // Another name is another server, whose certificate was not checked.
        let elsewhere = try Pair(client, server, host: "127.0.0.1", resuming: kept)
        elsewhere.shake()
        #expect(elsewhere.isDone && !elsewhere.client.channel.isResumed)

        // A context that was loaded anew has other keys.
        let reloaded = try TLSContext.server(
            Fixture.serverCertificate.identity(), clientCertificates: isMutual ? .required : .off,
            authorities: Fixture.authority.authorities)
        let third = try Pair(client, reloaded, resuming: second.client.channel.session)
        third.shake()
        #expect(third.isDone && !third.server.channel.isResumed)
    }

    @Test("Handshakes on other threads share contexts, and the channels come back")
    func threads() async throws {
        let pairs = try (0..<40).map { _ in try Pair(Fixture.mutualClient, Fixture.mutualServer) }
        await withTaskGroup(of: Void.self) { group in
            for pair in pairs {
                group.addTask { pair.shake() }
            }
        }
        for pair in pairs {
            #expect(pair.isDone && ChannelTests.text(pair) == Array("SET greeting hello".utf8))
        }
    }

    @Test("A connection outlives its contexts")
    func lifetimes() throws {
        let pair = try {
            try Pair(
                TLSContext.client(trust: .authorities(Fixture.authority.authorities), protocols: ["redis"]),
                TLSContext.server(Fixture.serverCertificate.identity(), protocols: ["puffin", "redis"]))
        }()
        pair.shake()
        #expect(pair.isDone && pair.server.channel.applicationProtocol == "redis")
        #expect(ChannelTests.text(pair) == Array("SET greeting hello".utf8))
    }
}
