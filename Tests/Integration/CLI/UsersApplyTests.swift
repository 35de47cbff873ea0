import Foundation
import TestSupport
import Testing

/// puffin-cli users apply, as a script that keeps users in a file uses it.
@Suite("puffin-cli users apply")
struct UsersApplyTests {
    private static let file = """
        roles:
          orders: +@read +@write +@connection ~orders:* %R~config:*
        users:
          alice:
            roles: [orders]
            password_file: alice.pw
          bob:
            roles: [orders, monitor]
            rules: +get ~bob:*
            certs: [cn:bob]
            until: 2099-01-31
            password_sha256: 2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90
        """

    /// Lends the tool, with `users.yaml` and the passwords that it names in a folder of their own.
    private func withFile(
        login: [String] = [], files: (String) throws -> [String] = { _ in [] },
        _ body: (UserTool) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder, "puffin.json", try files(folder))
            let users = UserTool(folder, secured.server, login)
            try FileManager.default.createDirectory(atPath: folder + "/etc", withIntermediateDirectories: false)
            _ = try users.tool.file("etc/users.yaml", Self.file)
            _ = try users.tool.file("etc/alice.pw", "alice's secret\n")
            try body(users)
        }
    }

    private func seq(_ users: UserTool) throws -> String { try users.send("seq").output }

    @Test("a dry run prints the differences and changes nothing; the second run has nothing to change")
    func twice() throws {
        try withFile { users in
            let lines = """
                + role orders: +@read +@write +@connection ~orders:* %R~config:*
                + user alice: on role:orders >(alice.pw)
                + user bob: on +get ~bob:* role:orders role:monitor cert:cn:bob until:2099-01-31T00:00:00.000Z #…

                """
            let before = try seq(users)
            let dry = try users("apply", "etc/users.yaml", "--dry-run")
            #expect(dry == .init(0, lines, "etc/users.yaml: 3 changes to make\n"))
            #expect(try seq(users) == before)
            let first = try users("apply", "etc/users.yaml")
            #expect(first == .init(0, lines, "etc/users.yaml: 3 changes\n"))
            let after = try seq(users)
            for options in [[], ["--dry-run"], ["--prune"]] {
                let again = try users.run(["apply", "etc/users.yaml"] + options)
                #expect(again == .init(0, "", "etc/users.yaml: nothing to change\n"))
            }
            #expect(try seq(users) == after && after != before)
            try users.server.connect().expect("AUTH alice \"alice's secret\"\n", "OK\n")
            try users.server.connect().expect("AUTH bob b\n", "ERROR: Wrong user or password\n")
            try users.server.connect().expect("AUTH bob bob\n", "ERROR: Wrong user or password\n")
        }
    }

    @Test("what was changed by hand is changed back, and only that; prune removes what the file does not have")
    func drift() throws {
        try withFile { users in
            #expect(try users("apply", "etc/users.yaml").exitCode == 0)
            for words in [
                ["setuser", "alice", "off", "+flushall", "role:reader"], ["setuser", "bob", "until:none"],
                ["role", "set", "orders", "~other:*"], ["role", "set", "old", "+get", "~*"],
                ["setuser", "carol", "on", "role:old"],
            ] { #expect(try users.tool.run(users.login + ["acl"] + words).exitCode == 0) }
            let kept = try users("apply", "etc/users.yaml")
            #expect(
                kept.output == """
                    ~ role orders: reset +@read +@write +@connection ~orders:* %R~config:*
                    ~ user alice: on -@all resetkeys resetchannels -role:reader
                    ~ user bob: until:2099-01-31T00:00:00.000Z

                    """)
            #expect(
                kept.errors == """
                    etc/users.yaml does not have user carol, role old; --prune removes what it does not have
                    etc/users.yaml: 3 changes

                    """)
            let pruned = try users("apply", "etc/users.yaml", "--prune")
            #expect(pruned == .init(0, "- user carol\n- role old\n", "etc/users.yaml: 2 changes\n"))
            #expect(try users("apply", "etc/users.yaml", "--prune").output == "")
            try users.server.connect().expect("AUTH alice \"alice's secret\"\n", "OK\n")
        }
    }

    @Test("a password is left alone, or replaced where rotate is true and it is another one")
    func rotation() throws {
        try withFile { users in
            #expect(try users("apply", "etc/users.yaml").exitCode == 0)
            _ = try users.tool.file("etc/alice.pw", "another secret")
            #expect(try users("apply", "etc/users.yaml").output == "")
            _ = try users.tool.file(
                "etc/users.yaml", Self.file.replacingOccurrences(of: "alice.pw", with: "alice.pw\n    rotate: true"))
            let line = "~ user alice: -secret:p1 >(alice.pw)\n"
            #expect(try users("apply", "etc/users.yaml", "--dry-run").output == line)
            #expect(try users("apply", "etc/users.yaml").output == line)
            #expect(try users("apply", "etc/users.yaml").output == "")
            try users.server.connect().expect("AUTH alice \"another secret\"\n", "OK\n")
            try users.server.connect().expect(
                "AUTH alice \"alice's secret\"\n", "ERROR: Wrong user or password\n")
        }
    }

    @Test("an open server gets its first users: the administrator first, who then does the rest")
    func firstUsers() throws {
        try withTool { tool, server in
            _ = try tool.file("root.pw", "root's")
            let file = """
                users:
                  alice: {roles: [reader]}
                  root: {roles: [admin], password_file: root.pw}
                  default: {roles: [monitor], nopass: true}
                """
            _ = try tool.file("users.yaml", file)
            let applied = try tool("users", "apply", "users.yaml")
            #expect(
                applied.output == """
                    + user root: on role:admin >(root.pw)
                    + user alice: on role:reader
                    ~ user default: reset on nopass role:monitor

                    """, "\(applied)")
            let login = ["--user", "root", "--password-file", "root.pw", "users"]
            #expect(try tool.run(login + ["apply", "users.yaml"]).errors == "users.yaml: nothing to change\n")
            // What would leave nobody is refused by the server, and what was made before is said.
            _ = try tool.file("none.yaml", "users:\n  bob:\n  root: {roles: [reader]}\n")
            let refused = try tool.run(login + ["apply", "none.yaml"])
            #expect(refused.exitCode == 1 && refused.output == "+ user bob: on\n")
            #expect(
                refused.errors.contains(
                    "ERROR: ~ user root: role:reader -role:admin: Nobody could change users afterwards")
                    && refused.errors.contains("In the file such a user has roles: [admin] and a password_file")
                    && refused.errors.hasSuffix("; 1 of 2 changes made; apply the file again once that is mended\n"))
            let gone = try tool.run(login + ["apply", "none.yaml", "--prune"])
            #expect(gone.exitCode == 1, "\(gone)")
            _ = try tool.file("other.yaml", "users:\n  alice: {roles: [reader]}\n")
            let own = try tool.run(login + ["apply", "other.yaml", "--prune"])
            #expect(own.exitCode == 2 && own.errors.contains("root, as whom this is done, is not there"))
            try server.connect().expect("ACL WHOAMI\n", "default\n")
        }
    }

    @Test("what is wrong with the file is told with its line and key, before anything is sent")
    func wrongFile() throws {
        try withFile { users in
            let before = try seq(users)
            for (text, message) in [
                (
                    Self.file + "\n  carol:\n    role: x\n",
                    ", line 14: users.carol.role: there is no such key; did you mean roles?"
                ),
                (
                    Self.file + "\n  carol: {roles: [nope]}\n",
                    ", line 13: users.carol.roles: there is no role nope; put it under"
                ),
                (
                    Self.file + "\n  carol: {password_file: none.pw}\n",
                    ", line 13: users.carol.password_file: cannot read etc/none.pw, which should have a password: No such"
                ),
            ] {
                _ = try users.tool.file("etc/users.yaml", text)
                let refused = try users("apply", "etc/users.yaml")
                #expect(refused.exitCode == 2 && refused.isOneLine, "\(refused)")
                #expect(refused.errors.hasPrefix("puffin-cli: etc/users.yaml" + message), "\(refused)")
            }
            #expect(try users("apply", "none.yaml").errors.contains("cannot read none.yaml"))
            #expect(try seq(users) == before)
        }
    }

    @Test("who may not change users is told so")
    func noRight() throws {
        try withFile { users in
            #expect(try users("apply", "etc/users.yaml").exitCode == 0)
            let refused = try users.tool.run(
                ["--user", "alice", "--password-file", "etc/alice.pw", "users", "apply", "etc/users.yaml"])
            #expect(refused.exitCode == 1 && refused.errors.contains("no permissions to run the 'acl|"), "\(refused)")
        }
    }

    @Test("it works over TLS, and shows objects in JSON without secrets")
    func secured() throws {
        try withFile(login: ["--cacert", "ca.crt"], files: { try CertificateFiles(in: $0).options() }) { users in
            let applied = try users("apply", "etc/users.yaml", "--format", "json")
            #expect(applied.exitCode == 0, "\(applied)")
            let objects = try applied.output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(objects.map { $0["name"] as? String } == ["orders", "alice", "bob"])
            #expect(objects[1]["words"] as? [String] == ["on", "role:orders", ">(alice.pw)"])
            let rotating = Self.file.replacingOccurrences(of: "alice.pw", with: "alice.pw\n    rotate: true")
            _ = try users.tool.file("etc/users.yaml", rotating)
            #expect(try users("apply", "etc/users.yaml") == .init(0, "", "etc/users.yaml: nothing to change\n"))
            #expect(!applied.output.contains("2bd806c9") && !users.server.log.contains("alice's secret"))
        }
    }
}
