import Bytes
import OpenSSL
import TestSupport

/// A connection with TLS, byte for byte as `WireConnection` is one without.
final class SecureConnection {
    let connection: WireConnection
    let channel: Channel
    private var plain = ByteBuffer()
    /// Whether the server has ended its output by close_notify.
    private(set) var hasEnded = false

    /// Shakes hands.
    /// - Throws: `TLSFailure` if either side does not like the other.
    init(port: UInt16, _ context: TLSContext, host: String = "localhost", at address: String = "127.0.0.1") throws {
        connection = try WireConnection(port: port, at: address)
        channel = try context.connect(to: host)
        var cipher: [UInt8] = []
        var output = ByteBuffer()
        while true {
            let state = channel.handshake(cipher: cipher.span, into: &output)
            if !output.isEmpty { try connection.send(Array(output.bytes)) }
            output.removeAll()
            switch state {
            case .needsMore: break
            case .failed(let failure):
                // A server that notices the end before it has read the alert says nothing about it.
                while let rest = try? connection.receive(), !rest.isEmpty {}
                throw failure
            case .done(let used):
                try take(Array(cipher[used...]))
                return
            }
            cipher = try connection.receive()
            guard !cipher.isEmpty else { throw WireError(description: "the connection ended during the handshake") }
        }
    }

    /// - Returns: nothing. What came in is in `plain`.
    private func take(_ cipher: [UInt8]) throws {
        var answers = ByteBuffer()
        let result = channel.receive(cipher: cipher.span, into: &plain, output: &answers)
        if !answers.isEmpty { try? connection.send(Array(answers.bytes)) }
        switch result {
        case .open: break
        case .ended: hasEnded = true
        case .failed(let failure): throw failure
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sealed = ByteBuffer()
        guard channel.seal(plain: bytes.span, into: &sealed) else { throw WireError(description: "cannot seal") }
        try connection.send(Array(sealed.bytes))
    }

    /// Ends the output by close_notify.
    func end() throws {
        var sealed = ByteBuffer()
        channel.end(into: &sealed)
        try connection.send(Array(sealed.bytes))
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        while plain.count < count {
            let cipher = try connection.receive()
            guard !cipher.isEmpty else {
                throw WireError(description: "the connection ended after \(plain.count) of \(count) bytes")
            }
            try take(cipher)
        }
        let bytes = Array(plain.bytes.extracting(0..<count))
        plain.removeFirst(count)
        return bytes
    }

    /// Everything up to the end of the connection.
    func receiveAll() throws -> String {
        while case let cipher = try connection.receive(), !cipher.isEmpty { try take(cipher) }
        let bytes = Array(plain.bytes)
        plain.removeAll()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends requests and checks that exactly these bytes come back.
    func expect(_ requests: String, _ replies: String) throws {
        try send(requests)
        let found = String(decoding: try receive(exactly: replies.utf8.count), as: UTF8.self)
        guard found == replies else {
            throw WireError(description: "expected \(replies.debugDescription), found \(found.debugDescription)")
        }
    }
}
