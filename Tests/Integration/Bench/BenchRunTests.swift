import Foundation
import TestSupport
import Testing

/// puffin-bench against real servers. Nothing here asserts a speed.
@Suite("puffin-bench")
struct BenchRunTests {
    typealias Outcome = (exitCode: Int32, output: String)

    /// Runs it on few connections and keys, unless the arguments say otherwise.
    static func run(_ port: UInt16, _ arguments: [String]) throws -> Outcome {
        try ChildProcess.run(command(port, arguments))
    }

    private static func command(_ port: UInt16, _ arguments: [String]) -> [String] {
        [ChildProcess.program("puffin-bench"), "-addr", "127.0.0.1:\(port)", "--clients", "5", "--keys", "100"]
            + arguments
    }

    static func json(_ outcome: Outcome) throws -> [String: Any] {
        let object = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        return try #require(object, "exit code \(outcome.exitCode): \(outcome.output)")
    }

    private func withServer(_ options: [String] = [], _ body: (ServerProcess) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try body(try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"] + options))
        }
    }

    @Test("as many requests as were asked are answered and counted", arguments: ["line", "resp"])
    func requests(dialect: String) throws {
        try withServer { server in
            for load in [[], ["--pipeline", "7"], ["--threads", "3"], ["--rate", "20000", "--pipeline", "2"]] {
                let outcome = try Self.run(
                    server.port, ["--dialect", dialect, "--requests", "2003", "--verify", "--format", "json"] + load)
                #expect(outcome.exitCode == 0)
                let report = try Self.json(outcome)
                let total = try #require(report["total"] as? [String: Any])
                #expect(total["count"] as? Int == 2003)
                #expect(total["errors"] as? Int == 0)
                #expect(total["misses"] as? Int == 0)
                let operations = try #require(report["operations"] as? [[String: Any]])
                #expect(operations.map { $0["name"] as? String } == ["GET", "SET"])
                #expect(operations.compactMap { $0["count"] as? Int }.reduce(0, +) == 2003)
                let context = try #require(report["context"] as? [String: Any])
                #expect(context["durability"] as? String == "never")
                #expect((context["server"] as? String)?.hasPrefix("Puffin ") == true)
                #expect(report["server_cpu_microseconds"] != nil)
            }
            try server.connect().expect("COUNT\n", "100\n")
        }
    }

    @Test("in a given time the open loop asks what its rate says, and no more")
    func openLoop() throws {
        try withServer { server in
            let outcome = try Self.run(
                server.port, ["--rate", "1000", "--duration", "400ms", "--warmup", "100ms", "--format", "json"])
            #expect(outcome.exitCode == 0)
            let report = try Self.json(outcome)
            let total = try #require((report["total"] as? [String: Any])?["count"] as? Int)
            let unsent = try #require(report["unsent"] as? Int)
            #expect(total > 0 && total + unsent <= 401)
            #expect((report["timeline"] as? [[String: Any]])?.isEmpty == false)
        }
    }

    @Test("every preset runs on both dialects", arguments: ["line", "resp"])
    func presets(dialect: String) throws {
        let presets = ["ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e", "ycsb-f", "session", "counter", "load"]
        try withServer { server in
            for preset in presets {
                let verify = preset == "counter" ? [] : ["--verify"]
                let outcome = try Self.run(
                    server.port, ["--preset", preset, "--dialect", dialect, "--requests", "300"] + verify)
                #expect(outcome.exitCode == 0, "\(outcome.output)")
                #expect(outcome.output.contains("\(preset): "))
                #expect(!outcome.output.contains("\u{1b}"), "there is no live line in a pipe")
            }
        }
    }

