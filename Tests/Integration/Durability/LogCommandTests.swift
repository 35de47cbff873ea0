// `puffin-server log` and `puffin-server compact` as an operator uses them: on the files of a real server, running or not.

import Foundation
import TestSupport
import Testing

@Suite("Log commands")
struct LogCommandTests {
    private let program = ChildProcess.program("puffin-server")

    private func run(_ arguments: String...) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run([program] + arguments)
    }

    /// Sends changes `first` to `last` of recurring keys.
    private func write(_ client: WireConnection, _ range: ClosedRange<Int>) throws {
        let requests = range.map { "SET key:\($0 % 50) value-\($0)\n" }.joined()
        try client.expect(requests, String(repeating: "OK\n", count: range.count))
    }

    /// Has a server merge everything, and waits until it has.
    private func compact(_ server: ServerProcess, _ client: WireConnection, asOf seq: Int) throws {
        try client.expect("COMPACT\n", "OK\n")
        try #require(server.process.waitForOutput(containing: " as of change \(seq) in "))
    }

    // MARK: On a live server's files

    @Test("while a client writes and COMPACT runs, no command ever finds damage")
    func underWrites() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let load = BackgroundLoad(server)
            for round in 0..<30 {
                let verify = try run("log", "verify", "--data", data)
                #expect(verify.exitCode == 0, "\(verify.output)")
                #expect(verify.output.contains("\nSound") && !verify.output.contains("DAMAGED"), "\(verify.output)")
                let other = [
                    ["log", "show"], ["log", "stats"], ["log", "history", "key:7"], ["log", "repair", "--plan"],
                ]
                let found = try ChildProcess.run([program] + other[round % 4] + ["--data", data])
                #expect(found.exitCode == 0, "\(other[round % 4]): \(found.output.suffix(500))")
            }
            let (changes, compactions) = try load.end()
            #expect(changes > 0 && compactions > 0)
            #expect(server.stop() == 0)
            #expect(
                try run("log", "verify", "--data", data).output.contains(
                    "changes 1 to \(changes) in \(changes) records"))
        }
    }

    @Test(
        "show --follow shows records as they come, into new segments, until it is told to end",
        arguments: [SIGTERM, SIGINT])
    func follow(signal: Int32) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            try client.expect("SET first 1\n", "OK\n")
            let follower = try ChildProcess([program, "log", "show", "--follow", "--data", data])
            #expect(follower.waitForOutput(containing: "\"key\":\"first\""))
            for round in 1...3 {
                try client.expect("SET round \(round)\n", "OK\n")
                #expect(follower.waitForOutput(containing: "\"value\":\"\(round)\",\"crc\":"))
                try compact(server, client, asOf: round + 1)
            }
            try client.expect("MSET a x b y\nDELETE first\nSET last 1\n", "OK\nOK\nOK\n")
            #expect(follower.waitForOutput(containing: "\"key\":\"last\""))
            follower.send(signal)
            #expect(follower.wait() == 0)
            let lines = follower.output.split(separator: "\n")
            #expect(lines.count == 7)
            #expect(lines.enumerated().allSatisfy { $1.hasPrefix("{\"seq\":\($0 + 1),\"ts\":") }, "\(follower.output)")
        }
    }

    @Test("a key's history goes back beyond a compaction, and shows the snapshot's value")
    func history() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            try client.expect("SET a 1\nSET b 1\nDELETE a\n", "OK\nOK\nOK\n")
            try compact(server, client, asOf: 3)
            try client.expect("SET a \"two\\nlines\"\nFLUSHALL\nSET a 3\n", "OK\nOK\nOK\n")
            #expect(server.stop() == 0)
            let rows = try run("log", "history", "a", "--data", data).output.split(separator: "\n")
            let words = rows.map { $0.split(separator: " ").map(String.init) }
            #expect(words.dropFirst().map { $0[0] } == ["1", "3", "4", "5", "6"])
            #expect(words.dropFirst().map { $0[2] } == ["set", "delete", "set", "clear", "set"])
            #expect(rows[3].hasSuffix("set       two\\nlines"))
            // Merged segments are removed, as retention would.
            let segments = try LogFile(data: data).segments()
            for segment in segments.dropLast() { try FileManager.default.removeItem(atPath: segment) }
            let left = try run("log", "history", "--format", "json", "b", "--data", data).output
            let objects = left.split(separator: "\n").map(String.init)
            #expect(objects.count == 2)
            #expect(objects[0].hasPrefix(#"{"seq":3,"#) && objects[0].hasSuffix(#","op":"snapshot","value":"1"}"#))
            #expect(objects[1].hasPrefix(#"{"seq":5,"#) && objects[1].hasSuffix(#","op":"clear"}"#))
            let table = try run("log", "history", "a", "--data", data).output
            #expect(table.contains("(as of change 3 the snapshot has: (not this key))"))
        }
    }

    // MARK: Output

    @Test("a reader that has seen enough ends the command quietly, with 0", arguments: ["", " --follow"])
    func closedPipe(option: String) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            for start in stride(from: 0, to: 10_000, by: 1_000) { try write(client, start + 1...start + 1_000) }
            let command = "('\(program)' log show\(option) --data '\(data)'; echo ended with $? >&2) | head -n 2"
            let found = try ChildProcess.run(["sh", "-c", command])
            let lines = found.output.split(separator: "\n")
            #expect(lines.count == 3, "\(lines)")
            #expect(lines.contains("ended with 0"))
        }
    }

    @Test("verify prints one JSON object where it is asked to")
    func json() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            try write(try server.connect(), 1...10)
            #expect(server.stop() == 0)
            let output = try run("log", "verify", "-format", "json", "-data", data).output
            let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
            #expect(object?["state"] as? String == "sound")
            #expect(object?["last"] as? Int == 10)
            let files = object?["files"] as? [[String: Any]]
            #expect(files?.count == 1 && files?[0]["records"] as? Int == 10)
        }
    }

    @Test("a data file may be named before and after the command, with one dash or two; the last one counts")
    func dataOption() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/my.json"
            let server = try ServerProcess(data: data)
            try write(try server.connect(), 1...3)
            #expect(server.stop() == 0)
            for arguments in [
                ["log", "show", "-data", data], ["log", "show", "--data=\(data)"], ["-data", data, "log", "show"],
                ["log", "-data", data, "show"], ["-data", "other.json", "log", "show", "--data", data],
            ] {
                let found = try ChildProcess.run([program] + arguments)
                #expect(found.exitCode == 0 && found.output.split(separator: "\n").count == 3, "\(arguments): \(found)")
            }
        }
    }

    @Test(
        "wrong options end with 2, and say what would be right",
        arguments: [
            (["log", "frob"], ["frob"]), (["log", "verify", "--frob"], ["--frob"]),
            (["log", "verify", "--format", "xml"], ["'xml'", "text", "json"]),
            (["log", "repair"], ["choose one", "--plan", "--apply"]),
            (["log", "repair", "--plan", "--apply"], ["choose one"]),
            (["log", "history"], ["key"]), (["log", "show", "--from", "x"], ["'x'", "--from"]),
            (["log", "show", "--from", "5", "--to", "4"], ["--from 5 is greater than --to 4"]),
            (["log", "show", "--since", "yesterday"], ["'yesterday'", "--since"]),
            (["log", "show", "--since", "2026-01-02", "--until", "2026-01-01"], ["--since is later than --until"]),
            (["log", "verify", "--data", "folder/"], ["--data", "path of a file"]),
            (["compact", "surplus"], ["surplus"]),
        ])
    func wrongOptions(arguments: [String], expected: [String]) throws {
        let found = try ChildProcess.run([program] + arguments)
        #expect(found.exitCode == 2)
        for text in expected { #expect(found.output.contains(text), "\(found.output)") }
    }

    // MARK: Damage and repair

    @Test("a damaged log: the server says what to run, verify where it is, the plan what it costs, and then it starts")
    func repair() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            for number in 1...100 { try write(client, number...number) }
            #expect(server.stop() == 0)
            let segment = try LogFile(data: data).lastSegment()
            let lines = try LogFile.lines(of: segment)
            let damaged = try #require(
                lines.firstIndex { String(decoding: $0.bytes, as: UTF8.self).contains("value-60\"") })
            var bytes = try LogFile.read(segment)
            bytes[lines[damaged].offset + 30] ^= 1
            try LogFile.write(bytes, to: segment)

            let failure = try #require(throws: ServerFailure.self) { _ = try ServerProcess(data: data) }
            #expect(failure.log.contains("puffin-server log verify, puffin-server log repair --plan"))
            let verify = try run("log", "verify", "--data", data)
            #expect(verify.exitCode == 6)
            let place = "DAMAGED at line \(damaged + 1), byte \(lines[damaged].offset): expected crc"
            #expect(verify.output.contains(place), "\(verify.output)")
            let plan = try run("log", "repair", "--plan", "--data", data)
            #expect(plan.exitCode == 0)
            #expect(plan.output.contains("keep: changes up to 59\n"))
            #expect(
                plan.output.contains("lose: changes 60 to 100 (41), of which 40 can still be read\n"), "\(plan.output)")
            #expect(plan.output.contains("touch 40 keys: key:0, key:11, key:12,"))
            #expect(plan.output.hasSuffix("Nothing was changed; --apply does it\n"))
            #expect(try LogFile.read(segment) == bytes)

            let apply = try run("log", "repair", "--apply", "--data", data)
            #expect(apply.exitCode == 0)
            #expect(apply.output.contains("is now: \(segment).damaged-"))
            let again = try ServerProcess(data: data)
            try again.connect().expect("GET key:9\nGET key:10\nCOUNT\n", "value-59\nvalue-10\n50\n")
            #expect(!again.log.contains(" WARNING "))
            // Not while it runs.
            let refused = try run("log", "repair", "--apply", "--data", data)
            #expect(refused.exitCode == 7)
            #expect(refused.output.contains("in use by the process \(again.process.id); stop that server first"))
            #expect(try run("log", "repair", "--plan", "--data", data).output.hasPrefix("Nothing to repair"))
            #expect(again.stop() == 0)
        }
    }

    @Test("unreadable files end with 4, another version with 5, and the error says what to do")
    func unreadable() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            for command in [
                ["log", "verify"], ["log", "show"], ["log", "stats"], ["log", "repair", "--apply"], ["compact"],
            ] {
                let found = try ChildProcess.run([program] + command + ["--data", data])
                #expect(found.exitCode == 4)
                #expect(found.output.hasPrefix("No data set at \(data): ") && found.output.contains("with --data"))
            }
            #expect(try LogFile.exists(folder: folder) == [], "nothing was made")
            let server = try ServerProcess(data: data)
            try write(try server.connect(), 1...3)
            #expect(server.stop() == 0)
            // Permissions do not stop root.
            if geteuid() == 0 {
                try withTemporaryFolder { place in
                    let program = try ChildProcess.copyForEveryUser(of: "puffin-server", in: place)
                    let wrapper = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
                    let found = try ChildProcess.run(wrapper + [program, "log", "verify", "--data", data])
                    #expect(found.exitCode == 4)
                    #expect(found.output.contains("runs as uid 65534"), "\(found.output)")
                    #expect(found.output.contains("run as its owner, or as root"))
                }
            }
            try LogFile.write(
                Array("{\"puffin\":\"log\",\"version\":9}\n".utf8), to: try LogFile(data: data).lastSegment())
            #expect(try run("log", "verify", "--data", data).exitCode == 5)
            #expect(try run("log", "show", "--data", data).exitCode == 5)
            #expect(try run("log", "repair", "--plan", "--data", data).exitCode == 6)
        }
    }

    // MARK: Compaction

    @Test("compact merges an unused data set, and refuses one in use")
    func compact() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            for number in 1...200 { try write(client, number...number) }
            let refused = try run("compact", "--data", data)
            #expect(refused.exitCode == 7)
            #expect(refused.output.contains("send COMPACT to that server instead"))
            #expect(server.stop() == 0)
            let done = try run("compact", "-data", data)
            #expect(done.exitCode == 0)
            let pattern =
                #/Compacted in [0-9]+ ms: 50 pairs as of change 200, from 200 records; [0-9]+ bytes before.*\n/#
            #expect(done.output.wholeMatch(of: pattern) != nil, "\(done.output)")
            #expect(try run("compact", "-data", data).output.hasPrefix("Nothing to compact"))
            #expect(try run("log", "verify", "-data", data).output.contains("snapshot of 50 pairs as of change 200"))
            let again = try ServerProcess(data: data)
            try again.connect().expect("GET key:0\nCOUNT\n", "value-200\n50\n")
        }
    }
}

extension LogFile {
    /// The names in a folder.
    fileprivate static func exists(folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
    }
}
