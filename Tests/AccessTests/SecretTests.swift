import Access
import Bytes
import OpenSSL
import Testing

/// Passwords and tokens.
struct SecretTests {
    private func check(_ secret: String, of user: User?, at now: UInt64 = 0) -> SecretCheck {
        let bytes = Array(secret.utf8)
        return SecretChecks.check(bytes.span, of: user, at: now)
    }

    private let nothing = SecretCheck.needsScrypt([.dummy], counts: false)

    @Test("a token names its user, is long and random, and only its digest is kept")
    func tokens() throws {
        let name = try #require(UserName("al_ice-1@x.y"))
        var texts: Set<String> = []
        for _ in 0..<50 {
            let (token, plain) = Token.make(for: name)
            let text = plain.withBytes { String(decoding: Array($0), as: UTF8.self) }
            texts.insert(text)
            #expect(text.hasPrefix("pft_al_ice-1@x.y_") && text.utf8.count == 17 + 43)
            let bytes = Array(text.utf8)
            let found = Token(parsing: bytes.span)
            let parsed = try #require(found)
            #expect(parsed.user == name && parsed.hash == token.hash)
            let digest = Digests.hexadecimal(Digests.sha256(bytes.span))
            #expect(token.hash.text == "token:" + digest)
            let named = SecretChecks.user(namedBy: bytes.span)
            #expect(named == name)
        }
        #expect(texts.count == 50)
        let letters = String(repeating: "a", count: 43)
        for text in [
            "", "pft_", "pft__" + letters, "pft_a" + letters, "pft_a_" + letters.dropLast(), "xft_a_" + letters,
            "pft_a b_" + letters,
            "pft_a_" + letters.dropLast() + "+", "pft_a_" + letters.dropLast() + "=",
        ] {
            let bytes = Array(text.utf8)
            let isToken = Token(parsing: bytes.span) != nil
            #expect(!isToken, "\(text)")
            let named = SecretChecks.user(namedBy: bytes.span)
            #expect(named == .default)
        }
    }

    @Test("digests are compared at once, scrypt is left to a thread, and who is unknown or off costs the same")
    func checks() throws {
        let sha = try UserChangeTests.apply("on #" + Digests.hexadecimal(Digests.sha256(Array("one".utf8).span)))
        #expect(check("one", of: sha) == .right(sha.secrets[0].hash) && check("two", of: sha) == nothing)
        let slow = try UserChangeTests.apply("on >a >b")
        guard case .needsScrypt(let hashes, counts: true) = check("a", of: slow) else {
            Issue.record("a password was not left to a thread")
            return
        }
        #expect(try hashes.map { try $0.verify(Array("a".utf8).span) } == [true, false])
        #expect(check("a", of: nil) == nothing)
        #expect(try check("a", of: UserChangeTests.apply("off", to: slow)) == nothing)
        #expect(try check("anything", of: UserChangeTests.apply("on nopass")) == .right(nil))
        let ended = try UserChangeTests.apply("until:2027-01-01", to: slow)
        #expect(check("a", of: ended, at: 1_900_000_000_000) == nothing)
    }

    @Test("a token logs in until it ends, and its digest is no password")
    func tokenChecks() throws {
        let name = try #require(UserName("bot"))
        let (token, plain) = Token.make(for: name)
        let user = try #require(try UserChangeTests.apply("on").adding(token, until: 100)).user
        let text = plain.withBytes { String(decoding: Array($0), as: UTF8.self) }
        #expect(check(text, of: user, at: 99) == .right(token.hash) && check(text, of: user, at: 100) == nothing)
        #expect(user.keeps(token.hash, at: 99) && !user.keeps(token.hash, at: 100))
        #expect(try !UserChangeTests.apply("resetpass", to: user).keeps(token.hash, at: 0))
        #expect(check(String(token.hash.text.dropFirst(6)), of: user) == nothing)
    }

    static let scrypt = "$scrypt$ln=14,r=8,p=5$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"

    @Test("hashes are texts that name their method")
    func hashes() {
        let digest = UserChangeTests.digest
        for (text, method) in [(Self.scrypt, "scrypt"), ("sha256:" + digest, "sha256"), ("token:" + digest, "token")] {
            let hash = SecretHash(text)
            #expect(hash?.text == text && hash?.method == method && hash?.isSlow == (method == "scrypt"))
            #expect(hash?.digest == (method == "sha256" ? digest : nil))
        }
        let wrong = [
            "", "$scrypt$", Self.scrypt + "$d", "sha256:12", "md5:" + digest, "token:" + digest.uppercased(),
            "token:" + Self.scrypt, "$argon2id$x",
        ]
        for text in wrong { #expect(SecretHash(text) == nil, "\(text)") }
    }

    @Test(
        "made passwords have as many digits as bits were asked for",
        arguments: [(1, 1), (4, 1), (5, 2), (256, 64), (4096, 1024)])
    func generated(bits: Int, digits: Int) {
        let text = GeneratedPassword.make(bits: bits)?.withBytes { String(decoding: Array($0), as: UTF8.self) }
        #expect(text?.count == digits && text?.allSatisfy { "0123456789abcdef".contains($0) } == true)
        #expect(GeneratedPassword.make(bits: 0) == nil && GeneratedPassword.make(bits: 4097) == nil)
    }
}
