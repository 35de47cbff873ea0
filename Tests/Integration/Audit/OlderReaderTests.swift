import Bytes
import Foundation
import LogFormat
import TestSupport
import Testing

/// Files and streams of users and audits before programs that do not know them. An older program is one of today's before files that
/// need what nobody knows yet: it goes by the same line.
@Suite("Older programs before newer files")
struct OlderReaderTests {
    /// Changes the first line of a file, and makes its checksum anew.
    private func changeHeader(of path: String, _ old: String, _ new: String) throws {
        var lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
        let changed = lines[0].replacingOccurrences(of: old, with: new)
        #expect(changed != lines[0], "\(lines[0])")
        let body = Array(changed.components(separatedBy: ",\"crc\":")[0].utf8)
        lines[0] = String(decoding: body, as: UTF8.self) + ",\"crc\":\"\(hex(CRC32C.extend(0, with: body.span)))\"}"
        // In place: nobody else has the file.
        try lines.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
    }

    /// Everything in a folder but the lock, which has the id of the last process.
    private func content(_ folder: String) throws -> [String: Data] {
        var content: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) where !name.hasSuffix("LOCK") {
            content[name] = FileManager.default.contents(atPath: folder + "/" + name)
        }
        return content
    }

    private func run(_ arguments: [String]) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run([ChildProcess.program("puffin-server")] + arguments)
    }

    @Test("a log with users: everything refuses it by its version, and changes nothing")
    func log() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let secured = try SecuredServer(in: folder)
            try secured.connect().expect("ACL SETUSER alice on >password +@all ~*\nSET a 1\n", "OK\nOK\n")
            #expect(secured.server.stop() == 0)
            let path = data + ".log/00000000000000000001.jsonl"
            try changeHeader(of: path, "\"needs\":[\"notes\"]", "\"needs\":[\"notes\",\"scrolls\"]")
            let before = try content(folder)
            let version = "version 2 that needs scrolls"
            for (arguments, code) in [
                (["--port", "0"], 5), (["--port", "0", "--mode", "follower"], 5), (["log", "verify"], 5),
                (["log", "show"], 5), (["log", "stats"], 5), (["log", "history"], 5), (["users"], 5), (["compact"], 5),
                (["log", "repair", "--plan"], 6), (["log", "repair", "--apply"], 6), (["doctor"], 1),
            ] as [([String], Int32)] {
                let key = arguments.last == "history" ? ["a"] : []
                let found = try run(arguments + ["--data", data] + key)
                #expect(found.exitCode == code, "\(arguments): \(found)")
                #expect(found.output.contains(version), "\(arguments): \(found)")
                let after = try content(folder)
                #expect(after == before, "\(arguments) changed \(after.keys.filter { after[$0] != before[$0] })")
            }
            // Nothing was wrong with the files.
            try changeHeader(of: path, ",\"scrolls\"", "")
            let again = try SecuredServer(in: folder)
            let alice = try again.server.connect()
            try alice.expect(resp("AUTH", "alice", "password") + resp("GET", "a"), "+OK\r\n$1\r\n1\r\n")
        }
    }

    @Test("a follower that does not know what its leader's log needs refuses the leader, and keeps what it has")
    func olderFollower() throws {
        try withTemporaryFolder { folder in
            let follower = try ServerProcess(
                data: folder + "/follower.json", ["--mode", "follower", "--adopt-history"])
            let before = try content(folder + "/follower.json.log")
            let leader = try follower.connect()
            let reply = try leader.ask(
                #"REPLICATE {"version":2,"history":"5f0c9a52e1b7","port":1,"first":1,"last":9,"durable":9,"id":"0123456789abcdef","needs":["notes","scrolls"]}"#
            )
            #expect(reply.hasPrefix("ERROR: ") && reply.contains("version 2 that needs scrolls"), "\(reply)")
            #expect(follower.process.waitForOutput(containing: "not followed: "))
            #expect(follower.stop() == 0)
            let after = try content(folder + "/follower.json.log")
            #expect(Set(after.keys) == Set(before.keys))
        }
    }

    @Test("while a connected follower does not know users, none are made; one that connects later is refused")
    func olderFollowerOfUsers() throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let leader = try ServerProcess(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(listener.port)"])
            let client = try leader.connect()
            #expect(try client.ask("SET a 1") == "OK")
            let follower = try listener.accept()
            #expect(try follower.receiveLine().hasPrefix("REPLICATE {\"version\":1,"))
            // It knows expiry, as the version before users did.
            try follower.send(
                "{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[],\"knows\":[\"expiry\"]}\n")
            #expect(try follower.receiveLine() == "{\"continue\":0,\"crc\":\"00000000\"}")
            let refusal =
                "Follower 127.0.0.1:\(listener.port) does not know users and roles: upgrade it, or remove it with FOLLOWER REMOVE"
            #expect(try client.ask("ACL ROLE SET clerk +@read ~*") == "ERROR: \(refusal)")
            try client.expect(resp("ACL", "ROLE", "SET", "clerk", "+@read"), "-ERR \(refusal)\r\n")
            #expect(try client.ask("SETEX b 1000 v") == "OK")
            #expect(try client.ask("FOLLOWER REMOVE 127.0.0.1:\(listener.port)") == "OK")
            #expect(try client.ask("ACL ROLE SET clerk +@read ~*") == "OK")
            #expect(try client.ask("FOLLOWER ADD 127.0.0.1:\(listener.port)") == "OK")
            let other = try listener.accept()
            let greeting = try other.receiveLine()
            #expect(greeting.hasSuffix(",\"needs\":[\"expiry\",\"notes\"]}"), "\(greeting)")
            try other.send(
                "{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[],\"knows\":[\"expiry\"]}\n")
            #expect(try other.receiveLine().contains("does not know notes"))
            #expect(leader.stop() == 0)
        }
    }

    @Test("an audit of another version: no tool calls it altered, no server cuts or continues it")
    func audit() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data, ["--audit"])
            try server.connect().expect("FLUSHALL\n", "OK\n")
            #expect(server.stop() == 0)
            let audit = AuditFiles(data: data)
            let path = audit.folder + "/00000000000000000001.jsonl"
            try changeHeader(of: path, "\"version\":1", "\"version\":2,\"needs\":[\"scrolls\"]")
            let before = try content(audit.folder)
            let reason = "is of another version: expected an audit of version 1, found "
            for command in ["verify", "show", "report"] {
                let found = try run(["audit", command, "--data", data])
                #expect(found.exitCode == 5 && found.output.contains(path + " " + reason), "\(command): \(found)")
            }
            let refused = try #require(throws: ServerFailure.self) {
                _ = try ServerProcess(data: data, ["--audit", "--audit-on-failure", "refuse"])
            }
            #expect(refused.exitCode == 5 && refused.log.contains(reason), "\(refused)")
            // With continue the server runs without an audit, and says so.
            let lenient = try ServerProcess(data: data, ["--audit"])
            #expect(lenient.log.contains("The audit cannot be written, and is tried again each second: " + path))
            try lenient.connect().expect("FLUSHALL\n", "OK\n")
            #expect(lenient.stop() == 0)
            #expect(try content(audit.folder) == before)
            // Nothing was wrong with the files, and the next events continue them.
            try changeHeader(of: path, "\"version\":2,\"needs\":[\"scrolls\"]", "\"version\":1")
            let again = try ServerProcess(data: data, ["--audit"])
            try again.connect().expect("FLUSHALL\n", "OK\n")
            #expect(again.stop() == 0)
            #expect(try audit.verify(data: data).exitCode == 0)
            #expect(try audit.events().count { $0.kind == "clear" } == 2)
        }
    }
}
