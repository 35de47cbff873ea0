import Access
import Shell
import Testing
import Wire

/// What `users apply` sends.
@Suite("The difference between a file of users and a server")
struct UserPlanTests {
    private func name(_ text: String) throws -> UserName { try #require(UserName(text)) }

    private func plan(
        _ text: String, _ known: KnownUsers, wrong: [String] = [], prunes: Bool = false
    ) throws -> UserPlan {
        try UserPlan(UserFileTests.parse(text), known, wrong: Set(wrong.map { try name($0) }), prunes: prunes)
    }

    /// A server with the role `orders`, an admin, and alice, who has it.
    private func known(as acting: String = "admin") throws -> KnownUsers {
        var known = KnownUsers()
        known.acting = try name(acting)
        known.roles[try name("orders")] = try Rules(parsing: "+@read ~orders:*")
        var admin = User()
        (admin.isOn, admin.roles) = (true, [try name("admin")])
        known.users[try name("admin")] = (admin, ["p1"])
        var alice = User()
        (alice.isOn, alice.roles) = (true, [try name("orders")])
        known.users[try name("alice")] = (alice, ["p1", "p3"])
        return known
    }

    private let same = """
        roles:
          orders: ~orders:* +@read
        users:
          alice:
            roles: [orders]
            password_file: alice.pw
          admin: {roles: [admin]}
        """

    @Test("there is none where the file says what the server has; other passwords are left alone")
    func none() throws {
        #expect(try plan(same, known()).steps == [])
        #expect(try plan(same, known(), prunes: true).steps == [])
    }

    @Test("what differs is one request each, with the words that change it and no others")
    func changes() throws {
        let steps = try plan(
            """
            roles:
              orders: +@read +@write ~orders:*
              config: +@read ~config:*
            users:
              carol: {roles: [config], password_file: carol.pw}
              alice:
                roles: [config]
                rules: +ping
                certs: [cn:alice]
                until: 2027-01-31
                enabled: no
              admin: {roles: [admin]}
            """, known())
        #expect(
            steps.steps.map(\.line) == [
                "~ role orders: reset +@read +@write ~orders:*", "+ role config: +@read ~config:*",
                "+ user carol: on role:config >(carol.pw)",
                "~ user alice: off +ping role:config -role:orders cert:cn:alice until:2027-01-31T00:00:00.000Z",
            ])
        #expect(steps.steps[3].command == ["ACL", "SETUSER", "alice"])
        #expect(steps.steps[1].command == ["ACL", "ROLE", "SET", "config"])
    }

    @Test("rules of a user's own are replaced as a whole")
    func rules() throws {
        var known = try known()
        known.users[try name("alice")]?.user.rules = try Rules(parsing: "+get ~a:*")
        let steps = try plan("users:\n  alice: {roles: [orders], rules: +get ~b:*}\n", known).steps
        #expect(steps.map(\.line) == ["~ user alice: -@all resetkeys resetchannels +get ~b:*"])
    }

    @Test("who may change users is made so before others; who does it comes last")
    func order() throws {
        let file = """
            users:
              admin: {roles: [reader]}
              reader: {roles: [reader]}
              root: {roles: [admin], password_file: root.pw}
            """
        #expect(try plan(file, known()).steps.map(\.name.text) == ["root", "reader", "admin"])
        #expect(try plan(file, known(as: "alice")).steps.map(\.name.text) == ["root", "admin", "reader"])
    }

    @Test("what the file does not have is named, and removed with prune: users first, default never")
    func removals() throws {
        let file = "users:\n  admin: {roles: [admin]}\n"
        var known = try known()
        known.users[.default] = (User(), [])
        #expect(try plan(file, known).steps == [])
        #expect(try plan(file, known).surplus == ["user alice", "role orders"])
        let steps = try plan(file, known, prunes: true)
        #expect(steps.steps.map(\.line) == ["- user alice", "- role orders"] && steps.surplus == [])
        #expect(steps.steps.map(\.command) == [["ACL", "DELUSER", "alice"], ["ACL", "ROLE", "DEL", "orders"]])
        #expect(throws: UserFileError.self) { try plan("users:\n  alice: {roles: [reader]}\n", known, prunes: true) }
    }