    @Test("every operation of --mix runs on both dialects, without errors and misses", arguments: ["line", "resp"])
    func mixes(dialect: String) throws {
        let mixes = [
            ("get", "GET"), ("set", "SET"), ("set-ex", "SET EX"), ("getex", "GETEX"), ("mset", "MSET 10"),
            ("multi", "MULTI 10"), ("scan", "SCAN 0"), ("incr", "INCR"), ("expire", "EXPIRE"),
        ]
        try withServer { server in
            for (mix, name) in mixes {
                // Keys of their own: the others hold values that are no numbers.
                let keys = mix == "incr" ? ["--key-size", "20"] : ["--verify"]
                let outcome = try Self.run(
                    server.port,
                    ["--mix", mix, "--dialect", dialect, "--requests", "300", "--pipeline", "3", "--format", "json"]
                        + keys
                )
                let report = try Self.json(outcome)
                let operations = try #require(report["operations"] as? [[String: Any]])
                #expect(operations.map { $0["name"] as? String } == [name])
                let total = try #require(report["total"] as? [String: Any])
                #expect(total["count"] as? Int == 300 && total["errors"] as? Int == 0 && total["misses"] as? Int == 0)
            }
            let ttl = try server.connect().ask("TTL key:000000000042")
            #expect((3500...3600).contains(Int(ttl) ?? 0), "\(ttl)")
        }
        let both = try Self.run(1, ["--mix", "get", "--ratio", "1:0"])
        #expect(both.exitCode == 2 && both.output.contains("--ratio and --mix each say"))
    }

    @Test(
        "scans are RANGE where the server reads ranges, and the report says what they are", arguments: ["line", "resp"])
    func scans(dialect: String) throws {
        let run = ["--preset", "ycsb-e", "--dialect", dialect, "--requests", "500"]
        for (options, sentence) in [
            (["--storage-index", "ordered"], "; scans are RANGE with a LIMIT of 1 to 100"),
            ([], "; scans are KEYS with a prefix, because RANGE is refused (ERR RANGE needs the ordered index: "),
        ] {
            try withServer(options) { server in
                let outcome = try Self.run(server.port, run)
                #expect(outcome.exitCode == 0 && outcome.output.contains(sentence), "\(outcome.output)")
            }
        }
    }

    @Test("a value changed by another client is found", arguments: ["line", "resp"])
    func verify(dialect: String) throws {
        try withServer { server in
            let check = ["--dialect", dialect, "--ratio", "1:0", "--requests", "1000", "--verify"]
            #expect(try Self.run(server.port, check).exitCode == 0)
            // Another key's value: right in itself, but not here.
            let other = try server.connect().ask("GET key:000000000008")
            try server.connect().expect("SET key:000000000007 \(other)\n", "OK\n")
            let found = try Self.run(server.port, check + ["--no-fill"])
            #expect(found.exitCode == 1)
            #expect(found.output.contains("values that were read are not what was written"))
            #expect(found.output.contains("key 7 is not one that was written for it: 32 bytes"))
            #expect(try Self.run(server.port, check).exitCode == 0)
        }
    }

    @Test("error replies are counted, shown, and the exit code is 1")
    func errorReplies() throws {
        try withServer(["--max-memory", "1M"]) { server in
            let arguments = ["--keys", "5000", "--value-size", "1000", "--ratio", "0:1", "--requests", "3000"]
            let (code, output) = try Self.run(server.port, arguments)
            #expect(code == 1)
            #expect(output.contains("of 3,000 requests were answered with an error"))
            #expect(output.contains("SET was answered with an error: Out of memory"))
            let filled = try Self.run(server.port, arguments + ["--fill"])
            #expect(filled.exitCode == 1)
            #expect(!filled.output.contains("rate/s"), "nothing is measured without the data")
        }
    }

    @Test("if no server answers the exit code is 2, and the message says what to do")
    func noServer() throws {
        let port = freePort()
        let (code, output) = try Self.run(port, [])
        #expect(code == 2)
        #expect(
            output.hasPrefix("puffin-bench: cannot connect to 127.0.0.1:\(port): Connection refused; start a server"))
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test("a server that goes away ends the run with 2, and one line says so")
    func serverGoesAway() throws {
        try withServer { server in
            let bench = try ChildProcess(Self.command(server.port, ["--duration", "60s"]))
            try waitUntilLoaded(server)
            server.kill()
            #expect(bench.wait() == 2)
            let lines = bench.output.split(separator: "\n").filter { $0.hasPrefix("puffin-bench: ") }
            #expect(lines.count == 1)
            #expect(lines.first?.contains("127.0.0.1:\(server.port)") == true)
            #expect(lines.first?.contains("See the server's log") == true)
        }
    }

