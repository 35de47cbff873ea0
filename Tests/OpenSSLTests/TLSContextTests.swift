import OpenSSL
import TestCertificates
import Testing

@Suite("TLSContext")
struct TLSContextTests {
    private static func code(_ identity: TLSIdentity) -> TLSError.Code? {
        do throws(TLSError) {
            _ = try TLSContext.server(identity)
            return nil
        } catch { return error.code }
    }

    @Test("A certificate's facts are known, to the second")
    func facts() throws {
        let certificate = try #require(Fixture.server.certificate)
        #expect(certificate.subject == "CN=db1" && certificate.issuer == "CN=Test authority")
        #expect(certificate.notAfter - certificate.notBefore == 86_400 + 3600)
        #expect(certificate.notBefore > 1_700_000_000 && certificate.fingerprint.count == 64)
        #expect(Fixture.server.warnings.isEmpty && Fixture.server.authoritiesNotAfter == nil)
        let short = TestCertificate(CertificateRequest("Short", validity: -60...600, isAuthority: true))
        let both = PEMFile(Fixture.authority.certificate + short.certificate, name: "both.pem")
        let client = try TLSContext.client(trust: .authorities(both))
        let end = try #require(client.authoritiesNotAfter)
        #expect(abs(end - (certificate.notBefore + 3600 + 600)) < 60)
    }

    @Test("Key and certificate must belong together and be what they are called")
    func mismatches() {
        let (server, client) = (Fixture.serverCertificate, Fixture.clientCertificate)
        func file(_ bytes: [UInt8]) -> PEMFile { PEMFile(bytes, name: "file") }
        func code(_ certificate: [UInt8], _ key: [UInt8]) -> TLSError.Code? {
            TLSContextTests.code(TLSIdentity(certificate: file(certificate), key: file(key)))
        }
        #expect(code(server.certificate, server.privateKey) == nil)
        #expect(code(server.certificate, client.privateKey) == .keyMismatch)
        #expect(code([], server.privateKey) == .invalidFile)
        #expect(code(server.privateKey, server.privateKey) == .invalidFile)
        #expect(code(server.certificate, server.certificate) == .invalidFile)
        #expect(code(server.certificate, []) == .invalidFile)
        // Half-written files.
        #expect(code(Array(server.certificate.dropLast(40)), server.privateKey) == .invalidFile)
        #expect(code(server.certificate, Array(server.privateKey.dropLast(40))) == .invalidFile)
        #expect(code(server.certificate + Array(server.certificate.dropLast(40)), server.privateKey) == .invalidFile)
    }

    @Test("Each certificate of a chain must have issued the one before it")
    func chains() throws {
        let middle = TestCertificate(CertificateRequest("Middle", isAuthority: true), issuer: Fixture.authority)
        let leaf = TestCertificate(CertificateRequest("db1", names: "DNS:db1.example"), issuer: middle)
        let server = try TLSContext.server(leaf.identity(chain: [middle]))
        let pair = try Pair(Fixture.client, server)
        pair.shake()
        #expect(pair.isDone)
        #expect(TLSContextTests.code(leaf.identity(chain: [middle, Fixture.authority])) == nil)
        #expect(TLSContextTests.code(leaf.identity(chain: [Fixture.authority])) == .brokenChain)
        #expect(TLSContextTests.code(leaf.identity(chain: [Fixture.authority, middle])) == .brokenChain)
        // Without the middle no client can know the chain.
        let short = try Pair(Fixture.client, TLSContext.server(leaf.identity()))
        short.shake()
        #expect(short.client.failure?.code == .unknownAuthority)
        // An intermediate authority may be trusted by itself.
        let client = try TLSContext.client(trust: .authorities(middle.authorities))
        let direct = try Pair(client, TLSContext.server(leaf.identity()))
        direct.shake()
        #expect(direct.isDone)
    }