    @Test("a role that is nowhere is an error of the file, and so is one that would be removed")
    func missingRole() throws {
        let known = try known()
        #expect(throws: UserFileError.self) { try plan("users:\n  bob: {roles: [nope]}\n", known) }
        let kept = "users:\n  bob: {roles: [orders]}\n  admin: {roles: [admin]}\n"
        #expect(try plan(kept, known).steps.map(\.line) == ["+ user bob: on role:orders"])
        #expect(throws: UserFileError.self) { try plan(kept, known, prunes: true) }
    }

    @Test("a password is given to who has none; with rotate one that is wrong replaces all, and tokens stay")
    func passwords() throws {
        let file = same.replacing("password_file: alice.pw", with: "password_file: alice.pw\n    rotate: yes")
        var known = try known()
        #expect(try UserPlan.toTry(UserFileTests.parse(file), known).map(\.name.text) == ["alice"])
        #expect(try UserPlan.toTry(UserFileTests.parse(same), known).isEmpty)
        #expect(try plan(file, known).steps == [])
        #expect(
            try plan(file, known, wrong: ["alice"]).steps.map(\.line) == [
                "~ user alice: -secret:p1 -secret:p3 >(alice.pw)"
            ])
        known.users[try name("alice")]?.passwordIDs = []
        #expect(try UserPlan.toTry(UserFileTests.parse(file), known).isEmpty)
        #expect(try plan(file, known).steps.map(\.line) == ["~ user alice: >(alice.pw)"])
        known.users[try name("alice")]?.user.hasNoPassword = true
        #expect(try plan(same, known).steps.map(\.line) == ["~ user alice: resetpass >(alice.pw)"])
    }

    @Test("the own password is changed behind everything else, since that ends the session")
    func ownPassword() throws {
        let file = """
            users:
              admin: {roles: [admin, reader], password_file: a, rotate: true}
            """
        #expect(
            try plan(file, known(), wrong: ["admin"], prunes: true).steps.map(\.line) == [
                "~ user admin: role:reader", "- user alice", "- role orders", "~ user admin: -secret:p1 >(a)",
            ])
    }

    @Test("the user default that a server without users shows is made anew")
    func placeholder() throws {
        var known = KnownUsers()
        known.users[.default] = (.everything, [])
        let file = "users:\n  root: {roles: [admin], password_file: r}\n  default: {roles: [reader], nopass: true}\n"
        #expect(
            try plan(file, known, prunes: true).steps.map(\.line) == [
                "+ user root: on role:admin >(r)", "~ user default: reset on nopass role:reader",
            ])
    }

    @Test("the fields of ACL GETUSER are read in RESP2 and RESP3, and give the user back")
    func fields() throws {
        let pairs: [(String, Reply)] = [
            ("flags", .array([.simple("on")])), ("passwords", .array([.simple("p1:scrypt"), .simple("t2:token")])),
            ("commands", .simple("-@all +get")), ("keys", .simple("~a:*")), ("channels", .simple("")),
            ("selectors", .array([])), ("roles", .array([.simple("orders")])),
            ("certs", .array([.simple("cn:Ada L")])), ("needs", .simple("any")),
            ("until", .simple("2027-01-31T00:00:00.000Z")),
        ]
        let flat = Reply.array(pairs.flatMap { [.simple($0.0), $0.1] })
        let fields = try #require(UserFields(flat))
        #expect(UserFields(.map(pairs.map { Reply.Entry(key: .simple($0.0), value: $0.1) })) == fields)
        #expect(fields.passwordIDs == ["p1"] && fields.login == "password, token, certificate")
        let user = try fields.user()
        #expect(user.rules.text == "+get ~a:*" && user.until == 1_801_353_600_000 && user.isOn)
        #expect(user.certificates.map(\.text) == ["cn:Ada L"] && user.roles.map(\.text) == ["orders"])
        #expect(UserFields(.simple("OK")) == nil)
    }
}
