// What the documents show is run, so that it stays true.

import Foundation
import TestSupport
import Testing

struct DocumentationTests {
    @Test("the README's session with nc gets the replies that it shows")
    func session() throws {
        try withTemporaryFolder { folder in
            let block = try Document("README.md").block(containing: "$ nc -N localhost 8080\n")
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
        .enabled(if: Peer.areThere("redis-cli")))
    func commands() throws {
        try withTemporaryFolder { folder in
            let block = try Document("README.md").block(containing: "$ bin/puffin-cli set")
            let server = try ServerProcess(data: folder + "/puffin.json")
            _ = try server.connect().ask(#"SET "two words" "line one\nline two""#)
            // The commands as they stand, but for where the programs are and which port is meant.
            let bin = URL(fileURLWithPath: ChildProcess.program("puffin-cli")).deletingLastPathComponent().path
            for (command, output) in Document.commands(in: block) where command.hasPrefix("bin/") {
                let adapted = command.replacingOccurrences(
                    of: "bin/puffin-cli", with: "\(bin)/puffin-cli -addr localhost:\(server.port)")
                #expect(try ChildProcess.run(["sh", "-c", adapted]).output == output, "\(command)")
            }
        }
    }

    @Test("the program that the log's description shows checks a real log", .enabled(if: Peer.areThere("python3")))
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

/// A document of the project.
private struct Document {
    private let text: String

    init(_ path: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The content of the fenced block that holds `text`.
    func block(containing wanted: String) throws -> String {
        let blocks = text.components(separatedBy: "```")
        let block = try #require(
            stride(from: 1, to: blocks.count, by: 2).map { blocks[$0] }.first { $0.contains(wanted) })
        return String(block[block.index(after: block.firstIndex(of: "\n") ?? block.startIndex)...])
    }

    /// The commands of a block, each with the output below it.
    static func commands(in block: String) -> [(command: String, output: String)] {
        block.components(separatedBy: "$ ").dropFirst().map { part in
            let lines = part.split(separator: "\n", omittingEmptySubsequences: false)
            return (String(lines[0]), lines.dropFirst().joined(separator: "\n"))
        }
    }
}
