// What the documents show is run, so that it stays true.

import Foundation
import Server
import TestSupport
import Testing

struct DocumentationTests {
    @Test(
        "the README's sessions with nc get the replies that they show",
        arguments: ["SET greeting Hello, world!", "SETEX session:7 1800 Ada Lovelace"])
    func session(first: String) throws {
        try withTemporaryFolder { folder in
            let block = try Document("README.md").block(containing: "$ nc -N localhost 8080\n\(first)\n")
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            let lines = block.split(separator: "\n").dropFirst()
            #expect(lines.count >= 10)
            for index in stride(from: lines.startIndex, to: lines.endIndex - 1, by: 2) {
                #expect(try client.ask(String(lines[index])) == lines[index + 1])
            }
        }
    }

    @Test(
        "the README's commands print what it shows",
        .enabled(if: PeerProgram.areThere("redis-cli")))
    func commands() throws {
        try withTemporaryFolder { folder in
            let block = try Document("README.md").block(containing: "$ bin/puffin-cli set")
            let server = try ServerProcess(data: folder + "/puffin.json")
            _ = try server.connect().ask(#"SET "two words" "line one\nline two""#)
            // The commands as shown, except for the programs' folder and the port.
            let bin = URL(fileURLWithPath: ChildProcess.program("puffin-cli")).deletingLastPathComponent().path
            for (command, output) in Document.commands(in: block) where command.hasPrefix("bin/") {
                let adapted = command.replacingOccurrences(
                    of: "bin/puffin-cli", with: "\(bin)/puffin-cli -addr localhost:\(server.port)")
                #expect(try ChildProcess.run(["sh", "-c", adapted]).output == output, "\(command)")
            }
        }
    }

    @Test(
        "the program that the log's description shows checks a real log", .enabled(if: PeerProgram.areThere("python3")))
    func verification() throws {
        try withTemporaryFolder { folder in
            let program = try Document("docs/log-format.md").block(containing: "import json, sys\n")
            try program.write(toFile: folder + "/verify.py", atomically: true, encoding: .utf8)
            let server = try ServerProcess(data: folder + "/puffin.json")
            try server.connect().expect(
                "SET a 1\nMSET b \"two\\nlines\" c é\nDELETE a\nFLUSHALL\n", "OK\nOK\nOK\nOK\n")
            #expect(server.stop() == 0)
            let segment = folder + "/puffin.json.log/00000000000000000001.jsonl"
            let good = try ChildProcess.run(["python3", folder + "/verify.py", segment])
            #expect(good.exitCode == 0 && good.output.hasPrefix("4 changes, checksum "), "\(good.output)")

            var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: segment)))
            let value = try #require(bytes.firstRange(of: Array("two".utf8)))
            bytes[value.lowerBound] = UInt8(ascii: "T")
            try Data(bytes).write(to: URL(fileURLWithPath: segment))
            let bad = try ChildProcess.run(["python3", folder + "/verify.py", segment])
            #expect(bad.exitCode != 0 && bad.output.contains("line 3: crc"), "\(bad.output)")
        }
    }
}