    @Test("a server that is silent ends the run with 2")
    func silentServer() throws {
        try withServer { server in
            server.process.send(SIGSTOP)
            let (code, output) = try Self.run(server.port, ["--timeout", "100ms", "--requests", "100"])
            server.process.send(SIGCONT)
            #expect(code == 2)
            #expect(output.contains("the server was silent for 100ms"))
        }
    }

    @Test("interrupted it reports what it has, and ends with 130")
    func interrupted() throws {
        try withServer { server in
            let bench = try ChildProcess(Self.command(server.port, ["--duration", "60s", "--warmup", "0s"]))
            try waitUntilLoaded(server)
            bench.send(SIGINT)
            #expect(bench.wait() == 130)
            #expect(bench.output.contains("interrupted"))
            #expect(bench.output.contains("rate/s"))
        }
    }

    @Test(
        "on a terminal a line shows the run's progress, and is cleared at the end; elsewhere there is none",
        .enabled(if: PeerProgram.areThere("python3")))
    func liveLine() throws {
        try withServer { server in
            // Gives a program a terminal for its standard error, and prints what comes there.
            let terminal = """
                import os, pty, subprocess, sys
                ours, theirs = pty.openpty()
                child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=theirs)
                os.close(theirs)
                try:
                    while part := os.read(ours, 65536): sys.stdout.buffer.write(part)
                except OSError: pass
                sys.exit(child.wait())
                """
            let arguments = ["--warmup", "400ms", "--duration", "400ms"]
            let watched = try ChildProcess.run(
                ["python3", "-c", terminal] + Self.command(server.port, arguments))
            #expect(watched.exitCode == 0)
            let clearing = "\r\u{1b}[K"
            let lines = watched.output.components(separatedBy: clearing)
            #expect(lines.count >= 3 && lines.first == "" && lines.last == "", "\(watched.output)")
            let states = lines.dropFirst().dropLast()
            #expect(states.contains { $0.hasPrefix("warm-up, ") })
            #expect(
                states.contains {
                    $0.wholeMatch(of: /(filling: |warm-up, )?[0-9,]+\/s, p99 [0-9.]+ (ns|µs|ms|s), 0 errors, 1 s left/)
                        != nil
                }, "\(lines)")
            let unwatched = try Self.run(server.port, arguments)
            #expect(unwatched.exitCode == 0 && !unwatched.output.contains("\u{1b}"))
        }
    }

    /// Waits until far more requests than filling takes have been answered.
    private func waitUntilLoaded(_ server: ServerProcess) throws {
        let deadline = TimeLimit.end
        let connection = try server.connect()
        while Date() < deadline {
            try connection.send("STATS\n")
            var requests = 0
            while true {
                let line = try connection.receiveLine()
                if line == "END" { break }
                if line.hasPrefix("requests ") { requests = Int(line.dropFirst(9)) ?? 0 }
            }
            if requests > 5000 { return }
        }
        Issue.record("the load did not begin")
    }

    @Test(
        "wrong usage ends with 2 and names the option",
        arguments: [
            (["--frob"], "--frob"), (["surplus"], "surplus"), (["--addr", "x:y"], "host:port"),
            (["--dialect", "http"], "'line' and 'resp'"), (["--ratio", "a:b"], "get:set:delete"),
            (["--value-size", "9-1"], "--value-size"), (["--clients", "0"], "--clients"), (["--keys", "0"], "--keys"),
            (["--key-size", "1"], "--key-size"), (["--rate", "0"], "--rate"), (["--duration", "soon"], "--duration"),
            (["--requests", "5", "--duration", "5s"], "--requests and --duration"),
            (["--verify", "--value-size", "8"], "--verify"), (["--sweep", "--rate", "5"], "--sweep"),
            (["--compare", "localhost:1", "--html", "x"], "--html"), (["--rounds", "0"], "--rounds"),
            (["--preset", "ycsb-z"], "ycsb-a"), (["--distribution", "normal"], "zipf"), (["--format", "xml"], "table"),
        ])
    func usage(arguments: [String], expected: String) throws {
        // With valid usage it would end with "cannot connect".
        let (code, output) = try ChildProcess.run(
            [ChildProcess.program("puffin-bench"), "--addr", "127.0.0.1:\(freePort())"] + arguments)
        #expect(code == 2)
        #expect(output.hasPrefix("Error: ") && output.contains("Usage: "), "\(output)")
        #expect(output.contains(expected), "\(output)")
    }
}
