import Bytes
import OpenSSL
import TestCertificates
import Testing

/// One end of a connection without a socket, and what has happened to it. Used by one thread at a time, as its channel is.
final class Side: @unchecked Sendable {
    let channel: Channel
    private(set) var isDone = false
    private(set) var hasEnded = false
    private(set) var failure: TLSFailure?
    private var plain = ByteBuffer()
    private var output = ByteBuffer()

    init(_ channel: Channel) { self.channel = channel }

    /// What was received and decrypted.
    var received: [UInt8] { plain.copy }

    /// Begins a handshake; for a client.
    func begin() { take([]) }

    func take(_ bytes: [UInt8]) {
        var used = 0
        if !isDone {
            switch channel.shake(cipher: bytes.span, into: &output) {
            case .needsMore: return
            case .done(let count): (isDone, used) = (true, count)
            case .failed(let failure):
                self.failure = failure
                return
            }
        }
        guard used < bytes.count else { return }
        let rest = bytes.span.extracting(used..<bytes.count)
        switch channel.receive(cipher: rest, into: &plain, answers: &output) {
        case .open: break
        case .ended: hasEnded = true
        case .failed(let failure): self.failure = failure
        }
    }

    func seal(_ bytes: [UInt8]) {
        let isDone = channel.seal(plain: bytes.span, into: &output)
        #expect(isDone)
    }

    /// Whether the channel still takes plaintext. If it does not, it must not have written any.
    var seals: Bool {
        var output = ByteBuffer()
        let isDone = channel.seal(plain: [1, 2, 3].span, into: &output)
        #expect(isDone != output.isEmpty)
        return isDone
    }

    func end() { channel.end(into: &output) }
    func updateKeys(asksPeer: Bool) -> Bool { channel.updateKeys(asksPeer: asksPeer, into: &output) }
    func startRenegotiation() -> Bool { channel.startRenegotiation(into: &output) }

    /// Takes what is to be sent.
    func takeOutput() -> [UInt8] {
        let bytes = output.copy
        output.removeAll()
        return bytes
    }

    func forgetReceived() { plain.removeAll() }
}

/// Two ends of a connection.
struct Pair: Sendable {
    let client: Side
    let server: Side

    init(_ client: Channel, _ server: Channel) {
        self.client = Side(client)
        self.server = Side(server)
    }

    init(
        _ client: TLSContext = Fixture.client, _ server: TLSContext = Fixture.server, host: String = Fixture.host,
        resuming session: TLSSession? = nil
    ) throws {
        self.init(try client.connect(to: host, resuming: session), server.accept())
    }

    var isDone: Bool { client.isDone && server.isDone && client.failure == nil && server.failure == nil }

    /// Carries bytes until neither side has anything to send.
    /// - Parameter carry: makes the pieces that arrive of the bytes that were sent. The flights are counted from 0; the client sends
    ///   the first.
    func exchange(_ carry: (Int, [UInt8]) -> [[UInt8]] = { [$1] }) {
        var flight = 0
        var isClient = true
        var silent = 0
        while silent < 2 {
            let (from, to) = isClient ? (client, server) : (server, client)
            let bytes = from.takeOutput()
            silent = bytes.isEmpty ? silent + 1 : 0
            if !bytes.isEmpty {
                for piece in carry(flight, bytes) where !piece.isEmpty { to.take(piece) }
                flight += 1
            }
            isClient.toggle()
        }
    }

    /// Shakes hands. On TLS 1.3 the server's ticket arrives as well.
    func shake(_ carry: (Int, [UInt8]) -> [[UInt8]] = { [$1] }) {
        client.begin()
        exchange(carry)
    }
}

/// Certificates and contexts that tests share.
enum Fixture {
    static let host = "db1.example"
    static let authority = TestCertificate(CertificateRequest("Test authority", isAuthority: true))
    static let serverCertificate = TestCertificate(
        CertificateRequest("db1", names: "DNS:db1.example,DNS:*.wild.example,IP:127.0.0.1,IP:::1", usage: "serverAuth"),
        issuer: authority)
    static let clientCertificate = TestCertificate(
        CertificateRequest(
            "alice", names: "URI:spiffe://example/alice,DNS:Alice.Example,email:alice@example.com", usage: "clientAuth"),
        issuer: authority)

    static let server = context { () throws(TLSError) in try .server(serverCertificate.identity()) }
    static let client = context { () throws(TLSError) in try .client(trust: .authorities(authority.authorities)) }
    /// TLS 1.2 alone.
    static let oldClient = context { () throws(TLSError) in
        try .client(trust: .authorities(authority.authorities), versions: .tls12 ... .tls12)
    }
    static let mutualServer = context { () throws(TLSError) in
        try .server(serverCertificate.identity(), clientCertificates: .required, authorities: authority.authorities)
    }
    static let mutualClient = context { () throws(TLSError) in
        try .client(trust: .authorities(authority.authorities), identity: clientCertificate.identity())
    }

    private static func context(_ make: () throws(TLSError) -> TLSContext) -> TLSContext {
        do { return try make() } catch { fatalError("\(error)") }
    }

    static func client(_ version: TLSVersion) -> TLSContext { version == .tls12 ? oldClient : client }
}

extension ByteBuffer {
    /// The content as an array.
    fileprivate var copy: [UInt8] { Array(bytes) }
}
