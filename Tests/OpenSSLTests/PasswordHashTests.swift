import OpenSSL
import Testing

@Suite("PasswordHash")
struct PasswordHashTests {
    private static let cheap = PasswordHash.Cost(logN: 10, r: 8, p: 1)

    private func isVerified(_ password: String, by hash: PasswordHash) throws -> Bool {
        try hash.verify(Array(password.utf8).span)
    }

    @Test(
        "scrypt has the values of RFC 7914",
        arguments: [
            (
                "", "", 4, 1, 1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                    + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
            ),
            (
                "password", "NaCl", 10, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                    + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            ),
            (
                "pleaseletmein", "SodiumChloride", 14, 8, 1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                    + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
            ),
        ])
    func vectors(password: String, salt: String, logN: Int, r: Int, p: Int, expected: String) throws {
        let result = try PasswordHash.scrypt(
            Array(password.utf8).span, salt: Array(salt.utf8).span, cost: PasswordHash.Cost(logN: logN, r: r, p: p),
            size: 64)
        #expect(Digests.hexadecimal(result) == expected)
    }

    @Test("A hash verifies its password and no other, also after it was written and read")
    func verification() throws {
        let password = Array("correct horse".utf8)
        let hash = try PasswordHash.make(password: password.span, cost: PasswordHashTests.cheap)
        let read = try PasswordHash(hash.description)
        #expect(read == hash && hash.description.hasPrefix("$scrypt$ln=10,r=8,p=1$"))
        #expect(try isVerified("correct horse", by: read))
        #expect(try !isVerified("correct house", by: read))
        #expect(try !isVerified("", by: read))
        let other = try PasswordHash.make(password: password.span, cost: PasswordHashTests.cheap)
        #expect(other != hash)
    }

    @Test("A default hash has the costs of the design; the dummy matches nothing")
    func defaults() throws {
        #expect(PasswordHash.dummy.description.hasPrefix("$scrypt$ln=14,r=8,p=5$"))
        #expect(try !isVerified("", by: .dummy))
        #expect(PasswordHash.Cost().memory < 17 << 20)
    }

    @Test("A token is kept as its SHA-256")
    func tokens() throws {
        let hash = PasswordHash.make(token: Array("abc".utf8).span)
        #expect(hash.description == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let read = try PasswordHash(hash.description)
        #expect(try read == hash && isVerified("abc", by: read) && !isVerified("abd", by: read))
    }

    @Test("A hash of another program is read: Python's hashlib.scrypt made it")
    func foreign() throws {
        let text = "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M"
        #expect(try isVerified("correct horse", by: PasswordHash(text)))
    }

    @Test(
        "Texts that are no hashes are refused",
        arguments: [
            "", "$", "$scrypt", "$scrypt$", "$bcrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=14,r=8$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$r=8,ln=14,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=014,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=-1,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAB$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=14,r=8,p=5$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$",
            "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA$",
            "$scrypt$ln=9,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=18,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=17,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=14,r=0,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=10,r=999,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "sha256:", "sha256:ba78", "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
        ])
    func malformed(text: String) {
        #expect(throws: PasswordHashError.self) { try PasswordHash(text) }
    }

    @Test("Costs beyond the bounds are not computed")
    func bounds() {
        let password = Array("x".utf8)
        #expect(throws: PasswordHashError.self) {
            try PasswordHash.make(password: password.span, cost: PasswordHash.Cost(logN: 20, r: 32, p: 1))
        }
        #expect(throws: PasswordHashError.self) {
            try PasswordHash.make(password: password.span, salt: [1], cost: PasswordHashTests.cheap)
        }
    }
}
