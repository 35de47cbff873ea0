import Bytes
import OpenSSL
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "SHA-1 has the values that FIPS 180 gives",
        arguments: [
            ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            ("a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
        ])
    func sha1(text: String, count: Int, digest: String) {
        let bytes = Array(String(repeating: text, count: count).utf8)
        #expect(Digests.hexadecimal(Digests.sha1(bytes.span)) == digest)
    }

    @Test(
        "SHA-256 has the values that FIPS 180 gives",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func sha256(text: String, digest: String) {
        #expect(Digests.hexadecimal(Digests.sha256(Array(text.utf8).span)) == digest)
    }

    @Test(
        "HMAC-SHA-256 has the values of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                Array(1...25), [UInt8](repeating: 0xcd, count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            // The empty key and text, which Swift lends as no memory at all (computed by Python's hmac).
            ([], [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
        ] as [([UInt8], [UInt8], String)])
    func hmac(key: [UInt8], text: [UInt8], digest: String) {
        #expect(Digests.hexadecimal(Digests.hmacSHA256(text.span, key: key.span)) == digest)
    }

    private func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { Digests.areEqual(one.span, other.span) }

    @Test("Secrets are equal if all their bytes are")
    func equality() {
        let secret = RandomBytes.make(64)
        #expect(areEqual(secret, secret))
        for bit in 0..<secret.count * 8 {
            var other = secret
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!areEqual(secret, other))
        }
        #expect(!areEqual(secret, Array(secret.dropLast())))
        #expect(areEqual([], []))
    }

    @Test("Random bytes differ and have the wanted number")
    func random() {
        #expect(RandomBytes.make(0).isEmpty && RandomBytes.make(1000).count == 1000)
        #expect(Set((0..<100).map { _ in RandomBytes.make(16) }).count == 100)
    }

    @Test("Cleansing leaves nothing of a buffer's memory")
    func cleansing() {
        var array = Array("secret".utf8)
        array.cleanse()
        #expect(array.isEmpty)
        var buffer = ByteBuffer()
        buffer.append(text: "secret and more")
        buffer.removeFirst(7)
        let capacity = buffer.capacity
        buffer.cleanse()
        #expect(buffer.isEmpty && buffer.capacity == capacity)
        // What is appended without being written is what was there.
        unsafe buffer.append(upTo: capacity) { $0.count }
        #expect(Array(buffer.bytes) == [UInt8](repeating: 0, count: capacity))
        var fresh = ByteBuffer()
        fresh.cleanse()
        #expect(fresh.capacity == 0)
    }
}
