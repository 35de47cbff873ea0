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
}
