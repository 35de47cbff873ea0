// How two servers prove to each other that they know the same secret, before either believes the other. The secret itself never
// travels, and each proof is bound to both nonces and to the TLS channel, so it is worth nothing on another connection.
//
//     who dials     PROVE {"version":1,"key":"K","nonce":"A"}
//     who answers   {"nonce":"B","proof":HMAC-SHA-256(secret, "answers" A B binding)}
//     who dials     PROVE {"proof":HMAC-SHA-256(secret, "dials" A B binding)}, and its first request right behind it
//
// A and B are 32 hexadecimal digits. K is the first 8 of HMAC-SHA-256(secret, "key"): while a secret is replaced, the side that answers
// has two. The binding is the channel's exporter `EXPORTER-Channel-Binding` (RFC 9266), empty without TLS:
// then a proof keeps strangers and mistakes away, and nobody who reads and changes what is on the wire.

import Bytes
import OpenSSL

/// A secret that servers share.
package struct LinkSecret: Sendable, Equatable, CustomStringConvertible {
    fileprivate let bytes: [UInt8]

    package var description: String { "***" }

    /// The sizes of a secret, in bytes.
    package static let sizes = 16...512

    /// - Returns: nil if it is too short or too long, or has control characters.
    package init?(_ text: some StringProtocol) {
        bytes = Array(text.utf8)
        guard LinkSecret.sizes.contains(bytes.count), bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return nil }
    }

    /// Which of several secrets it is: 8 hexadecimal digits.
    fileprivate var key: String {
        String(Digests.hexadecimal(Digests.hmacSHA256(Array("key".utf8).span, key: bytes.span)).prefix(8))
    }

    fileprivate func proof(_ role: String, _ dialing: String, _ answering: String, _ binding: [UInt8]) -> String {
        let text = Array("\(role) \(dialing) \(answering) ".utf8) + binding
        return Digests.hexadecimal(Digests.hmacSHA256(text.span, key: bytes.span))
    }
}

/// A number that is used once: 16 random bytes as hexadecimal digits.
package struct LinkNonce: Sendable, Equatable {
    let text: String

    package static func random() -> LinkNonce { LinkNonce(text: Digests.hexadecimal(RandomBytes.make(16))) }

    package init(text: String) { self.text = text }
}

/// Why a proof failed.
package enum LinkProofError: Error, Equatable, CustomStringConvertible {
    /// What the other side sent is not a line of this exchange.
    case malformed
    case otherVersion
    /// It uses a secret that this side does not have.
    case unknownKey
    /// It does not know the secret.
    case wrong

    package var description: String {
        switch self {
        case .malformed: "what it sent is no proof of replication.secret"
        case .otherVersion: "it proves replication.secret in another version"
        case .unknownKey, .wrong: "its replication.secret is another one"
        }
    }
}

/// The dialing side of one exchange.
package struct DialingProof {
    private let secret: LinkSecret
    private let nonce: LinkNonce
    private let binding: [UInt8]

    package init(_ secret: LinkSecret, nonce: LinkNonce, binding: [UInt8]) {
        (self.secret, self.nonce, self.binding) = (secret, nonce, binding)
    }

    /// The first line.
    package var greeting: ByteBuffer {
        proofLine("PROVE ") { json in
            json.member("version", 1)
            json.member("key", secret.key)
            json.member("nonce", nonce.text)
        }
    }

    /// The second line, once the other side has proved that it knows the secret.
    /// - Parameter line: the other side's answer.
    package func response(to line: Span<UInt8>) throws(LinkProofError) -> ByteBuffer {
        let answer = try ProofFields(line)
        guard let other = answer.nonce, let proof = answer.proof else { throw .malformed }
        guard areEqual(proof, secret.proof("answers", nonce.text, other, binding)) else { throw .wrong }
        let own = secret.proof("dials", nonce.text, other, binding)
        return proofLine("PROVE ") { $0.member("proof", own) }
    }
}

/// The answering side of one exchange.
package struct AnsweringProof {
    private let secret: LinkSecret
    private let nonce: LinkNonce
    private let dialing: String
    private let binding: [UInt8]

    /// Begins with the first line of the other side.
    /// - Parameters:
    ///   - greeting: what follows `PROVE`.
    ///   - secrets: those that are accepted.
    package init(
        _ greeting: Span<UInt8>, _ secrets: [LinkSecret], nonce: LinkNonce, binding: [UInt8]
    ) throws(LinkProofError) {
        let fields = try ProofFields(greeting)
        guard let version = fields.version, let dialing = fields.nonce else { throw .malformed }
        guard version == 1 else { throw .otherVersion }
        guard let secret = secrets.first(where: { $0.key == fields.key }) else { throw .unknownKey }
        (self.secret, self.nonce, self.dialing, self.binding) = (secret, nonce, dialing, binding)
    }

    /// The answer.
    package var answer: ByteBuffer {
        proofLine("") { json in
            json.member("nonce", nonce.text)
            json.member("proof", secret.proof("answers", dialing, nonce.text, binding))
        }
    }

    /// Checks the other side's proof.
    /// - Parameter line: what follows the second `PROVE`.
    package func check(_ line: Span<UInt8>) throws(LinkProofError) {
        guard let proof = try ProofFields(line).proof else { throw .malformed }
        guard areEqual(proof, secret.proof("dials", dialing, nonce.text, binding)) else { throw .wrong }
    }
}

/// The members of an object of the exchange. Others are passed over: a later version may have them.
private struct ProofFields {
    var version: Int?
    var key: String?
    var nonce: String?
    var proof: String?

    init(_ line: Span<UInt8>) throws(LinkProofError) {
        do throws(JSONError) {
            var reader = JSONReader(line, depthLimit: 1)
            _ = try reader.next()
            var token = try reader.next()
            while case .name(let name) = token {
                take(String(decoding: name, as: UTF8.self), try reader.next())
                token = try reader.next()
            }
        } catch {
            throw .malformed
        }
    }

    private mutating func take(_ name: String, _ value: JSONToken) {
        switch (name, value) {
        case ("version", .number(let digits)): version = digits.span.decimal
        case ("key", .text(let text)): key = String(decoding: text, as: UTF8.self)
        case ("nonce", .text(let text)) where text.count == 32: nonce = String(decoding: text, as: UTF8.self)
        case ("proof", .text(let text)) where text.count == 64: proof = String(decoding: text, as: UTF8.self)
        default: break
        }
    }
}

private func areEqual(_ left: String, _ right: String) -> Bool {
    Digests.areEqual(Array(left.utf8).span, Array(right.utf8).span)
}

private func proofLine(_ command: StaticString, _ members: (inout JSONWriter) -> Void) -> ByteBuffer {
    var line = ByteBuffer()
    line.append(command)
    line.append(json: .compact) { $0.object(members) }
    line.append("\n")
    return line
}
