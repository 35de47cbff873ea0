import Access
import Shell
import Testing

/// The file of `users apply`.
@Suite("A file of users")
struct UserFileTests {
    static func parse(_ text: String) throws(UserFileError) -> UserFile { try UserFile(parsing: Array(text.utf8)) }

    @Test("roles and users are read in their order; rules are a text or a list")
    func wellFormed() throws {
        let file = try Self.parse(
            """
            roles:
              orders: +@read +@write ~orders:* %R~config:*
              config:
                - +@read
                - ~config:* ~settings
            users:
              alice:
                roles: [orders, reader]
                password_file: secrets/alice
                rotate: true
              backup:
                roles: replica
                certs: ["cn:Backup of Puffin", dns:Backup.Example]
                needs: both
                until: 2027-01-31
                enabled: false
                password_sha256: \(String(repeating: "0a", count: 32))
              nobody:
            """)
        #expect(file.roles.map(\.name.text) == ["orders", "config"])
        #expect(file.roles[0].rules.text == "+@read +@write ~orders:* %R~config:*")
        #expect(file.roles[1].rules.text == "+@read ~config:* ~settings" && file.roles[1].line == 3)
        #expect(file.users.map(\.name.text) == ["alice", "backup", "nobody"])
        let (alice, backup, nobody) = (file.users[0], file.users[1], file.users[2])
        #expect(alice.user.isOn && alice.user.roles.map(\.text) == ["orders", "reader"])
        #expect(alice.password == .file("secrets/alice") && alice.rotates && alice.line == 7)
        #expect(!backup.user.isOn && backup.user.needs == .both && backup.user.until == 1_801_353_600_000)
        #expect(backup.user.certificates.map(\.text) == ["cn:Backup of Puffin", "dns:backup.example"])
        #expect(backup.password == .digest(String(repeating: "0a", count: 32)))
        #expect(nobody.user.isOn && nobody.user.roles.isEmpty && nobody.password == nil)
    }

    @Test(
        "an error has line and key, and says what was expected",
        arguments: [
            ("", "line 1: nothing is here; expected roles: and users:"),
            ("users:\n\talice:\n", "line 2: a tab; indent YAML with spaces, two for each level"),
            ("user:\n  a:\n", "line 1: user: there is no such key; did you mean users?"),
            ("users: [a]\n", "line 1: users: expected a group of keys, found a list"),
            ("users:\n  a b:\n", "line 2: users.a b: a name is 1 to 64 letters, digits, '.', '_', '@' and '-'"),
            ("users:\n  a:\n  a:\n", "line 3: users.a: this key is there twice; keep one"),
            (
                "users:\n  a:\n    password: x\n",
                "line 3: users.a.password: there is no such key; keys here are roles, rules, certs, needs, until, enabled, "
                    + "nopass, password_file, password_sha256, rotate"
            ),
            ("users:\n  a:\n    role: x\n", "line 3: users.a.role: there is no such key; did you mean roles?"),
            (
                "users:\n  a:\n    rules:\n      - +@read\n      - +@nothing\n",
                "line 5: users.a.rules: +@nothing: Unknown command or category name in ACL"
            ),
            (
                "users:\n  a:\n    rules: ~a*b\n",
                "line 3: users.a.rules: ~a*b: A key pattern is a prefix, such as ~orders:*, or a whole key; other globs are not supported"
            ),
            ("users:\n  a:\n    rules: on\n", "line 3: users.a.rules: on: Syntax error"),
            ("users:\n  a:\n    roles: [x, x]\n", "line 3: users.a.roles: x is there twice; keep one"),
            ("users:\n  a:\n    roles: [\"b c\"]\n", "line 3: users.a.roles: \"b c\" cannot be the name of a role"),
            (
                "users:\n  a:\n    certs: alice\n",
                "line 3: users.a.certs: expected cn:, dns:, email: or uri: and a name, found \"alice\""
            ),
            ("users:\n  a:\n    needs: all\n", "line 3: users.a.needs: expected any or both, found \"all\""),
            (
                "users:\n  a:\n    until: soon\n",
                "line 3: users.a.until: expected a time such as 2027-01-31T12:00:00Z, a date or none, found \"soon\""
            ),
            ("users:\n  a:\n    enabled: maybe\n", "line 3: users.a.enabled: expected true or false, found \"maybe\""),
            ("users:\n  a:\n    enabled:\n", "line 3: users.a.enabled: expected a single value, found nothing"),
            (
                "users:\n  a:\n    password_sha256: secret\n",
                "line 3: users.a.password_sha256: expected 64 hexadecimal digits in lower case, as sha256sum prints them"
            ),
            (
                "users:\n  a:\n    password_file: x\n    nopass: true\n",
                "line 2: users.a: nopass and a password contradict each other; keep one"
            ),
            ("users:\n  a:\n    rotate: true\n", "line 2: users.a: rotate needs a password_file"),
            (
                "users:\n  a:\n    rotate: true\n    password_file: x\n    needs: both\n",
                "line 2: users.a: rotate tries whether the password is right by logging in, which takes a user with enabled: "
                    + "true, and without until and needs: both"
            ),
            (
                "roles:\n  admin: +@read\n",
                "line 2: roles.admin: this role is always there, and cannot be changed; choose another name"
            ),
        ])
    func malformed(text: String, message: String) {
        #expect(throws: UserFileError.self) { try Self.parse(text) }
        do throws(UserFileError) {
            _ = try Self.parse(text)
        } catch {
            #expect("\(error)" == message)
        }
    }
}
