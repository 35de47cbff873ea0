import Foundation
import TestSupport
import Testing

/// The command line, as people and service files write it.
@Suite("Options")
struct OptionTests {
    private func run(_ arguments: [String]) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run([ChildProcess.program("puffin-server")] + arguments)
    }

    @Test(
        "a wrong option ends with 2, and the message names it and what would be right",
        arguments: [
            (["--frob"], ["--frob", "--help"]),
            (["surplus"], ["surplus", "--help"]),
            (["--port", "x"], ["'x'", "--port", "0 to 65535"]),
            (["--port", "65536"], ["'65536'", "--port", "0 to 65535"]),
            (["--port", ""], ["--port", "0 to 65535"]),
            (["--port"], ["--port", "Missing value"]),
            (["--durability", "sometimes"], ["'sometimes'", "always", "interval", "never"]),
            (["--log-format", "xml"], ["'xml'", "text", "json"]),
            (["--segment-size", "1K"], ["--segment-size", "4.0 KiB or more", "'1K'"]),
            (["--segment-size", "big"], ["'big'", "--segment-size"]),
            (["--compact-ratio", "1001"], ["--compact-ratio", "0 to 1000"]),
            (["--compact-ratio", "often"], ["'often'", "--compact-ratio"]),
            (["--retain-size", "-"], ["'-'", "--retain-size"]),
            (["--retain-age", "7 days"], ["'7 days'", "--retain-age", "12h or 7d"]),
            (["--retain-age", "9999999999999d"], ["--retain-age", "12h or 7d"]),
            (["--max-memory", "x"], ["'x'", "--max-memory"]),
            (["--max-memory", "1.5G"], ["'1.5G'", "--max-memory"]),
            (["--max-memory", "512"], ["--max-memory", "0 for no limit", "1.0 MiB or more", "'512'"]),
            (["--log-level", "inf"], ["--log-level", "'inf'", "did you mean 'info'?"]),
            (["--ack-timeout", "0"], ["--ack-timeout", "'0'", "1ms or more"]),
            (["--replication-timeout", "1s"], ["--replication-timeout", "'1s'", "2s or more"]),
            (["--ack", "some"], ["--ack", "'some'", "local, one, all"]),
            (["--follower", "a b"], ["--follower", "'a b'", "host:port"]),
            (["--port", "x", "--log-format", "y"], ["--port: ", "--log-format: "]),
            (["--data", ""], ["--data", "path of a file"]),
            (["--bind", ""], ["--bind", "server.bind cannot be empty"]),
            (["--http-bind", ""], ["--http-bind", "cannot be ''"]),
            (["--max-unsent-size", "64K"], ["--max-unsent-size", "'64K'", "such as 64M"]),
            (["--replication-timeout", "500ms"], ["such as 10s or 2m"]),
            (["--data", "folder/"], ["--data", "path of a file", "folder/"]),
            (["log", "verify", "--data", "folder/"], ["--data", "path of a file", "folder/"]),
            (["compact", "--retain-size", "x"], ["--retain-size", "'x'"]),
            (["config", "check", "--port", "x", "--metrics-port", "y"], ["--port: ", "--http-port: "]),
        ])
    func wrong(arguments: [String], expected: [String]) throws {
        let (code, output) = try run(arguments)
        #expect(code == 2)
        for text in expected { #expect(output.contains(text), "\(output)") }
        #expect(!output.contains("Server starting"))
    }

    @Test("an empty address variable is refused: a server that listens nowhere would claim to be ready")
    func emptyVariable() throws {
        for name in ["PUFFIN_SERVER_BIND", "PUFFIN_METRICS_BIND", "PUFFIN_SERVER_PORT", "PUFFIN_SERVER_DATA_FILE"] {
            let (code, output) = try ChildProcess.run([
                "env", "\(name)=", ChildProcess.program("puffin-server"), "--port", "0",
            ])
            #expect(code == 2 && output.hasPrefix("\(name): ") && !output.contains("Ready"), "\(output)")
        }
    }

    @Test("--version is one line with name and version")
    func version() throws {
        let (code, output) = try run(["--version"])
        #expect(code == 0)
        #expect(output.wholeMatch(of: /puffin-server [0-9]+\.[0-9]+\.[0-9]+\n/) != nil, "\(output)")
    }

    @Test("--help names every option and every exit code")
    func help() throws {
        let (code, output) = try run(["--help"])
        #expect(code == 0)
        for option in [
            "port", "bind", "data", "durability", "segment-size", "compact-ratio", "compact-size", "retain-size",
            "retain-age",
            "mode", "follower", "ack", "ack-timeout", "replication-timeout", "adopt-history", "max-memory", "log-level",
            "log-format", "version", "help",
        ] {
            #expect(output.contains("--\(option)"))
        }
        let words = output.split { $0.isWhitespace }.joined(separator: " ")
        for code in [
            "0 stopped", "2 wrong options", "3 cannot listen", "4 the disk", "5 a data file", "6 a damaged log",
        ] {
            #expect(words.contains(code))
        }
        #expect(words.contains("7 a data file that another server uses"))
    }

    @Test("long options work with one dash, a port may begin with a colon, and a bare data file is in the folder")
    func singleDash() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                arguments: ["-port", ":0", "-data", "my.json", "-durability", "never", "-log-level", "debug"],
                in: folder)
            #expect(server.log.contains(" INFO Data file my.json: 0 pairs loaded in "))
            #expect(server.log.contains("durability never"))
            try server.connect().expect("SET a 1\n", "OK\n")
            #expect(server.stop() == 0)
            #expect(FileManager.default.fileExists(atPath: folder + "/my.json.log/00000000000000000001.jsonl"))
        }
    }

    @Test("the banner says data file, pairs, time and durability", arguments: ["always", "interval", "never"])
    func banner(durability: String) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let first = try ServerProcess(data: data)
            try first.connect().expect("SET a 1\nSET b 2\nSET a 3\n", "OK\nOK\nOK\n")
            #expect(first.stop() == 0)
            let log = try ServerProcess(data: data, ["--durability", durability]).log
            let line = try #require(log.split(separator: "\n").first { $0.contains("Data file") })
            #expect(line.contains(" INFO Data file \(data): 2 pairs loaded in "))
            #expect(line.firstMatch(of: #/in [0-9]+ ms, durability /#) != nil)
            #expect(line.hasSuffix("durability \(durability)"))
        }
    }

    @Test("with --log-format json every line of the log is an object with ts, level and message")
    func jsonLog() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--log-format", "json"])
            try server.connect().expect("PING\n", "PONG\n")
            #expect(server.stop() == 0)
            let lines = server.log.split(separator: "\n")
            #expect(lines.count >= 5)
            for line in lines {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                for field in ["ts", "level", "message"] { #expect(object?[field] != nil, "\(line)") }
            }
        }
    }

    @Test("several --bind options listen on one port, IPv4 and IPv6", .enabled(if: hasIPv6))
    func severalAddresses() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--bind", "::1", "--bind", "127.0.0.1"])
            #expect(server.log.contains("Server starting on [::1]:\(server.port)\n"))
            #expect(server.log.contains("Server starting on 127.0.0.1:\(server.port)\n"))
            try server.connectOverIPv6().expect("SET a 6\n", "OK\n")
            try server.connect().expect("GET a\n", "6\n")
            #expect(server.stop() == 0)
        }
    }

    @Test("--bind ::1 listens on IPv6 alone", .enabled(if: hasIPv6))
    func onlyIPv6() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--bind", "::1"])
            try server.connectOverIPv6().expect("PING\n", "PONG\n")
            #expect(server.log.split(separator: "\n").count { $0.contains("Server starting on") } == 1)
            #expect(server.stop() == 0)
        }
    }

    /// Containers are often made without it.
    private static var hasIPv6: Bool {
        let interfaces = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)) ?? ""
        if interfaces.contains("00000000000000000000000000000001") { return true }
        print("skipped: this machine has no address ::1")
        return false
    }
}
