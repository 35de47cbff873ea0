import Access
import Bytes
import Commands
import TestSupport
import Testing
import Wire

/// What users and administrators are told.
struct ReplyTests {
    private let alice = UserName("alice")

    @Test("errors are Redis' in RESP, and sentences in lines")
    func errors() {
        let expected: [(ReplyError?, String, String)] = [
            (.notLoggedIn, "NOAUTH Authentication required.", "Log in first: AUTH <user> <password>"),
            (.wrongPassword, "WRONGPASS invalid username-password pair or user is disabled.", "Wrong user or password"),
            (
                AccessVerdict.command(.set).error(for: alice),
                "NOPERM this user has no permissions to run the 'set' command", "alice may not run SET"
            ),
            (
                AccessVerdict.command(.configSet).error(for: alice),
                "NOPERM this user has no permissions to run the 'config|set' command", "alice may not run CONFIG SET"
            ),
            (
                AccessVerdict.key(.set, position: 1).error(for: alice),
                "NOPERM this user has no permissions to access one of the keys used as arguments",
                "alice may not SET this key"
            ),
            (
                AccessVerdict.reach(.flushall).error(for: alice),
                "NOPERM this user has no permissions to access all keys, which 'flushall' needs",
                "alice may not run FLUSHALL: it concerns all keys"
            ),
            (.defaultStays, "ERR The 'default' user cannot be removed", "The 'default' user cannot be removed"),
            (.unknownCategory("frob"), "ERR Unknown category 'frob'", "Unknown category 'frob'"),
        ]
        for (error, resp, line) in expected {
            #expect(error.map { "\($0.code) \($0.resp)" } == resp && error?.line == line)
        }
        #expect(
            AccessVerdict.notLoggedIn.error(for: nil) == .notLoggedIn && AccessVerdict.allowed.error(for: alice) == nil)
        let refused = DirectoryError.leavesNobody
        #expect(ReplyError.refusedUsers(refused).line == refused.text)
    }

    private func directory() -> Directory {
        var directory = Directory()
        let note = Array(#"{"on":true,"rules":"+get +config|get +mset +dbsize +flushall ~a*"}"#.utf8)
        #expect(directory.apply(kind: "user", name: "alice", value: note.span) == nil)
        return directory
    }

    @Test(
        "ACL DRYRUN answers as Redis",
        arguments: [
            ("alice get abc", "OK"), ("alice GET b", "This user has no permissions to access the 'b' key"),
            ("alice mset ab 1 x\u{1b} 2", #"This user has no permissions to access the 'x\u001b' key"#),
            ("alice set abc 1", "This user has no permissions to run the 'set' command"),
            ("alice config get x", "OK"),
            ("alice config set x 1", "This user has no permissions to run the 'config|set' command"),
            ("alice auth x", "OK"),
            ("alice dbsize", "This user has no permissions to access all keys, which 'dbsize' needs"),
            ("alice flushall", "This user has no permissions to access all keys, which 'flushall' needs"),
            ("alice command", "This user has no permissions to run the 'command' command"),
            ("bob get x", "ERR User 'bob' not found"), ("alice frob x", "ERR Command 'frob' not found"),
            ("alice config", "ERR Command 'config' not found"), ("alice config frob", "ERR Command 'config' not found"),
            ("alice get", "ERR wrong number of arguments for 'get' command"),
            ("alice config get", "ERR wrong number of arguments for 'config|get' command"),
        ])
    func dryRun(request: String, answer: String) {
        let words = ("ACL DRYRUN " + request).split(separator: " ").map { Array($0.utf8) }
        let reply = CatalogRequests.lend(words) { arguments in
            do throws(ReplyError) {
                return try DryRun.answer(arguments, in: directory())
            } catch {
                return "\(error.code) \(error.resp)"
            }
        }
        #expect(reply == answer)
    }

    @Test("ACL LIST and ACL GETUSER show a user in the words of ACL SETUSER, and no hashes unless they are asked for")
    func descriptions() throws {
        let name = try #require(alice)
        let user = try UserChangeTests.apply(
            "on >one #\(UserChangeTests.digest) ~a* %R~b +@read -get role:orders cert:cn:a needs:both until:2027-01-31")
        #expect(
            user.line(name)
                == "user alice on #p1:scrypt #p2:sha256 ~a* %R~b resetchannels -@all +@read -get role:orders cert:cn:a needs:both until:2027-01-31T00:00:00.000Z"
        )
        let hash = user.secrets[0].hash.text
        #expect(user.line(name, showsHashes: true).contains(" on #\(hash) #\(UserChangeTests.digest) ~a*"))
        let fields = user.fields()
        #expect(
            fields.map(\.name) == [
                "flags", "passwords", "commands", "keys", "channels", "selectors", "roles", "certs", "needs", "until",
            ])
        #expect(fields[0].value == .list(["on"]) && fields[1].value == .list(["p1:scrypt", "p2:sha256"]))
        #expect(fields[2].value == .text("-@all +@read -get") && fields[3].value == .text("~a* %R~b"))
        #expect(user.fields(showsHashes: true)[1].value == .list([hash, UserChangeTests.digest]))
        #expect(User().line(name) == "user alice off resetchannels -@all" && User().fields()[9].value == .text("none"))
        #expect(
            try UserChangeTests.apply("on nopass ~* &* +@all").line(.default) == "user default on nopass ~* &* +@all")
        let (token, _) = Token.make(for: name)
        let bot = try #require(User().adding(token, until: 1000)).user
        #expect(bot.line(name).contains("#t1:token,until=1970-01-01T00:00:01.000Z"))
    }

    @Test("ACL ROLE SET takes the words of rules alone")
    func roles() throws {
        func apply(_ text: String) throws -> String {
            let words = text.split(separator: " ").map { Array($0.utf8) }
            let rules = try Rules(parsing: "+get ~a*")
            return try CatalogRequests.lend(words) { arguments in try rules.applying(arguments, from: 4) }
                .text
        }
        #expect(try apply("ACL ROLE SET orders +set ~b") == "+get +set ~a* ~b")
        #expect(try apply("ACL ROLE SET orders reset +set") == "+set" && apply("ACL ROLE SET orders") == "+get ~a*")
        for word in ["on", ">pw", "role:x"] {
            let error = #expect(throws: RuleError.self) { try apply("ACL ROLE SET orders " + word) }
            #expect(error?.reason == "Syntax error" && error?.text.contains("pw") == false)
        }
    }
}