/// What docs/locks.md says.
struct LockDocumentTests {
    @Test("the sessions get the replies that they show, and the number in EXEC is that of its change")
    func sessions() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            for text in ["IFEQ \"9e02\"", "QUEUED"] {
                for line in try Document("docs/locks.md").block(containing: text).split(separator: "\n") {
                    let parts = line.split(separator: /\ {2,}/, omittingEmptySubsequences: false)
                    try #require(parts.count == 2, "\(line)")
                    if !parts[0].isEmpty { try client.send(parts[0] + "\n") }
                    #expect(try client.receiveLine() == parts[1])
                }
            }
            #expect(server.stop() == 0)
        }
    }

    @Test("every script that it lists is known, and of every known one a form is listed")
    func scripts() throws {
        let blocks = try Document("docs/locks.md").blocks.filter { $0.contains("redis.call") }
        let texts = blocks.flatMap { $0.components(separatedBy: "\n\n") }
        #expect(texts.count == 15)
        var listed: Set<KnownScript> = []
        for text in texts {
            let variants = [
                text, text.replacingOccurrences(of: "\"EXPIRE\"", with: "\"PEXPIRE\""),
                text.contains("PTTL") || text.contains("NX") || text.contains("not token")
                    ? text : text.replacingOccurrences(of: "\"PEXPIRE\"", with: "\"EXPIRE\""),
                text.contains("GET")
                    ? text
                    : text.replacingOccurrences(of: "\"PX\", ARGV[2], \"NX\"", with: "\"NX\", \"PX\", ARGV[2]"),
            ]
            for variant in variants {
                let bytes = Array(variant.utf8)
                let script = KnownScript(bytes.span)
                listed.insert(try #require(script, "\(variant)"))
            }
        }
        #expect(listed == Set(KnownScript.forms.map(\.script)))
    }
}

