import Foundation
import TestSupport
import Testing

/// Data of a server and its other clients must not control the user's terminal.
@Suite("Output on a terminal", .serialized)
struct TerminalOutputTests {
    /// A window title, a colour in the two-byte form of CSI, backspace, a turned direction, DEL, and a byte that is no UTF-8.
    private static let hostile = Array("x\u{1b}]0;pwned\u{7}\u{9b}31m\u{8}\u{202e}\u{7f}".utf8) + [0x9b]

    private func isSafe(_ shown: TerminalProcess, except allowed: Unicode.Scalar? = nil) -> Bool {
        let steering: Set<Unicode.Scalar> = ["\u{7}", "\u{8}", "\u{7f}", "\u{9b}", "\u{202e}"]
        let output = shown.output
        return shown.isOutputUTF8 && !output.contains("\u{1b}]")
            && !output.unicodeScalars.contains { steering.contains($0) && $0 != allowed }
    }

    private func terminal(_ port: UInt16, _ words: [String], _ folder: String) throws -> TerminalProcess {
        try TerminalProcess(
            [ChildProcess.program("puffin-cli"), "-addr", "127.0.0.1:\(port)"] + words,
            environment: ["TERM": "xterm", "NO_COLOR": "1", "PUFFIN_HISTORY": "off", "HOME": folder])
    }

    private func bulk(_ bytes: [UInt8]) -> [UInt8] { Array("$\(bytes.count)\r\n".utf8) + bytes + [0x0d, 0x0a] }

    /// A server with hostile keys and values, and a text without the invalid byte, which the log stores unchanged.
    private func filled(_ folder: String) throws -> ServerProcess {
        let server = try ServerProcess(data: folder + "/puffin.json")
        let client = try server.connect()
        for (key, value) in [
            (Array("k".utf8), Self.hostile), (Self.hostile, Array("v".utf8)),
            (Array("t".utf8), Self.hostile.dropLast()),
            (Self.hostile.dropLast(), Array("v".utf8)),
        ] {
            try client.send(Array("*3\r\n$3\r\nSET\r\n".utf8) + bulk(key) + bulk(value))
            _ = try client.receive(exactly: 5)
        }
        return server
    }

