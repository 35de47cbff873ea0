import Commands
import Foundation
import TestSupport
import Testing

/// Files of commands.
@Suite("puffin-cli: batches")
struct BatchTests {
    private let commands = """
        # Greetings.
        SET greeting Hello, world!

        GET greeting
        SET "two words" "line one\\nline two"
        GET missing
        MGET greeting missing "two words"
        FROB x
        DELETE greeting
        """

    @Test("each line gets its reply; errors name file and line")
    func file() throws {
        try withTool { tool, _ in
            let found = try tool("-file", tool.file("commands.txt", commands))
            #expect(found.exitCode == 1)
            #expect(
                found.output
                    == "OK\nHello, world!\nOK\nHello, world!\nERROR: Key not found\n\"line one\\nline two\"\nEND\nOK\n")
            let errors = found.errors.split(separator: "\n")
            #expect(errors.count == 3)
            #expect(errors[0] == "commands.txt:6: ERROR: Key not found")
            #expect(errors[1].hasPrefix("commands.txt:8: ERROR: unknown command 'FROB'"))
            #expect(errors[2].hasPrefix("commands.txt: 5 done, 2 errors in "))
        }
    }

    @Test("standard input is a batch too, by name or alone, and JSON says the line")
    func input() throws {
        try withTool { tool, _ in
            let lines = "SET a 1\nGET a\nGET b\n"
            for arguments in [["-file", "-"], []] {
                let found = try tool.run(arguments, input: Array(lines.utf8))
                #expect(found.output == "OK\n1\n" && found.exitCode == 1)
                #expect(found.errors.hasPrefix("standard input:3: ERROR: Key not found\n"))
            }
            let json = try tool.run(["-file", "-", "-format", "json"], input: Array(lines.utf8))
            #expect(
                json.output == """
                    {"ok":true,"line":1,"key":"a"}
                    {"ok":true,"line":2,"key":"a","value":"1"}
                    {"ok":false,"line":3,"key":"b","error":"Key not found"}

                    """)
        }
    }

    @Test(
        "an invalid line is named, and not sent",
        arguments: [
            (
                "SET",
                "SET needs a key and a value: \(Command.set.spec.usage)"
            ),
            ("GET \"a", "A JSON string without its closing quote"),
            ("*1", "A command does not begin with \"*\""),
            ("FLUSHALL", "FLUSHALL removes every pair, and needs --yes in a batch"),
        ])
    func badLine(line: String, message: String) throws {
        try withTool { tool, _ in
            let found = try tool("-file", tool.file("bad.txt", "SET a 1\n\(line)\nGET a\n"))
            #expect(found.exitCode == 2 && found.output == "OK\n1\n")
            #expect(found.errors.hasPrefix("bad.txt:2: \(message)\nbad.txt: 2 done, 1 error in "), "\(found.errors)")
            let stopped = try tool("--stop-on-error", "-file", "bad.txt")
            #expect(stopped.exitCode == 2 && stopped.output == "OK\n")
        }
    }

    @Test("with --stop-on-error nothing after the first error is done")
    func stop() throws {
        try withTool { tool, _ in
            let name = try tool.file("stop.txt", "SET a 1\nGET missing\nSET b 2\n")
            let found = try tool("-file", name, "--stop-on-error")
            #expect(found.exitCode == 1 && found.output == "OK\n")
            #expect(found.errors.contains("stop.txt:2: ERROR: Key not found\nstop.txt: stopped at line 2\n"))
            #expect(try tool("exists", "a", "b") == CommandTool.Result(0, "1\n"))
        }
    }

    @Test("large requests and large replies pass each other")
    func large() throws {
        try withTool { tool, _ in
            let value = String(repeating: "v", count: 3 << 20)
            var lines = ""
            for index in 0..<4 { lines += "SET k\(index) \(value)\n" + "GET k\(index)\n" + "GET k0\n" }
            let found = try tool("-file", tool.file("large.txt", lines))
            #expect(found.exitCode == 0)
            #expect(found.output.utf8.count == 4 * 3 + 8 * ((3 << 20) + 1))
        }
    }

    @Test("QUIT ends a batch, and the commands not run are reported")
    func quit() throws {
        try withTool { tool, _ in
            let rest = "\n# a comment\n  \nSET b 2\nGET a\n"
            let found = try tool("-file", tool.file("quit.txt", "SET a 1\nquit\n" + rest))
            #expect(found.exitCode == 0 && found.output == "OK\n")
            #expect(
                found.errors.hasPrefix("quit.txt:2: QUIT ends the batch; 2 commands after it were not run\n"),
                "\(found)")
            #expect(try tool("exists", "b").output == "0\n")
            let piped = try tool("-file", "-", input: "QUIT\nGET a")
            #expect(
                piped.errors.hasPrefix("standard input:1: QUIT ends the batch; 1 command after it was not run\n"),
                "\(piped)")
            let last = try tool("-file", tool.file("last.txt", "SET a 1\nQUIT\n# the end\n"))
            #expect(!last.errors.contains("QUIT"), "\(last)")
        }
    }

    @Test("a byte order mark is skipped, in a batch and in an import")
    func byteOrderMark() throws {
        try withTool { tool, _ in
            let found = try tool("-file", tool.file("commands.txt", "\u{feff}SET a 1\nGET a\n"))
            #expect(found.output == "OK\n1\n", "\(found)")
            let imported = try tool("import", tool.file("pairs.jsonl", "\u{feff}{\"key\":\"b\",\"value\":\"2\"}\n"))
            #expect(imported.exitCode == 0, "\(imported)")
            #expect(try tool("-addr", String(tool.address.drop { $0 != ":" }.dropFirst()), "get", "b").output == "2\n")
        }
    }

    @Test("many lines are answered one by one, in order")
    func many() throws {
        try withTool { tool, _ in
            let count = 20_000
            let name = try tool.file("many.txt", (0..<count).map { "SET k\($0) \($0)\n" }.joined())
            let found = try tool("-file", name)
            #expect(found.output == String(repeating: "OK\n", count: count))
            #expect(found.errors.hasPrefix("many.txt: 20,000 done, 0 errors in "))
            let read = try tool("-file", tool.file("read.txt", (0..<count).map { "GET k\($0)\n" }.joined()))
            #expect(read.output == (0..<count).map { "\($0)\n" }.joined())
        }
    }

    @Test("on a terminal a bar shows how far a batch or an import is, and makes way for the summary")
    func progress() throws {
        try withTool { tool, _ in
            let program = ChildProcess.program("puffin-cli")
            let batch = try tool.file("commands.txt", "SET a 1\nGET a\n")
            let pairs = try tool.file("pairs.jsonl", "{\"key\":\"b\",\"value\":\"2\"}\n")
            for (command, summary) in [
                ("-file \(batch) > replies", "commands.txt: 2 done, 0 errors in "),
                ("import \(pairs)", "pairs.jsonl: 1 pair in "),
            ] {
                let terminal = try TerminalProcess(
                    ["sh", "-c", "cd \(tool.folder) && \(program) \(command)"],
                    environment: ["PUFFIN_ADDR": tool.address])
                #expect(terminal.expect("] 100 %"), "\(terminal.screen)")
                #expect(terminal.expect(summary), "\(terminal.screen)")
                #expect(terminal.wait() == 0)
            }
        }
    }

    @Test("a server that ends in the middle: how many were answered, and the first line that was not")
    func brokenOff() throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let tool = CommandTool(folder: folder, address: "127.0.0.1:\(listener.port)")
            let name = try tool.file("commands.txt", "SET a 1\n# more\nSET b 2\nSET c 3\n")
            // It answers two of three, and disconnects.
            Thread.detachNewThread {
                guard let client = try? listener.accept() else { return }
                _ = try? client.receive(through: resp("SET", "c", "3"))
                try? client.send("+OK\r\n+OK\r\n")
            }
            let found = try tool("-file", name)
            #expect(found.exitCode == 2 && found.output == "OK\nOK\n", "\(found)")
            #expect(
                found.errors.contains("2 requests were answered; commands.txt:4 is the first line without an answer"),
                "\(found)")
            #expect(found.errors.split(separator: "\n").count == 1)
        }
    }
}
