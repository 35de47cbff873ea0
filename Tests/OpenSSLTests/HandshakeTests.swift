import Bytes
import OpenSSL
import TestCertificates
import Testing

@Suite("Handshakes that are refused")
struct HandshakeTests {
    private static var trust: ServerTrust { .authorities(Fixture.authority.authorities) }

    /// Shakes hands with a server that has another certificate.
    private static func failure(ofServer request: CertificateRequest, host: String = Fixture.host) throws -> TLSFailure?
    {
        let server = try TLSContext.server(TestCertificate(request, issuer: Fixture.authority).identity())
        let pair = try Pair(Fixture.client, server, host: host)
        pair.shake()
        if pair.client.failure != nil {
            // The server hears why.
            #expect(pair.server.failure?.code == .refusedByPeer)
        }
        return pair.client.failure
    }

    /// Shakes hands with a client that has another certificate, or none.
    private static func failure(
        ofClient certificate: TestCertificate?, server: TLSContext = Fixture.mutualServer,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws -> TLSFailure? {
        let client = try TLSContext.client(trust: trust, identity: certificate?.identity(), versions: versions)
        let pair = try Pair(client, server)
        pair.shake()
        if pair.server.failure != nil { #expect(pair.client.failure?.code == .refusedByPeer) }
        return pair.server.failure
    }

    @Test("A server's certificate must be valid today")
    func serverDates() throws {
        let expired = CertificateRequest("db1", names: "DNS:db1.example", validity: -7200 ... -60)
        let failure = try #require(try HandshakeTests.failure(ofServer: expired))
        #expect(failure.code == .expired)
        #expect(failure.text == "the peer's certificate (CN=db1) is refused: certificate has expired")
        let early = CertificateRequest("db1", names: "DNS:db1.example", validity: 3600...7200)
        #expect(try HandshakeTests.failure(ofServer: early)?.code == .notYetValid)
    }

    @Test(
        "A server's certificate must be for its name",
        arguments: [
            ("db1.example", nil), ("DB1.example", nil), ("db1.example.", nil), ("127.0.0.1", nil), ("::1", nil),
            ("::1%lo", nil), ("a.wild.example", nil), ("a.b.wild.example", .wrongName), ("wild.example", .wrongName),
            ("db2.example", .wrongName), ("127.0.0.2", .wrongName), ("::2", .wrongName), ("db1", .wrongName),
        ] as [(String, TLSFailure.Code?)])
    func names(host: String, code: TLSFailure.Code?) throws {
        let pair = try Pair(host: host)
        pair.shake()
        #expect(pair.client.failure?.code == code)
        if code != nil { #expect(pair.client.failure?.text.hasSuffix("\(host) was expected") == true) }
    }

    @Test("A host that cannot be checked is an error", arguments: ["", ".", "%eth0", "db1\0.example"])
    func badHosts(host: String) {
        #expect(throws: TLSError.self) { try Fixture.client.connect(to: host) }
    }

    @Test("A common name is not a host name")
    func commonName() throws {
        #expect(try HandshakeTests.failure(ofServer: CertificateRequest("db1.example"))?.code == .wrongName)
    }

    @Test("A certificate of another authority is refused, unless the client takes any")
    func authorities() throws {
        let stranger = TestCertificate(CertificateRequest("Test authority", isAuthority: true))
        let server = try TLSContext.server(
            TestCertificate(CertificateRequest("db1", names: "DNS:db1.example"), issuer: stranger).identity())
        let pair = try Pair(Fixture.client, server)
        pair.shake()
        #expect(pair.client.failure?.code == .unknownAuthority)
        let open = try Pair(TLSContext.client(trust: .unverified), server)
        open.shake()
        #expect(open.isDone && open.client.channel.names == nil)
        let system = try Pair(TLSContext.client(trust: .system), server)
        system.shake()
        #expect(system.client.failure?.code == .unknownAuthority)
    }

    @Test("A client must send a certificate where one is required", arguments: [TLSVersion.tls12, .tls13])
    func noCertificate(version: TLSVersion) throws {
        let failure = try #require(try HandshakeTests.failure(ofClient: nil, versions: version...version))
        #expect(failure.code == .noCertificate && failure.text == "the client sent no certificate")
        let pair = try Pair(Fixture.client(version), Fixture.mutualServer)
        pair.shake()
        let alert = version == .tls12 ? "handshake failure (alert 40)" : "certificate required (alert 116)"
        #expect(pair.client.failure?.text == "the peer refused: \(alert)")
    }

    @Test("An optional certificate is verified if it is sent")
    func optional() throws {
        let server = try TLSContext.server(
            Fixture.serverCertificate.identity(), clientCertificates: .optional,
            authorities: Fixture.authority.authorities)
        #expect(try HandshakeTests.failure(ofClient: nil, server: server) == nil)
        #expect(try HandshakeTests.failure(ofClient: Fixture.clientCertificate, server: server) == nil)
        let own = TestCertificate(CertificateRequest("alice"))
        #expect(try HandshakeTests.failure(ofClient: own, server: server)?.code == .unknownAuthority)
    }

    @Test("A client's certificate must be valid, a client's, and of a trusted authority")
    func clientCertificates() throws {
        func code(_ request: CertificateRequest, _ issuer: TestCertificate = Fixture.authority) throws -> TLSFailure
            .Code?
        {
            try HandshakeTests.failure(ofClient: TestCertificate(request, issuer: issuer))?.code
        }
        #expect(try code(CertificateRequest("bob")) == nil)
        #expect(try code(CertificateRequest("bob", usage: "serverAuth,clientAuth")) == nil)
        #expect(try code(CertificateRequest("bob", usage: "serverAuth")) == .wrongUsage)
        #expect(try code(CertificateRequest("bob", validity: -7200 ... -60)) == .expired)
        #expect(try code(CertificateRequest("bob", validity: 3600...7200)) == .notYetValid)
        let stranger = TestCertificate(CertificateRequest("Stranger", isAuthority: true))
        #expect(try code(CertificateRequest("bob"), stranger) == .unknownAuthority)
        // A leaf is not an authority.
        #expect(try code(CertificateRequest("bob"), Fixture.clientCertificate) != nil)
    }

    @Test("A revoked certificate is refused, and one whose list is missing or has ended")
    func revocation() throws {
        let bob = TestCertificate(CertificateRequest("bob"), issuer: Fixture.authority)
        func server(_ list: [UInt8]) throws -> TLSContext {
            try .server(
                Fixture.serverCertificate.identity(), clientCertificates: .required,
                authorities: Fixture.authority.authorities, revocations: PEMFile(list, name: "revoked.pem"))
        }
        let current = try server(Fixture.authority.revocationList(of: [bob]))
        #expect(current.warnings.isEmpty)
        #expect(try HandshakeTests.failure(ofClient: bob, server: current)?.code == .revoked)
        #expect(try HandshakeTests.failure(ofClient: Fixture.clientCertificate, server: current) == nil)
        let old = try server(Fixture.authority.revocationList(of: [], end: -60))
        #expect(old.warnings == [.revocationListExpired(file: "revoked.pem")])
        #expect(try HandshakeTests.failure(ofClient: bob, server: old)?.code == .noRevocationList)
        let stranger = TestCertificate(CertificateRequest("Stranger", isAuthority: true))
        let foreign = try server(stranger.revocationList(of: []))
        #expect(try HandshakeTests.failure(ofClient: bob, server: foreign)?.code == .noRevocationList)
    }

    @Test("A certificate that ended since its session began is not resumed")
    func endedSession() async throws {
        let short = TestCertificate(CertificateRequest("bob", validity: -60...2), issuer: Fixture.authority)
        let client = try TLSContext.client(trust: HandshakeTests.trust, identity: short.identity())
        let first = try Pair(client, Fixture.mutualServer)
        first.shake()
        #expect(first.isDone)
        let session = try #require(first.client.channel.session)
        try await Task.sleep(for: .milliseconds(3100))
        let second = try Pair(client, Fixture.mutualServer, resuming: session)
        second.shake()
        #expect(second.server.failure?.code == .expired)
    }

    @Test(
        "A server accepts TLS 1.2 and later, and AEAD ciphers with forward secrecy",
        arguments: [
            (0x0301, 0xc02b, .wrongVersion), (0x0302, 0xc02b, .wrongVersion), (0x0303, 0xc009, .noSharedCipher),
            (0x0303, 0xc023, .noSharedCipher), (0x0303, 0x009c, .noSharedCipher), (0x0303, 0xc02b, nil),
        ] as [(Int, Int, TLSFailure.Code?)])
    func oldHellos(version: Int, cipher: Int, code: TLSFailure.Code?) {
        let server = Side(Fixture.server.accept())
        server.take(HandshakeTests.hello(version: version, cipher: cipher))
        #expect(server.failure?.code == code)
        // An alert, or the server's part of the handshake.
        #expect(server.takeOutput().first == (code == nil ? 22 : 21))
    }

    /// A ClientHello of RFC 5246 with one cipher.
    private static func hello(version: Int, cipher: Int) -> [UInt8] {
        func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
        let extensions: [UInt8] =
            [0, 10, 0, 4, 0, 2, 0, 23]  // supported_groups: P-256
            + [0, 11, 0, 2, 1, 0]  // ec_point_formats: uncompressed
            + [0, 13, 0, 4, 0, 2, 4, 3]  // signature_algorithms: ECDSA with SHA-256
        let body =
            two(version) + RandomBytes.make(32) + [0] + two(2) + two(cipher) + [1, 0]
            + two(extensions.count) + extensions
        let message = [1, 0] + two(body.count) + body
        return [22, 3, 1] + two(message.count) + message
    }

    @Test("A server for TLS 1.3 alone refuses TLS 1.2")
    func minimumVersion() throws {
        let server = try TLSContext.server(Fixture.serverCertificate.identity(), versions: .tls13 ... .tls13)
        let pair = try Pair(Fixture.oldClient, server)
        pair.shake()
        #expect(pair.server.failure?.code == .wrongVersion)
        #expect(pair.client.failure?.alert == 70)
    }

    @Test(
        "A client that offers protocols must offer one of the server's",
        arguments: [
            (["puffin", "redis"], [], true, nil), (["puffin", "redis"], ["redis"], true, "redis"),
            (["puffin", "redis"], ["redis", "puffin"], true, "puffin"),
            (["puffin", "redis"], ["http/1.1"], false, nil),
            (["puffin", "redis"], ["h2", "http/1.1"], false, nil),
            (["http/1.1"], ["h2", "http/1.1"], true, "http/1.1"), ([], ["h2"], true, nil),
        ] as [([String], [String], Bool, String?)])
    func protocols(server: [String], client: [String], isAccepted: Bool, chosen: String?) throws {
        let pair = try Pair(
            TLSContext.client(trust: HandshakeTests.trust, protocols: client),
            TLSContext.server(Fixture.serverCertificate.identity(), protocols: server))
        pair.shake()
        #expect(pair.isDone == isAccepted)
        #expect(pair.server.channel.applicationProtocol == chosen && pair.client.channel.applicationProtocol == chosen)
        guard !isAccepted else { return }
        #expect(pair.server.failure?.code == .noSharedProtocol)
        #expect(pair.client.failure?.alert == 120)
    }

    @Test(
        "Plain text at a TLS port is named",
        arguments: ["*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\r\n", "PING\n", "\0"])
    func plainText(text: String) {
        let server = Side(Fixture.server.accept())
        server.take(Array(text.utf8))
        #expect(server.failure?.code == .plainText)
        #expect(server.takeOutput().isEmpty)
    }

    @Test("A server that speaks no TLS is named")
    func plainServer() throws {
        let pair = try Pair()
        pair.client.begin()
        pair.client.take(Array("ERROR: unknown command\n".utf8))
        #expect(pair.client.failure?.code == .plainText)
    }

    @Test("Random bytes behind a record's header end a handshake and take no memory")
    func garbage() {
        let seed = UInt64.random(in: 0 ..< .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let server = Side(Fixture.server.accept())
            server.take([22, 3, UInt8(random.below(5)), UInt8(random.below(80)), UInt8(random.below(256))])
            for _ in 0..<4 { server.take(random.bytes(random.below(6000))) }
            #expect(!server.isDone && server.received.isEmpty)
        }
    }
}
