import Foundation
import TestSupport
import Testing

/// The ends of users and secrets, what is known of their use, and what servers need once there are users.
@Suite("Lifetimes of users")
struct UserLifetimeTests {
    @Test("sessions end when their user or secret does, without a change of users")
    func ends() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder)
            let administrator = try secured.connect()
            let end = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 4))
            try administrator.expect("ACL SETUSER alice on nopass +@read ~* until:\(end)\n", "OK\n")
            try administrator.expect("ACL SETUSER bob on +@read ~*\n", "OK\n")
            let token = try administrator.ask("ACL TOKEN bob 4")
            let (alice, bob) = (try secured.server.connect(), try secured.server.connect())
            try alice.expect("AUTH alice x\nEXISTS a\n", "OK\n0\n")
            try bob.expect("AUTH \(token)\nEXISTS a\n", "OK\n0\n")
            #expect(try alice.receiveAll() == "" && bob.receiveAll() == "")
            try administrator.expect("PING\n", "PONG\n")
        }
    }

    @Test("ACL GETUSER says when each secret was used last, and by how many sessions")
    func uses() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder)
            let administrator = try secured.connect()
            try administrator.expect("ACL SETUSER alice on \">the first one\" +@read ~*\n", "OK\n")
            let token = try administrator.ask("ACL TOKEN alice")
            func uses() throws -> String {
                try administrator.send("ACL GETUSER alice\n")
                let shown = String(decoding: try administrator.receive(through: "END\n"), as: UTF8.self)
                let lines = shown.split(separator: "\n").map(String.init)
                return lines.firstIndex(of: "uses").map { lines[$0 + 1] } ?? shown
            }
            #expect(try uses() == "p1: no login since the start t2: no login since the start")
            let clients = try (0..<2).map { _ in
                let client = try secured.server.connect()
                try client.expect("AUTH \(token)\n", "OK\n")
                return client
            }
            #expect(try uses().contains(/^p1: no login since the start t2: 2 sessions, last login 20[0-9T:.-]+Z$/))
            try clients[0].expect("QUIT\n", "OK\n")
            #expect(try clients[0].receiveAll() == "")
            #expect(try uses().contains("t2: 1 session, last login "))
            withExtendedLifetime(clients) {}
        }
    }

    @Test(
        "the first user is refused on a leader whose followers could not be told from strangers; nor does it start so")
    func proof() throws {
        try withTemporaryFolder { folder in
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"])
            let options = ["--follower", "127.0.0.1:\(follower.port)"]
            let leader = try ServerProcess(data: folder + "/leader.json", options)
            #expect(
                try leader.connect().ask("ACL SETUSER admin on \">admin's secret\" role:admin").hasPrefix(
                    "ERROR: Once there are users, servers must prove who they are: set the same replication.secret"))
            #expect(leader.stop() == 0)
            let alone = try ServerProcess(data: folder + "/leader.json")
            try alone.connect().expect("ACL SETUSER admin on \">admin's secret\" role:admin\n", "OK\n")
            #expect(alone.stop() == 0)
            let process = try ChildProcess(
                [ChildProcess.program("puffin-server"), "--port", "0", "--data", folder + "/leader.json"] + options)
            #expect(process.wait() == 2)
            #expect(process.output.contains("PUFFIN_REPLICATION_SECRET_FILE=<file>"), "\(process.output)")
        }
    }

    @Test("storage.author: false leaves authors out of the log")
    func author() throws {
        for records in [true, false] {
            try withTemporaryFolder { folder in
                let secured = try SecuredServer(
                    in: folder, "puffin.json", records ? [] : ["--no-storage-author"])
                try secured.connect().expect("ACL SETUSER alice on nopass +@all ~*\n", "OK\n")
                let alice = try secured.server.connect()
                try alice.expect("AUTH alice x\nSET a 1\n", "OK\nOK\n")
                #expect(secured.server.stop() == 0)
                let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/puffin.json.log")
                let text = try names.filter { $0.hasSuffix(".jsonl") }
                    .map { try String(contentsOfFile: folder + "/puffin.json.log/" + $0, encoding: .utf8) }.joined()
                #expect(text.contains("\"by\":\"alice\"") == records)
            }
        }
    }
}
