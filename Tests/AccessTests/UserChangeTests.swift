import Access
import Bytes
import Commands
import OpenSSL
import TestSupport
import Testing

/// ACL SETUSER: its words, and what becomes of a user.
struct UserChangeTests {
    static let digest = String(repeating: "0123456789abcdef", count: 4)

    static func change(_ text: String) throws(RuleError) -> UserChange {
        var change = UserChange()
        for word in text.split(separator: " ") {
            let bytes = Array(word.utf8)
            try change.append(bytes.span)
        }
        return change
    }

    /// A cost of scrypt for tests.
    private static let cheap = PasswordHash.Cost(logN: 10, r: 1, p: 1)

    /// Applies words as a server does.
    static func apply(_ text: String, to user: User = User()) throws -> User {
        let change = try change(text)
        let outcomes = try change.passwords.map { password in
            try PasswordOutcome(of: password.plain, isAdded: password.isAdded, among: user.secrets, cost: cheap)
        }
        return try user.applying(change, outcomes: outcomes)
    }

    @Test("the words change what they name")
    func words() throws {
        let user = try Self.apply(
            "on role:orders role:audit -role:audit cert:cn:alice cert:dns:A.b until:2027-01-31T12:00:00Z needs:both +get ~a* &*"
        )
        #expect(
            user.isOn && user.roles.map(\.text) == ["orders"]
                && user.certificates.map(\.text) == ["cn:alice", "dns:a.b"])
        #expect(user.until == 1_801_396_800_000 && user.needs == .both && user.rules.text == "+get ~a* &*")
        let later = try Self.apply(
            "off -cert:cn:alice until:none needs:any resetkeys nocommands resetchannels role:orders", to: user)
        #expect(!later.isOn && later.certificates.count == 1 && later.until == nil && later.needs == .any)
        #expect(later.rules == Rules() && later.roles.count == 1)
        #expect(try Self.apply("reset", to: user) == User())
        #expect(try Self.apply("clearselectors", to: user) == user && Self.apply("", to: user) == user)
    }

    @Test("passwords: a known one is not added again, ids are not used again")
    func passwords() throws {
        var user = try Self.apply(">one")
        #expect(user.secrets.map(\.id) == ["p1"] && user.secrets[0].hash.method == "scrypt")
        #expect(try Self.apply(">one", to: user) == user)
        user = try Self.apply(">two <one", to: user)
        #expect(user.secrets.map(\.id) == ["p2"])
        user = try Self.apply("resetpass >three #\(Self.digest) #\(Self.digest)", to: user)
        #expect(user.secrets.map(\.id) == ["p3", "p4"] && user.secrets[1].hash.digest == Self.digest)
        #expect(try Self.apply("!\(Self.digest)", to: user).secrets.count == 1)
        #expect(try Self.apply("-secret:p3", to: user).secrets.map(\.id) == ["p4"])
        let open = try Self.apply("nopass", to: user)
        #expect(open.hasNoPassword && open.secrets.isEmpty)
        #expect(try !Self.apply(">x", to: open).hasNoPassword && !Self.apply("resetpass", to: open).hasNoPassword)
        // A password whose digest is kept is known as well.
        let sha = try Self.apply("#" + Digests.hexadecimal(Digests.sha256(Array("one".utf8).span)))
        #expect(try Self.apply(">one", to: sha) == sha && Self.apply("<one", to: sha).secrets.isEmpty)
    }

    @Test(
        "a word that is wrong changes nothing, and no secret is in its error",
        arguments: [
            ("on frob", "word 2", RuleFlaw.syntax), ("on Hunter2!", "word 2", .syntax), ("#12", "#(hash)", .hash),
            ("!12", "!(hash)", .hash), ("<nothing", "<(password)", .noPassword), ("!" + digest, "!(hash)", .noPassword),
            (">a >b >c", ">(password)", .tooManyPasswords), ("-secret:p9", "-secret:p9", .noPassword),
            ("role:a/b", "role:a/b", .name), ("cert:alice", "cert:alice", .certificate),
            ("until:soon", "until:soon", .time),
            ("needs:all", "needs:all", .syntax), ("+frob", "+frob", .unknownCommand), ("secret:p1", "word 1", .syntax),
        ] as [(String, String, RuleFlaw)])
    func errors(text: String, word: String, flaw: RuleFlaw) {
        let error = #expect(throws: RuleError.self) { try Self.apply(text) }
        #expect(error?.word == word && error?.reason == flaw.text)
    }

    @Test("lists have limits")
    func limits() throws {
        let roles = (0..<User.listLimit).map { "role:r\($0)" }.joined(separator: " ")
        #expect(try Self.apply(roles).roles.count == User.listLimit)
        #expect(throws: RuleError.self) { try Self.apply(roles + " role:more") }
        let hashes = (0..<User.secretLimit).map { "#" + Self.digest.dropLast(2) + "\($0 + 10)" }.joined(separator: " ")
        let full = try Self.apply(hashes)
        #expect(full.secrets.count == User.secretLimit)
        #expect(throws: RuleError.self) { try Self.apply("#" + Self.digest, to: full) }
        let (token, _) = Token.make(for: .default)
        #expect(full.adding(token, until: nil) == nil)
        #expect(try Self.apply(hashes + " -secret:p3", to: User()).adding(token, until: 9)?.id == "t17")
    }

    @Test("words of a request are read behind the user's name")
    func request() throws {
        let words = "ACL SETUSER alice on >pw +get".split(separator: " ").map { Array($0.utf8) }
        let change = try CatalogRequests.lend(words) { arguments throws(RuleError) in try UserChange(arguments, from: 3)
        }
        #expect(
            change.words.map(\.word) == [
                .isOn(true), .addPassword(0), .rule(.command(CommandRule(allows: true, .command(.get)))),
            ])
        #expect(change.words[1].text == [UInt8(ascii: ">")])
        #expect(change.passwords[0].plain.withBytes { Array($0) } == Array("pw".utf8))
    }

    @Test("who is on, when, and by what")
    func activity() throws {
        let user = try Self.apply("on until:2027-01-01 cert:cn:a")
        let end = try #require(user.until)
        #expect(
            user.isActive(at: end - 1) && !user.isActive(at: end) && user.canLogIn(at: 0) && !user.canLogIn(at: end))
        #expect(try !Self.apply("on needs:both cert:cn:a").canLogIn(at: 0) && !Self.apply("on").canLogIn(at: 0))
        #expect(try Self.apply("on needs:both cert:cn:a >x").canLogIn(at: 0) && Self.apply("on nopass").canLogIn(at: 0))
        #expect(try !Self.apply(">x").canLogIn(at: 0))
        let both = try Self.apply("needs:both")
        #expect(
            both.isLoggedIn(byCertificate: true, bySecret: true)
                && !both.isLoggedIn(byCertificate: true, bySecret: false))
        #expect(
            user.isLoggedIn(byCertificate: true, bySecret: false)
                && !user.isLoggedIn(byCertificate: false, bySecret: false))
    }
}
