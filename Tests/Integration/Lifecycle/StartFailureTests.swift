import Foundation
import TestSupport
import Testing

/// What a server reports when it cannot start, and its exit code: service managers and people both act on it.
@Suite("Start failures")
struct StartFailureTests {
    /// Starts a server that must fail with `code`.
    /// - Returns: the one line that says why, from its level on.
    private func failure(
        _ code: Int32, data: String, _ options: [String] = [], wrapper: [String] = []
    ) throws -> String {
        let failure = try #require(throws: ServerFailure.self) {
            _ = try ServerProcess(data: data, options, wrapper: wrapper)
        }
        #expect(failure.exitCode == code)
        let lines = failure.log.split(separator: "\n").filter { $0.contains(" CRITICAL ") }
        #expect(lines.count == 1, "\(failure.log)")
        #expect(failure.log.hasSuffix("\(lines.last ?? "")\n"), "it is the last thing said")
        return lines.last.map(String.init) ?? ""
    }

    @Test("a port in use: 3, and which port it is")
    func portInUse() throws {
        try withTemporaryFolder { folder in
            let first = try ServerProcess(data: folder + "/first.json")
            // The last --port is the one that counts.
            let line = try failure(3, data: folder + "/second.json", ["--port", "\(first.port)"])
            #expect(line.contains("127.0.0.1:\(first.port)"))
            #expect(line.contains("another program uses this port; stop it, or choose another with --port"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/second.json.log"))
        }
    }

    @Test("an unknown host name: 3, and the name")
    func unknownHost() throws {
        try withTemporaryFolder { folder in
            let line = try failure(3, data: folder + "/puffin.json", ["--bind", "no-such-host.invalid"])
            #expect(line.contains("find the address of \"no-such-host.invalid\""))
            #expect(!line.contains("No such file"), "no file is meant")
            #expect(line.contains("check --bind"))
        }
    }

    @Test("a missing data folder: 4, and to create it")
    func folderMissing() throws {
        try withTemporaryFolder { folder in
            let line = try failure(4, data: folder + "/missing/puffin.json")
            #expect(line.contains("\(folder)/missing"))
            #expect(line.contains("create the folder first, or name another with --data"))
        }
    }

    @Test("an unreadable role: 6, since nobody may guess who leads; without the file it starts")
    func damagedRole() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let first = try ServerProcess(data: data)
            #expect(try first.connect().ask("DEMOTE") == "OK")
            #expect(first.stop() == 0)
            let role = data + ".log/ROLE"
            let written = try String(contentsOfFile: role, encoding: .utf8)
            for damaged in [
                written.replacingOccurrences(of: "follower", with: "leader"), "", String(written.dropLast(9)),
            ] {
                try damaged.write(toFile: role, atomically: true, encoding: .utf8)
                let line = try failure(6, data: data)
                #expect(line.contains("Damaged role: \(role) is not what PROMOTE"))
                #expect(line.contains("remove the file, and start this one as that or as a follower, with --mode"))
                #expect(try String(contentsOfFile: role, encoding: .utf8) == damaged, "nothing was changed")
            }
            try written.write(toFile: role, atomically: true, encoding: .utf8)
            let follower = try ServerProcess(data: data)
            #expect(try follower.connect().ask("SET a 1").hasPrefix("ERROR: Read-only follower"))
            #expect(follower.stop() == 0)
            try FileManager.default.removeItem(atPath: role)
            let leader = try ServerProcess(data: data)
            #expect(try leader.connect().ask("SET a 1") == "OK")
            #expect(leader.stop() == 0)
        }
    }

    @Test("another user's data folder: 4, with owner and mode")
    func folderNotWritable() throws {
        try withTemporaryFolder { folder in
            let place = folder + "/place"
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o555])
            // Permissions do not stop root.
            let isRoot = geteuid() == 0
            let wrapper = isRoot ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
            let line = try failure(4, data: place + "/puffin.json", wrapper: wrapper)
            #expect(line.contains("Cannot write in \(place)"))
            #expect(line.contains("the server runs as uid \(isRoot ? 65534 : geteuid())"))
            #expect(line.contains("the folder belongs to uid \(geteuid()) with mode 555"))
            #expect(line.contains("run as its owner, change the mode, or name another with --data"))
        }
    }

    @Test(
        "a file of another version: 5, and the beginning of that file, which stays as it is",
        arguments: ["puffin.json", "puffin.json.log/00000000000000000001.jsonl"])
    func unknownVersion(name: String) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/puffin.json.log", withIntermediateDirectories: false)
            let content = "{\"puffin\":\"\(name.hasSuffix("l") ? "log" : "snapshot")\",\"version\":99}\n"
            try content.write(toFile: folder + "/" + name, atomically: false, encoding: .utf8)
            let line = try failure(5, data: folder + "/puffin.json")
            #expect(line.contains("Cannot read \(folder)/\(name)"))
            #expect(line.contains("expected a Puffin file of version 1"))
            #expect(line.contains("\\\"version\\\":99"))
            #expect(line.contains("use the Puffin that wrote it"))
            #expect(try String(contentsOfFile: folder + "/" + name, encoding: .utf8) == content)
        }
    }

    @Test("a data file in use: 7, and the process that uses it, which goes on")
    func locked() throws {
        try withTemporaryFolder { folder in
            let first = try ServerProcess(data: folder + "/puffin.json")
            let line = try failure(7, data: folder + "/puffin.json")
            #expect(line.contains("in use by the process \(first.process.id);"))
            #expect(line.contains("stop that server, or name another data file with --data"))
            try first.connect().expect("SET a 1\nGET a\n", "OK\n1\n")
            #expect(first.stop() == 0)
            let next = try ServerProcess(data: folder + "/puffin.json")
            try next.connect().expect("GET a\n", "1\n")
        }
    }

    @Test("a data file in use whose LOCK was removed: 7 nevertheless")
    func lockRemoved() throws {
        try withTemporaryFolder { folder in
            let first = try ServerProcess(data: folder + "/puffin.json")
            let lock = folder + "/puffin.json.log/LOCK"
            try FileManager.default.removeItem(atPath: lock)
            #expect(try failure(7, data: folder + "/puffin.json").contains("puffin.json.log/LOCK: in use by "))
            try first.connect().expect("SET a 1\nGET a\n", "OK\n1\n")
            #expect(first.stop() == 0)
        }
    }

    @Test("a data file that is a link or a folder: 4, and what it is; nothing is made beside it")
    func wrongKind() throws {
        try withTemporaryFolder { folder in
            let (link, place) = (folder + "/link.json", folder + "/place.json")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder + "/real.json")
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
            let line = try failure(4, data: link)
            #expect(line.contains("Cannot use \(link): expected a file, found a symbolic link to \(folder)/real.json"))
            #expect(line.contains("name the file itself with --data"))
            #expect(try failure(4, data: place).contains("Cannot use \(place): expected a file, found a folder"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["link.json", "place.json"])
        }
    }

    @Test("a log that was emptied or cut off, after a clean stop or a kill: 6, what is missing and what to do")
    func lessThanItWas() throws {
        try withTemporaryFolder { folder in
            for isKilled in [true, false] {
                let data = folder + "/\(isKilled).json"
                let segment = data + ".log/00000000000000000001.jsonl"
                let server = try ServerProcess(data: data)
                let client = try server.connect()
                for number in 1...20 { #expect(try client.ask("SET key:\(number) value") == "OK") }
                if isKilled {
                    // DURABLE is written each second.
                    let durable = URL(fileURLWithPath: data + ".log/DURABLE")
                    let deadline = TimeLimit.end
                    while try !String(contentsOf: durable, encoding: .utf8).contains("\"seq\":20,"), Date() < deadline {
                        usleep(10_000)
                    }
                    server.kill()
                } else {
                    #expect(server.stop() == 0)
                }
                let whole = try String(contentsOfFile: segment, encoding: .utf8)
                let lines = whole.split(separator: "\n")
                let half = lines[..<11].map { $0 + "\n" }.joined()
                for (content, expected) in [("", "expected a segment's header"), (half, "change 20 was on the disk")] {
                    try content.write(toFile: segment, atomically: false, encoding: .utf8)
                    let line = try failure(6, data: data)
                    #expect(line.contains("Damaged log: \(segment), line ") && line.contains(expected), "\(line)")
                    #expect(line.contains("puffin-server log verify"))
                    #expect(try String(contentsOfFile: segment, encoding: .utf8) == content, "nothing was changed")
                }
                try FileManager.default.removeItem(atPath: segment)
                let line = try failure(6, data: data)
                #expect(line.contains("Missing log: \(data).log has DURABLE, so it had a log, but no segment"))
                #expect(line.contains("to begin with an empty data set, remove this folder"))
                try whole.write(toFile: segment, atomically: false, encoding: .utf8)
                let next = try ServerProcess(data: data)
                #expect(try next.connect().ask("COUNT") == "20")
                #expect(next.stop() == 0)
            }
        }
    }

    @Test("the CRITICAL line is one JSON object where the log is JSON")
    func json() throws {
        try withTemporaryFolder { folder in
            let failure = try #require(throws: ServerFailure.self) {
                _ = try ServerProcess(data: folder + "/missing/puffin.json", ["--log-format", "json"])
            }
            let line = try #require(failure.log.split(separator: "\n").last)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            #expect(object["level"] == "critical")
            #expect(object["message"]?.contains("create the folder first") == true)
        }
    }
}
