import Foundation
import TestSupport
import Testing

/// puffin-cli users, as an administrator uses it.
@Suite("puffin-cli users")
struct UsersCommandTests {
    /// Lends the tool, which logs in as the administrator of a server's settings.
    private func withUsers(_ body: (UserTool) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder)
            try body(UserTool(folder, secured.server))
        }
    }

    @Test("a user is added, shown, listed and removed")
    func addAndRemove() throws {
        try withUsers { users in
            _ = try users.tool.file("alice.pw", "alice's\n")
            #expect(try users.send("acl", "role", "set", "orders", "+@read", "~orders:*").exitCode == 0)
            let added = try users(
                "add", "alice", "--role", "orders", "--role", "monitor", "--rule", "-@admin", "--rule", "~own:*",
                "--cert-name", "cn:alice", "--until", "2099-01-31", "--new-password-file", "alice.pw")
            #expect(added == .init(0, "OK\n"))
            let again = try users("add", "alice")
            #expect(again.exitCode == 1 && again.errors.hasPrefix("ERROR: alice is there already; see "))
            #expect(
                try users("show", "alice").output == """
                    state         on
                    roles         orders monitor
                    rules         -@admin ~own:*
                    secrets       p1:scrypt
                    certificates  cn:alice
                    needs         any
                    until         2099-01-31T00:00:00.000Z

                    """)
            let bare = try users("add", "bob")
            #expect(bare.output == "OK\n" && bare.errors.contains("bob cannot log in yet: puffin-cli users passwd bob"))
            #expect(
                try users("list").output == """
                    alice  on  orders, monitor, own rules  password, certificate  until 2099-01-31T00:00:00.000Z
                    bob    on                              nothing

                    """)
            let objects = try users("list", "--format", "json").output.split(separator: "\n")
            let alice = try JSONSerialization.jsonObject(with: Data(objects[0].utf8)) as? [String: Any]
            #expect(alice?["name"] as? String == "alice" && alice?["secrets"] as? [String] == ["p1:scrypt"])
            #expect(try users("roles").output.contains("\norders    +@read ~orders:*\n"))
            #expect(try users("remove", "bob") == .init(0, "OK\n"))
            for words in [["remove", "bob"], ["show", "bob"], ["passwd", "bob", "--new-password-file", "alice.pw"]] {
                let missing = try users.run(words)
                #expect(
                    missing.exitCode == 1
                        && missing.errors == "ERROR: there is no user bob; see puffin-cli users list\n")
            }
            try users.server.connect().expect("AUTH alice alice's\n", "OK\n")
        }
    }

    @Test("a new password replaces the old ones, or stands beside one; tokens stay, and are printed once")
    func secrets() throws {
        try withUsers { users in
            for name in ["one", "two", "three"] { _ = try users.tool.file(name, name) }
            #expect(try users("add", "alice", "--new-password-file", "one").exitCode == 0)
            let token = try users("token", "alice", "--for", "30d")
            #expect(token.exitCode == 0 && token.output.hasPrefix("pft_alice_") && token.errors.isEmpty)
            func mayLogIn(_ secret: String) throws -> Bool {
                let connection = try users.server.connect()
                try connection.send("AUTH alice \(secret)\n")
                return try connection.receiveLine() == "OK"
            }
            #expect(try users("passwd", "alice", "--keep", "--new-password-file", "two") == .init(0, "OK\n"))
            #expect(try mayLogIn("one") && mayLogIn("two"))
            #expect(try users("passwd", "alice", "--new-password-file", "three") == .init(0, "OK\n"))
            #expect(try !mayLogIn("one") && !mayLogIn("two"))
            #expect(try mayLogIn("three") && mayLogIn(String(token.output.dropLast())))
            let noTerminal = try users("passwd", "alice")
            #expect(noTerminal.exitCode == 2 && noTerminal.errors.contains("--new-password-file"))
            for wrong in ["0s", "500ms", "4000d", "x"] {
                let refused = try users("token", "alice", "--for", wrong)
                #expect(refused.exitCode == 2 && refused.errors.contains("a token is good for a second or more"))
            }
            #expect(try users("token", "nobody").errors == "ERROR: User not found\n")
        }
    }

    @Test("the terminal is asked twice for a new password, and does not show it")
    func terminal() throws {
        try withUsers { users in
            #expect(try users("add", "alice").exitCode == 0)
            for (second, text) in [("other", "the two passwords differ"), ("typed", "OK")] {
                let terminal = try TerminalProcess(
                    [ChildProcess.program("puffin-cli")] + users.login + ["users", "passwd", "alice"], environment: [:])
                #expect(terminal.expect("New password of alice: "))
                terminal.type("typed\r")
                #expect(terminal.expect("The same again: "))
                terminal.type(second + "\r")
                #expect(terminal.expect(text))
                _ = terminal.wait()
                #expect(!terminal.output.contains("typed"))
            }
            try users.server.connect().expect("AUTH alice typed\n", "OK\n")
        }
    }

    @Test("the first user of an open server may be an administrator, and nobody else")
    func firstUser() throws {
        try withTool { tool, server in
            let refused = try tool("users", "add", "alice", "--role", "reader")
            #expect(refused.exitCode == 1 && refused.errors.contains("Nobody could change users afterwards"))
            _ = try tool.file("password", "root's")
            #expect(
                try tool("users", "add", "root", "--role", "admin", "--new-password-file", "password").exitCode == 0)
            #expect(try tool("users", "list").errors.contains("Authentication required"))
            let list = try tool("--user", "root", "--password-file", "password", "users", "list")
            #expect(list.output == "root  on  admin  password\n", "\(list)")
            _ = server
        }
    }
}

/// `puffin-cli users` with the login of SecuredServer's administrator.
struct UserTool {
    let tool: CommandTool
    let server: ServerProcess
    let login: [String]

    init(_ folder: String, _ server: ServerProcess, _ options: [String] = []) {
        tool = CommandTool(folder: folder, address: "localhost:\(server.port)")
        self.server = server
        login = ["--addr", "localhost:\(server.port)", "--password-file", "\(folder)/password"] + options
    }

    func callAsFunction(_ words: String...) throws -> CommandTool.Result { try run(words) }

    func run(_ words: [String]) throws -> CommandTool.Result { try tool.run(login + ["users"] + words) }

    /// Any other command.
    func send(_ words: String...) throws -> CommandTool.Result { try tool.run(login + words) }
}