    @Test("values and keys, in every format but raw, and by every command that prints them")
    func values() throws {
        try withTemporaryFolder { folder in
            let server = try filled(folder)
            let batch = folder + "/batch.txt"
            try "GET k\nKEYS *\n".write(toFile: batch, atomically: false, encoding: .utf8)
            for words in [
                ["get", "k"], ["get", "k", "--format", "json"], ["get", "t", "--format", "json"], ["mget", "k", "t"],
                ["keys"], ["scan", "0"], ["export"], ["export", "--format", "resp"], ["top"],
                ["send", "ECHO", "\u{1b}]0;x\u{7}"], ["frob", "\u{1b}]0;x\u{7}\u{9b}"], ["-file", batch],
                ["get", "a", "--\u{1b}]0;x\u{7}"],
            ] {
                let shown = try terminal(server.port, words, folder)
                _ = shown.wait()
                #expect(isSafe(shown) && !shown.output.isEmpty, "\(words): \(shown.output.debugDescription)")
            }
            // A value that needs it is quoted, so that it cannot be mistaken for one that has the escapes in it.
            let quoted = try terminal(server.port, ["get", "t"], folder)
            #expect(
                quoted.expect(#""x\u001b]0;pwned\u0007\u009b31m\b\u202e\u007f""#), "\(quoted.output.debugDescription)")
            // With --format raw the bytes are written unchanged, and so they are to a pipe.
            let raw = try terminal(server.port, ["get", "k", "--format", "raw"], folder)
            _ = raw.wait()
            #expect(raw.output.contains("\u{1b}]0;pwned\u{7}\u{9b}31m"))
            let tool = CommandTool(folder: folder, address: "127.0.0.1:\(server.port)")
            #expect(try tool("get", "t").output.utf8.elementsEqual(Self.hostile.dropLast() + [0x0a]))
        }
    }

    @Test("the prompt: values, errors, and keys that Tab completes")
    func prompt() throws {
        try withTemporaryFolder { folder in
            let server = try filled(folder)
            let prompt = try terminal(server.port, [], folder)
            #expect(prompt.expect("leader> "))
            for (keys, reply) in [
                ("GET t\r", #""x\u001b]0;pwned\u0007\u009b31m\b\u202e\u007f""#), ("KEYS *\r", "\n\"x\\u001b"),
                ("GET x\t\r", "x\\u001b]0;pwned"), ("\u{15}GET missing\r", "Key not found"),
            ] {
                prompt.type(keys)
                #expect(prompt.expect(reply), "\(keys): \(prompt.output.debugDescription)")
            }
            prompt.type("\u{15}exit\r")
            #expect(prompt.wait() == 0)
            // The bell is the prompt's own, where Tab finds nothing to insert.
            #expect(
                isSafe(prompt, except: "\u{7}"), "\(prompt.output.debugDescription)")
        }
    }

    /// Answers every request with the same bytes.
    private func answering(_ reply: [UInt8]) throws -> WireListener {
        let listener = try WireListener()
        listener.serve { client in
            while let bytes = try? client.receive(), !bytes.isEmpty {
                let requests = bytes.split(separator: 0x0a).count { $0.first == UInt8(ascii: "*") }
                for _ in 0..<requests { try? client.send(reply) }
            }
        }
        return listener
    }

    @Test("a server that answers anything: errors, figures, roles, and invalid replies")
    func hostileServer() throws {
        try withTemporaryFolder { folder in
            let text = Self.hostile.filter { $0 != 0x0a && $0 != 0x0d }
            let item = bulk(Self.hostile)
            let end: [UInt8] = [0x0d, 0x0a]
            var items = Array("*5\r\n".utf8)
            for _ in 0..<5 { items += item }
            let replies: [[UInt8]] = [
                Array("-ERR ".utf8) + text + end, Array("+".utf8) + text + end, item, items,
                Array("*2\r\n$4\r\nrole\r\n".utf8) + item, Self.hostile + end,
            ]
            for reply in replies {
                let server = try answering(reply)
                defer { server.stop() }
                for words in [
                    ["get", "k"], ["role"], ["stats", "--count", "1"], ["top"], ["seq", "--format", "json"], ["export"],
                ] {
                    let shown = try terminal(server.port, words + ["-timeout", "5s"], folder)
                    _ = shown.wait()
                    #expect(isSafe(shown), "\(words), \(reply): \(shown.output.debugDescription)")
                }
                let bench = try TerminalProcess(
                    [
                        ChildProcess.program("puffin-bench"), "--addr", "127.0.0.1:\(server.port)", "--dialect", "resp",
                        "--requests",
                        "20", "--clients", "1", "--no-fill",
                    ], environment: [:])
                _ = bench.wait()
                #expect(isSafe(bench) && !bench.output.isEmpty, "\(reply): \(bench.output.debugDescription)")
            }
        }
    }

    @Test("puffin-server log show and log history, and errors about names")
    func log() throws {
        try withTemporaryFolder { folder in
            let server = try filled(folder)
            #expect(server.stop() == 0)
            let data = ["--data", folder + "/puffin.json"]
            for words in [
                ["log", "show"], ["log", "show", "--format", "table"], ["log", "history", "t"],
                ["log", "history", "t", "--format", "json"], ["log", "history", "k"],
                ["--log-level", "\u{1b}]0;x\u{7}\u{202e}"],
                ["--\u{1b}]0;x\u{7}"], ["log", "verify", "\u{1b}]0;x\u{7}"],
            ] {
                let shown = try TerminalProcess(
                    [ChildProcess.program("puffin-server")] + words + (words.contains("verify") ? [] : data),
                    environment: [:])
                _ = shown.wait()
                #expect(isSafe(shown) && !shown.output.isEmpty, "\(words): \(shown.output.debugDescription)")
            }
            let piped = try ChildProcess.run([ChildProcess.program("puffin-server"), "log", "show"] + data).output
            #expect(piped.contains("\u{9b}31m"), "in a pipe a line is what stands in the log")
        }
    }

    @Test("the log of a server, in both formats", arguments: ["text", "json"])
    func serverLog(format: String) throws {
        try withTemporaryFolder { folder in
            let server = try TerminalProcess(
                [
                    ChildProcess.program("puffin-server"), "--port", "0", "--data", folder + "/p.json", "--log-format",
                    format,
                    "--slow-log-threshold", "0",
                ], environment: [:])
            #expect(server.expect("Ready"), "\(server.screen)")
            let port = try #require(
                server.screen.firstMatch(of: #/Server starting on 127.0.0.1:([0-9]+)/#).flatMap { UInt16($0.1) })
            let client = try WireConnection(port: port)
            try client.send(
                Array("*2\r\n$3\r\nGET\r\n".utf8) + bulk(Self.hostile) + Array("*1\r\n".utf8) + bulk(Self.hostile))
            #expect(server.expect("Slow request"), "\(server.screen)")
            #expect(isSafe(server), "\(server.output.debugDescription)")
        }
    }
}
