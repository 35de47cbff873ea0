import Foundation
import TestSupport
import Testing

/// How every program starts: with open standard descriptors, and with its arguments.
@Suite("The start of a program")
struct ProgramStartTests {
    private static let programs = ["puffin-server", "puffin-cli", "puffin-bench", "puffin-client-examples"]

    /// Runs a command line of the shell, in which `$0` is the program.
    private func shell(_ line: String, _ program: String, in folder: String? = nil) throws -> (
        exitCode: Int32, output: String
    ) {
        try ChildProcess.run(["sh", "-c", line, ChildProcess.program(program)], in: folder)
    }

    @Test("what is written to a closed standard output goes nowhere, least of all into a connection")
    func closedOutput() throws {
        try withTool { tool, server in
            let client = try server.connect()
            #expect(try client.ask("MSET a FLUSHALL b 2") == "OK")
            let before = try client.ask("SEQ")
            let words = "-addr \(tool.address)"
            for line in [
                "\"$0\" \(words) export --format resp >&-", "\"$0\" \(words) export >&-", "\"$0\" \(words) get a >&-",
                "\"$0\" \(words) mget a b >&- <&-", "\"$0\" \(words) stats >&- 2>&-",
                "echo GET a | \"$0\" \(words) -file - >&-", "\"$0\" \(words) get a --format json >&- 2>&- <&-",
            ] {
                let found = try shell(line, "puffin-cli")
                // Requested output was not written: that is not a success.
                #expect(found.exitCode == 2, "\(line): \(found)")
            }
            let examples = try shell("\"$0\" getting-started \(tool.address) >&- 2>&-", "puffin-client-examples")
            #expect(examples.exitCode == 0)
            _ = try client.ask("DELETE greeting")
            client.endSending()
            let stats = try tool("stats").output
            #expect(stats.contains("\nerror_replies 0\n"), "\(stats)")
            #expect(try server.connect().ask("GET a") == "FLUSHALL")
            #expect(Int(before) != nil)
        }
    }

    @Test("reading a closed standard input is an error, and not an empty value")
    func closedInput() throws {
        try withTool { tool, server in
            for words in ["set k -", "-file -", "import -", ""] {
                let found = try shell("\"$0\" -addr \(tool.address) \(words) <&-", "puffin-cli")
                #expect(found.exitCode == 2 && found.output.contains("cannot read"), "\(words): \(found)")
            }
            #expect(try server.connect().ask("COUNT") == "0")
        }
    }

    @Test("a program that cannot write its report says so, and ends with an error")
    func closedReport() throws {
        try withTool { tool, _ in
            #expect(try tool("set", "a", "1").exitCode == 0)
            let config = try shell("\"$0\" config show >&-", "puffin-server")
            #expect(config.exitCode == 4 && config.output.contains("Cannot write the output"), "\(config)")
            let bench = try shell(
                "\"$0\" --addr \(tool.address) --requests 100 --clients 1 --no-fill >&-", "puffin-bench",
                in: tool.folder)
            #expect(bench.exitCode == 2 && bench.output.contains("cannot write the report"), "\(bench)")
        }
    }

    /// A library that moves the environment when it is first asked for, which is before Swift looks for the arguments on the
    /// stack in front of it.
    private static let mover = """
        #include <string.h>
        extern char **environ;
        static char *copy[8192];
        char *getenv(const char *name) {
            if (environ && environ != copy + 4096) {
                for (int i = 0; environ[i] && i < 4095; i++) copy[4096 + i] = environ[i];
                environ = copy + 4096;
            }
            size_t size = strlen(name);
            for (char **entry = environ; entry && *entry; entry++)
                if (!strncmp(*entry, name, size) && (*entry)[size] == '=') return *entry + size + 1;
            return 0;
        }

        """

    @Test(
        "flags are seen although a preloaded library has moved the environment",
        .enabled(if: PeerProgram.areThere("cc")),
        arguments: programs)
    func preloaded(program: String) throws {
        try withTemporaryFolder { folder in
            try Self.mover.write(toFile: folder + "/mover.c", atomically: false, encoding: .utf8)
            let built = try ChildProcess.run(
                ["cc", "-shared", "-fPIC", "-o", "mover.so", "mover.c"], in: folder)
            try #require(built.exitCode == 0, "\(built.output)")
            let isExample = program == "puffin-client-examples"
            let found = try ChildProcess.run(
                ["env", "LD_PRELOAD=\(folder)/mover.so", ChildProcess.program(program)]
                    + (isExample ? ["getting-started", "127.0.0.1:1"] : ["--version"]), in: folder)
            if isExample {
                #expect(found.output.contains("127.0.0.1:1"), "\(found)")
            } else {
                #expect(found.exitCode == 0 && found.output.hasPrefix("\(program) "), "\(found)")
            }
        }
    }
}
