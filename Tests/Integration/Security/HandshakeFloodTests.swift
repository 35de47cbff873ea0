import Bytes
import Foundation
import OpenSSL
import TestSupport
import Testing

/// Many handshakes that are begun and not ended, while others are served.
@Suite("Half handshakes", .serialized)
struct HandshakeFloodTests {
    /// How far one goes.
    private enum Half: CaseIterable {
        case connected, firstByte, halfHello, hello, helloAndEnd

        func send(_ hello: [UInt8], on connection: WireConnection) {
            switch self {
            case .connected: break
            case .firstByte: connection.sendWithoutWaiting([0x16])
            case .halfHello: connection.sendWithoutWaiting(Array(hello.prefix(hello.count / 2)))
            case .hello: connection.sendWithoutWaiting(hello)
            case .helloAndEnd:
                connection.sendWithoutWaiting(hello)
                connection.endSending()
            }
        }
    }

    /// Others that are served meanwhile: they make requests, and handshakes of their own, until they are ended.
    private final class Others: @unchecked Sendable {
        private let condition = NSCondition()
        private var isEnding = false
        private var hasEnded = false
        private var counts = (requests: 0, handshakes: 0)
        private var failure: (any Error)?

        init(_ port: UInt16, _ context: TLSContext) {
            Thread.detachNewThread { [self] in
                do { try serve(port, context) } catch { condition.withLock { failure = error } }
                condition.withLock {
                    hasEnded = true
                    condition.broadcast()
                }
            }
        }

        private func serve(_ port: UInt16, _ context: TLSContext) throws {
            let old = try SecureConnection(port: port, context)
            while !condition.withLock({ isEnding }) {
                for _ in 0..<50 { try old.expect("SET a 1\nGET a\n", "OK\n1\n") }
                try SecureConnection(port: port, context).expect("PING\n", "PONG\n")
                condition.withLock {
                    counts.requests += 101
                    counts.handshakes += 1
                }
            }
        }

        var handshakes: Int { condition.withLock { counts.handshakes } }

        func end() throws -> (requests: Int, handshakes: Int) {
            try condition.withLock {
                isEnding = true
                while !hasEnded { condition.wait() }
                if let failure { throw failure }
                return counts
            }
        }
    }

    @Test("others are served, and nothing is left of the halves in the end", arguments: SeededRandom.seeds(1))
    func flood(seed: UInt64) throws {
        // The test holds a descriptor for each of them.
        let size = Torture.isOn ? 2000 : 200
        try DescriptorLimit.raise(to: size + 1000)
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let server = try ServerProcess(data: folder + "/puffin.json", files.options() + ["--durability", "never"])
            let context = try files.context()
            var hello = ByteBuffer()
            let nothing: [UInt8] = []
            _ = try context.connect(to: "localhost").handshake(cipher: nothing.span, into: &hello)
            let bytes = Array(hello.bytes)
            var random = SeededRandom(seed: seed)
            let before = try server.openFiles
            let others = Others(server.port, context)
            var halves: [(connection: WireConnection, half: Half)] = []
            var begun = 0
            let end = Date(timeIntervalSinceNow: Torture.isOn ? 60 : 0)
            // The server closes some of them; then others take their places.
            while begun < 2 * size || others.handshakes < 20 || Date() < end {
                if halves.count < size {
                    // From few networks, as an attacker's would be.
                    let connection = try server.connect(from: "127.0.\(1 + random.below(3)).1")
                    let half = Half.allCases[random.below(Half.allCases.count)]
                    half.send(bytes, on: connection)
                    halves.append((connection, half))
                    begun += 1
                } else {
                    halves.removeAll { $0.half != .hello && $0.connection.hasReceived }
                    // Others give up.
                    halves.removeFirst(min(halves.count, size / 100))
                    usleep(10_000)
                }
            }
            let served = try others.end()
            halves.removeAll()
            try wait("the end of the halves", description: { server.log }) { try server.openFiles == before }
            print(
                "half handshakes (seed \(seed)): \(begun), \(size) at a time; meanwhile \(served.requests) requests and "
                    + "\(served.handshakes) handshakes of others")
            #expect(server.stop() == 0)
        }
    }
}

extension ServerProcess {
    /// How many descriptors it has open.
    var openFiles: Int {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.id)/fd").count }
    }
}
