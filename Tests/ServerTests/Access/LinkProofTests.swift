import Bytes
import Server
import Testing

/// The exchange by which two servers prove that they know the same secret.
@Suite("Proofs of a secret")
struct LinkProofTests {
    private let first: LinkSecret
    private let second: LinkSecret
    private let nonces = (
        LinkNonce(text: String(repeating: "a", count: 32)), LinkNonce(text: String(repeating: "b", count: 32))
    )

    init() throws {
        first = try #require(LinkSecret("a secret of servers"))
        second = try #require(LinkSecret("another secret of servers"))
    }

    /// What follows `PROVE` in a line.
    private func rest(_ line: borrowing ByteBuffer) -> [UInt8] {
        let bytes = Array(line.bytes)
        return Array(bytes.drop { $0 != UInt8(ascii: "{") }.dropLast())
    }

    private func exchange(
        _ secret: LinkSecret, _ secrets: [LinkSecret], binding: [UInt8] = [], otherBinding: [UInt8]? = nil
    ) throws(LinkProofError) {
        let dialing = DialingProof(secret, nonce: nonces.0, binding: binding)
        let greeting = rest(dialing.greeting)
        let answering = try AnsweringProof(
            greeting.span, secrets, nonce: nonces.1, binding: otherBinding ?? binding)
        let answer = rest(answering.answer)
        let response = try dialing.response(to: answer.span)
        let proof = rest(response)
        try answering.check(proof.span)
    }

    @Test("who knows the secret is believed, whichever of several it is")
    func known() throws {
        try exchange(first, [first])
        try exchange(second, [first, second], binding: [1, 2, 3])
    }

    @Test("who does not, or is on another channel, is not")
    func unknown() {
        #expect(throws: LinkProofError.unknownKey) { try exchange(first, [second]) }
        #expect(throws: LinkProofError.unknownKey) { try exchange(first, []) }
        #expect(throws: LinkProofError.wrong) { try exchange(first, [first], binding: [1], otherBinding: [2]) }
    }

    @Test("a proof of another exchange, or of the other side, is worth nothing")
    func replayed() throws {
        let dialing = DialingProof(first, nonce: nonces.0, binding: [])
        let answering = try AnsweringProof(rest(dialing.greeting).span, [first], nonce: nonces.1, binding: [])
        let answer = rest(answering.answer)
        let proof = rest(try dialing.response(to: answer.span))
        let later = try AnsweringProof(
            rest(dialing.greeting).span, [first], nonce: LinkNonce(text: String(repeating: "c", count: 32)), binding: []
        )
        #expect(throws: LinkProofError.wrong) { try later.check(proof.span) }
        // What was answered, sent back.
        #expect(throws: LinkProofError.wrong) { try answering.check(answer.span) }
        let again = DialingProof(first, nonce: nonces.1, binding: [])
        #expect(throws: LinkProofError.wrong) { _ = try again.response(to: answer.span) }
    }

    @Test("every changed byte of an exchange is noticed")
    func changed() throws {
        let dialing = DialingProof(first, nonce: nonces.0, binding: [])
        let answering = try AnsweringProof(rest(dialing.greeting).span, [first], nonce: nonces.1, binding: [])
        let answer = rest(answering.answer)
        let proof = rest(try dialing.response(to: answer.span))
        for index in answer.indices {
            var other = answer
            other[index] ^= 1
            #expect(throws: LinkProofError.self, "\(index)") { _ = try dialing.response(to: other.span) }
        }
        for index in proof.indices {
            var other = proof
            other[index] ^= 1
            #expect(throws: LinkProofError.self, "\(index)") { try answering.check(other.span) }
        }
    }

    @Test(
        "what is no line of the exchange is refused",
        arguments: [
            "", "x", "{}", "[]", #"{"version":1}"#,
            #"{"version":2,"key":"0","nonce":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
            #"{"version":1,"nonce":"short"}"#, #"{"proof":"00"}"#, #"{"version":{"a":1}}"#,
        ])
    func malformed(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: LinkProofError.self) {
            _ = try AnsweringProof(bytes.span, [first], nonce: nonces.1, binding: [])
        }
        let dialing = DialingProof(first, nonce: nonces.0, binding: [])
        #expect(throws: LinkProofError.self) { _ = try dialing.response(to: bytes.span) }
    }

    @Test("a secret has 16 to 512 bytes and no control characters")
    func sizes() {
        #expect(LinkSecret(String(repeating: "x", count: 15)) == nil)
        #expect(LinkSecret(String(repeating: "x", count: 16)) != nil)
        #expect(LinkSecret(String(repeating: "x", count: 513)) == nil)
        #expect(LinkSecret("sixteen letters\u{1b}here") == nil)
    }
}
