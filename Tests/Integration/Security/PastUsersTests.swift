import Foundation
import TestSupport
import Testing

/// puffin-server users: who there was, and who could reach keys, from the files alone.
@Suite("puffin-server users")
struct PastUsersTests {
    private func run(_ folder: String, _ options: String...) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run(
            [ChildProcess.program("puffin-server"), "users", "--data", folder + "/puffin.json"] + options)
    }

    /// The time of a record, in Unix milliseconds.
    private func time(of text: String, in folder: String) throws -> UInt64 {
        let found = try ChildProcess.run(
            [ChildProcess.program("puffin-server"), "log", "show", "--data", folder + "/puffin.json"])
        let line = try #require(found.output.split(separator: "\n").first { $0.contains(text) }, "\(found)")
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(object?["ts"] as? UInt64)
    }

    /// Waits until the server's clock is behind a record's time, so that the next record has another.
    private func waitBehind(_ text: String, in folder: String) throws {
        let time = try time(of: text, in: folder)
        while UInt64(Date().timeIntervalSince1970 * 1000) <= time + 1 { usleep(500) }
    }

    @Test("users and roles as they were at a time, with the change and its author, and without hashes")
    func listing() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder)
            let administrator = try secured.connect()
            try administrator.expect("ACL ROLE SET orders +@read ~orders:*\n", "OK\n")
            try administrator.expect("ACL SETUSER alice on >secret role:orders role:admin\n", "OK\n")
            try waitBehind("\"alice\"", in: folder)
            let alice = try secured.server.connect()
            try alice.expect("AUTH alice secret\nACL SETUSER bob on role:reader\n", "OK\nOK\n")
            try waitBehind("\"bob\"", in: folder)
            try administrator.expect("ACL DELUSER alice\n", "1\n")
            #expect(secured.server.stop() == 0)
            let now = try run(folder)
            #expect(now.exitCode == 0 && now.output.hasPrefix("1 user, 1 role, as of change 4\n"), "\(now)")
            #expect(now.output.contains("\nrole orders +@read ~orders:*  (change 1, "))
            #expect(now.output.contains(/user bob on .*role:reader  \(change 3, [0-9TZ:.-]+, by alice[)#]/), "\(now)")
            #expect(!now.output.contains("user alice"))
            let before = try run(folder, "--at", "\(time(of: "\"name\":\"bob\"", in: folder))")
            #expect(before.output.hasPrefix("2 users, 1 role, as of change 3\n"))
            #expect(before.output.contains("user alice on #p1:scrypt "))
            let first = try run(folder, "--at", "\(time(of: "\"name\":\"alice\"", in: folder))", "--format", "json")
            let objects = try first.output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(objects.map { $0["name"] as? String } == ["orders", "alice"])
            #expect(objects.map { $0["seq"] as? Int } == [1, 2])
            #expect(first.output.contains("\"hash\":\"…\"") && !first.output.contains("$scrypt"))
            let none = try run(folder, "--at", "2001-01-01")
            #expect(none.exitCode == 0 && none.output.hasPrefix("0 users, 0 roles, as of change 0\nWithout users, "))
        }
    }

    @Test("who could read or write keys is told by role and rule; who could not log in is marked")
    func reach() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder)
            let administrator = try secured.connect()
            for request in [
                "ACL ROLE SET orders +@read +@write ~orders:* %R~config:*", "ACL SETUSER alice on >a role:orders",
                "ACL SETUSER bob on >b +get ~orders:7", "ACL SETUSER carol off >c role:reader",
                "ACL SETUSER dora on >d +@all ~other:*",
            ] { try administrator.expect(request + "\n", "OK\n") }
            #expect(secured.server.stop() == 0)
            let readers = try run(folder, "--may", "read", "orders:")
            #expect(readers.exitCode == 0, "\(readers)")
            let lines = readers.output.split(separator: "\n").map(String.init)
            #expect(lines[0].hasPrefix("Who could read keys that begin with \"orders:\" at "))
            #expect(
                Array(lines.dropFirst()) == [
                    "alice  role orders  all  ~orders:*", "bob    own rules    some  ~orders:7",
                    "carol  role reader  all  ~*  (could not log in)",
                ])
            let writers = try run(folder, "--may", "write", "orders:", "--format", "json")
            let object = try JSONSerialization.jsonObject(with: Data(writers.output.utf8)) as? [String: Any]
            #expect(object?["user"] as? String == "alice" && object?["by"] as? String == "role:orders")
            #expect((object?["commands"] as? [String])?.contains("set") == true && object?["all"] as? Bool == true)
            let config = try run(folder, "--may", "write", "config:")
            #expect(config.output.hasSuffix(":\nnobody\n"), "\(config)")
            for wrong in [["--may", "read"], ["--may", "see", "x"], ["--at", "soon"]] {
                let refused = try ChildProcess.run(
                    [ChildProcess.program("puffin-server"), "users", "--data", folder + "/puffin.json"] + wrong)
                #expect(refused.exitCode == 2, "\(refused)")
            }
        }
    }

    @Test("users come from the snapshot too; before the retained log they are not known, and it is said from when on")
    func retention() throws {
        try withTemporaryFolder { folder in
            /// Starts a server, sends requests with time between them, and makes a snapshot of all.
            func change(_ requests: String..., keeping size: String) throws {
                let secured = try SecuredServer(in: folder)
                let administrator = try secured.connect()
                for request in requests {
                    let before = UInt64(Date().timeIntervalSince1970 * 1000)
                    try administrator.expect(request + "\n", "OK\n")
                    while UInt64(Date().timeIntervalSince1970 * 1000) <= before + 2 { usleep(500) }
                }
                #expect(secured.server.stop() == 0)
                let compacted = try ChildProcess.run(
                    [
                        ChildProcess.program("puffin-server"), "compact", "--data", folder + "/puffin.json",
                        "--retain-age", size == "0" ? "0" : "7d",
                        "--retain-size", size,
                    ])
                #expect(compacted.exitCode == 0, "\(compacted)")
            }
            try change("ACL ROLE SET r1 +get", "ACL SETUSER alice on >a role:admin", keeping: "0")
            let snapshot = try run(folder)
            #expect(
                snapshot.output.hasPrefix("1 user, 1 role, as of change 2\nrole r1 +get\nuser alice on "), "\(snapshot)"
            )
            let early = try run(folder, "--at", "2001-01-01")
            #expect(early.exitCode == 4, "\(early)")
            #expect(
                early.output.contains(/are not known: they are from [0-9TZ:.-]+ on \(change 2\), because/), "\(early)")
            // The snapshot is of change 5, and the changes from 3 on are kept: how alice was before change 4 is not known.
            try change("ACL SETUSER bob on >b role:admin", "ACL SETUSER alice off", "SET a 1", keeping: "1G")
            let last = try run(folder, "--at", "\(time(of: "\"key\":\"a\"", in: folder))")
            #expect(last.output.hasPrefix("2 users, 1 role, as of change 5\nrole r1 +get\nuser alice off "), "\(last)")
            #expect(last.output.contains(/user alice off [^\n]*\(change 4,/))
            #expect(last.output.contains(/user bob on [^\n]*\(change 3,/))
            let between = try run(folder, "--at", "\(time(of: "\"name\":\"bob\"", in: folder))")
            #expect(between.exitCode == 4 && between.output.contains(" on (change 4), because"), "\(between)")
        }
    }

    @Test("a missing data file ends it with 4")
    func missing() throws {
        try withTemporaryFolder { folder in
            let found = try run(folder)
            #expect(found.exitCode == 4 && found.output.contains("No data set at "))
        }
    }
}