    @Test("An encrypted key needs its password, and no terminal is asked")
    func passwords() {
        let certificate = Fixture.serverCertificate
        func code(_ password: String?) -> TLSError.Code? {
            TLSContextTests.code(
                TLSIdentity(
                    certificate: PEMFile(certificate.certificate, name: "a.crt"),
                    key: PEMFile(certificate.privateKey(password: Array("horse".utf8)), name: "a.key"),
                    keyPassword: password.map { Array($0.utf8) }))
        }
        #expect(code("horse") == nil)
        #expect(code("house") == .wrongKeyPassword)
        #expect(code("") == .wrongKeyPassword)
        #expect(code(nil) == .wrongKeyPassword)
        #expect(code(String(repeating: "x", count: 5000)) == .wrongKeyPassword)
    }

    @Test("What can be loaded and will not work is a warning")
    func warnings() throws {
        func warnings(_ request: CertificateRequest) throws -> [TLSWarning] {
            try TLSContext.server(TestCertificate(request, issuer: Fixture.authority).identity()).warnings
        }
        #expect(try warnings(CertificateRequest("a", names: "DNS:a")) == [])
        #expect(try warnings(CertificateRequest("a")) == [.noNames(file: "a.crt")])
        let usage = CertificateRequest("a", names: "DNS:a", usage: "clientAuth")
        #expect(try warnings(usage) == [.wrongUsage(file: "a.crt", needed: "serverAuth")])
        let old = try warnings(CertificateRequest("a", names: "DNS:a", validity: -7200 ... -60))
        guard case .expired? = old.first else { throw TLSError(.refused, file: "", "\(old)") }
        let new = try warnings(CertificateRequest("a", names: "DNS:a", validity: 3600...7200))
        guard case .notYetValid? = new.first else { throw TLSError(.refused, file: "", "\(new)") }
        let ended = TestCertificate(CertificateRequest("Old", validity: -7200 ... -60, isAuthority: true))
        let client = try TLSContext.client(trust: .authorities(ended.authorities))
        #expect(client.warnings == [.authorityExpired(file: "Old.ca.crt", subject: "CN=Old")])
    }

    @Test("Settings that contradict each other are errors, and errors name the file")
    func settings() throws {
        let identity = Fixture.serverCertificate.identity()
        #expect(throws: TLSError.self) { try TLSContext.server(identity, clientCertificates: .required) }
        #expect(throws: TLSError.self) { try TLSContext.server(identity, protocols: [""]) }
        #expect(throws: TLSError.self) {
            try TLSContext.server(identity, protocols: [String(repeating: "x", count: 256)])
        }
        let missing = #expect(throws: TLSError.self) { try PEMFile(path: "/nonexistent/a.crt") }
        #expect(missing?.description == "/nonexistent/a.crt: it cannot be read: No such file or directory")
        #expect(throws: TLSError.self) { try PEMFile(path: "/") }
        #expect(throws: TLSError.self) { try PEMFile(path: "/dev/zero") }
        let notAList = PEMFile(Fixture.authority.certificate, name: "revoked.pem")
        #expect(throws: TLSError.self) {
            try TLSContext.client(trust: .authorities(Fixture.authority.authorities), revocations: notAList)
        }
    }
}

@Suite("PeerNames")
struct PeerNamesTests {
    @Test("Names of a client are had with their kinds")
    func names() throws {
        let pair = try Pair(Fixture.mutualClient, Fixture.mutualServer)
        pair.shake()
        let names = try #require(pair.server.channel.names)
        #expect(
            names.all == ["uri:spiffe://example/alice", "dns:alice.example", "email:alice@example.com", "cn:alice"])
        #expect(names.refused == 0)
        #expect(pair.server.channel.peerCertificate?.subject == "CN=alice")
    }

    @Test(
        "A name with a character that has no place in it is left out",
        arguments: ["admin\0.example", "a b", "a\n", "", "ä"])
    func refused(name: String) throws {
        let certificate = TestCertificate(
            CertificateRequest("bob\nadmin", rawName: Array(name.utf8)), issuer: Fixture.authority)
        let client = try TLSContext.client(
            trust: .authorities(Fixture.authority.authorities), identity: certificate.identity())
        let pair = try Pair(client, Fixture.mutualServer)
        pair.shake()
        let names = try #require(pair.server.channel.names)
        #expect(names.all.isEmpty && names.refused == 2)
        #expect(pair.server.channel.peerCertificate?.subject == "CN=bob\\0Aadmin")
    }
}