/// What docs/operations.md says of backups.
@Suite("The section about backups")
struct BackupDocumentationTests {
    /// Numbers and the history's name differ from run to run, and so do the widths of columns.
    private func form(_ text: String) -> String {
        text.replacing(#/history [0-9a-f]+/#, with: "history H").replacing(#/[0-9]+(\.[0-9]+)? (µs|ms|s)\b/#, with: "T")
            .replacing(#/[0-9]+ bytes/#, with: "N bytes").replacing(#/ +/#, with: " ")
    }

    @Test("a copy of a running server's files, its restoration, an export and an import go as they are shown")
    func commands() throws {
        try withTemporaryFolder { folder in
            let text = try Document("docs/operations.md").text
            let start = try #require(text.range(of: "\n## Backups\n")).upperBound
            let end = try #require(text[start...].range(of: "\n## ")).lowerBound
            var commands = Document.commands(
                in: text[start..<end].components(separatedBy: "```\n").enumerated().filter {
                    $0.offset % 2 == 1
                }.map(\.element).joined())
            #expect(commands.count == 7)
            let bin = URL(fileURLWithPath: ChildProcess.program("puffin-cli")).deletingLastPathComponent().path
            let options = ["--port", "0", "--data", "puffin.json"]
            var server = try ServerProcess(arguments: options, in: folder)
            let client = try server.connect()
            try client.expect(#"MSET greeting "Good evening" user:1 Ada user:2 Grace"# + "\nCOMPACT\n", "OK\nOK\n")
            try #require(server.process.waitForOutput(containing: " as of change 1 in "))
            try client.expect("SET greeting Good night\n", "OK\n")
            func run(until last: String) throws {
                while !commands.isEmpty {
                    let (command, output) = commands.removeFirst()
                    let found = try ChildProcess.run(
                        [
                            "env", "PATH=\(bin):/usr/bin:/bin", "PUFFIN_ADDR=127.0.0.1:\(server.port)", "sh", "-c",
                            command,
                        ],
                        in: folder)
                    #expect(found.exitCode == 0 && form(found.output) == form(output), "\(command): \(found.output)")
                    if command == last { return }
                }
            }
            try run(until: "puffin-server log verify --data backup/puffin.json")
            // Changes after the copy are not in it.
            try client.expect("FLUSHALL\n", "OK\n")
            #expect(server.stop() == 0)
            try run(until: "puffin-server log verify")
            server = try ServerProcess(arguments: options, in: folder)
            #expect(try server.connect().ask("GET greeting") == "Good night")
            try run(until: "puffin-cli export > pairs.jsonl")
            #expect(try server.connect().ask("FLUSHALL") == "OK")
            try run(until: "puffin-cli import pairs.jsonl")
            #expect(try server.connect().ask("COUNT") == "3")
            #expect(server.stop() == 0)
        }
    }

    @Test("links to the section about backups lead to it")
    func links() throws {
        #expect(try Document("docs/operations.md").text.contains("\n## Backups\n"))
        for path in ["docs/README.md", "docs/cli.md"] {
            #expect(try Document(path).text.contains("(operations.md#backups)"), "\(path)")
        }
    }
}

/// The documents about leaders and followers.
@Suite("Documents about replication", .serialized)
struct ReplicationDocumentationTests {
    @Test(
        "the sessions with a leader and a follower print what is shown",
        arguments: ["README.md", "docs/replication.md"])
    func sessions(path: String) throws {
        try withTemporaryFolder { folder in
            let document = try Document(path)
            let ports = [("8080", "\(freePort())"), ("8081", "\(freePort())")]
            var servers: [ServerProcess] = []
            for block in document.blocks.filter({ $0.hasPrefix("$ bin/puffin-") && $0.contains("8081") }) {
                for (command, output) in Document.commands(in: block) {
                    // As shown, except for the ports, which may be in use.
                    let words = adapt(command, ports).split(separator: " ").map(String.init)
                    if words[0] == "bin/puffin-server" {
                        servers.append(try ServerProcess(arguments: Array(words.dropFirst()), in: folder))
                    } else {
                        try expect(adapt(command, ports), adapt(output, ports), leader: ports[0].1)
                    }
                }
            }
            #expect(servers.count == 2)
        }
    }

    private func adapt(_ text: String, _ ports: [(shown: String, real: String)]) -> String {
        // By letters, so that no port is taken for the other one.
        text.replacingOccurrences(of: ports[0].shown, with: "<A>").replacingOccurrences(of: ports[1].shown, with: "<B>")
            .replacingOccurrences(of: "<A>", with: ports[0].real).replacingOccurrences(of: "<B>", with: ports[1].real)
    }

    /// A follower has its leader's data in a moment: a read is repeated until it is as shown.
    private func expect(_ command: String, _ output: String, leader: String) throws {
        let bin = URL(fileURLWithPath: ChildProcess.program("puffin-cli")).path
        let address = command.contains("-addr") ? "" : " -addr localhost:\(leader)"
        let run = command.replacingOccurrences(of: "bin/puffin-cli", with: bin + address)
        let isRead = command.contains(" get ") || command.hasSuffix(" role")
        let end = isRead ? TimeLimit.end : Date()
        var found = try ChildProcess.run(["sh", "-c", run]).output
        while found != output && Date() < end { found = try ChildProcess.run(["sh", "-c", run]).output }
        #expect(found == output, "\(command)")
    }

    @Test("every line of the log that is explained is one that the server writes")
    func logLines() throws {
        let root = Project.root.appendingPathComponent("Sources")
        let sources = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        let rows = try Document("docs/replication.md").rows(behind: "## What the log says")
        #expect(rows.count > 15)
        for line in rows {
            for part in line.components(separatedBy: "…") where part.count > 4 {
                let text = part.trimmingCharacters(in: CharacterSet(charactersIn: ": "))
                #expect(sources.contains(text), "\(line): \(text)")
            }
        }
    }

    @Test("every figure about replication is documented, and every documented one exists")
    func figures() throws {
        let text = try Document("docs/replication.md")
        let named = Set(try text.rows(behind: "## STATS").flatMap { $0.components(separatedBy: ", ") })
        try withReplicas(1) { leader, followers in
            let found = Set(try [leader, followers[0]].flatMap { try $0.figures().keys })
            #expect(named.subtracting(found).isEmpty)
            let replication = found.filter {
                $0.hasPrefix("follower") || $0.hasPrefix("leader") || $0.hasPrefix("stale")
            }
            #expect(replication.subtracting(named).isEmpty)
        }
    }

    @Test("every command is in the protocol's description")
    func commands() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send("HELP\n")
            let help = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
                .dropLast()
            let text = try Document("docs/protocol.md").text
            for line in help {
                let name = line.prefix { $0 != " " }
                #expect(text.contains("`\(name)`") || text.contains("`\(name) "), "\(line)")
            }
        }
    }
}
