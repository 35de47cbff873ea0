import Foundation
import TestSupport
import Testing

/// The reports of puffin-bench.
@Suite("puffin-bench's reports")
struct BenchReportTests {
    private func withServers(_ count: Int, _ body: ([ServerProcess]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try body(
                try (0..<count).map { try ServerProcess(data: "\(folder)/\($0).json", ["--durability", "never"]) })
        }
    }

    @Test("--html is a self-contained page, --hdr a percentile log, csv a table")
    func files() throws {
        try withServers(1) { servers in
            try withTemporaryFolder { folder in
                let (code, output) = try BenchRunTests.run(
                    servers[0].port,
                    ["--duration", "400ms", "--warmup", "0s", "--format", "csv", "--hdr", folder + "/a.hgrm"]
                        + ["--html", folder + "/a.html"])
                #expect(code == 0)
                let rows = output.split(separator: "\n").map { $0.split(separator: ",") }
                #expect(rows.map(\.first) == ["operation", "GET", "SET", "total"])
                for row in rows { #expect(row.count == 12) }
                for row in rows.dropFirst() { #expect(row.dropFirst().allSatisfy { Double($0) != nil }) }
                let log = try String(contentsOfFile: folder + "/a.hgrm", encoding: .utf8)
                #expect(log.contains("1/(1-Percentile)") && log.contains("#[Mean    = "))
                try checkPage(try String(contentsOfFile: folder + "/a.html", encoding: .utf8))
            }
        }
    }

    private func checkPage(_ page: String) throws {
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        for word in ["http:", "https:", "//", "src=", "href=", "url(", "@import", "<script", "<link", "nan", "inf,"] {
            #expect(!page.contains(word), "\(word)")
        }
        for word in [
            "prefers-color-scheme: dark", "Latency by percentile", "Throughput over time", "Latency over time",
            "<dt>durability</dt><dd>never</dd>", "<dt>kernel</dt>", "<dt>processor</dt>", "<dt>command</dt>",
            "--duration 400ms",
        ] {
            #expect(page.contains(word), "\(word)")
        }
        for tag in ["svg", "g", "figure", "table", "tr", "td", "dl", "p", "div", "b", "text", "style", "body"] {
            let opened = page.matches(of: try Regex("<\(tag)[ >]")).count
            let closed = page.matches(of: try Regex("</\(tag)>")).count
            #expect(opened > 0 && opened == closed, "<\(tag)>")
        }
        for line in page.matches(of: #/points="([^"]*)"/#) {
            let numbers = line.1.split { $0 == " " || $0 == "," }
            #expect(numbers.count >= 4 && numbers.allSatisfy { Double($0) != nil })
        }
    }

    @Test("a file that cannot be written is an error that names it")
    func unwritable() throws {
        try withServers(1) { servers in
            let (code, output) = try BenchRunTests.run(
                servers[0].port, ["--requests", "100", "--html", "/nowhere/a.html"])
            #expect(code == 2)
            #expect(output.contains("puffin-bench: cannot write /nowhere/a.html: "))
        }
    }

    @Test("--compare loads two servers in turns and prints medians, ratios and their spread")
    func compare() throws {
        try withServers(2) { servers in
            let arguments = ["--compare", "127.0.0.1:\(servers[1].port)", "--rounds", "2", "--requests", "500"]
            let report = try BenchRunTests.json(
                try BenchRunTests.run(servers[0].port, arguments + ["--compare-dialect", "resp", "--format", "json"]))
            #expect(report["rounds"] as? Int == 2)
            let contexts = try #require(report["servers"] as? [[String: Any]])
            #expect(contexts.map { $0["dialect"] as? String } == ["line", "resp"])
            let rows = try #require(report["rows"] as? [[String: Any]])
            #expect(rows.prefix(4).map { $0["name"] as? String } == ["requests/s", "p50, µs", "p99, µs", "p99.9, µs"])
            for row in rows {
                for field in ["first", "second", "times_better"] {
                    let spread = try #require(row[field] as? [String: Double])
                    let (least, median, most) = (spread["min"] ?? -1, spread["median"] ?? -1, spread["max"] ?? -1)
                    #expect(least >= 0 && least <= median && median <= most)
                }
            }
            let table = try BenchRunTests.run(servers[0].port, arguments)
            #expect(table.exitCode == 0)
            #expect(table.output.contains("times better") && table.output.contains("in the rounds"))
            for server in servers {
                #expect(table.output.contains("127.0.0.1:\(server.port)"))
                #expect(try server.connect().ask("COUNT") == "100")
            }
        }
    }

    @Test("--compare with a missing server ends with 2 and names it")
    func compareWithNobody() throws {
        try withServers(1) { servers in
            let port = freePort()
            let (code, output) = try BenchRunTests.run(servers[0].port, ["--compare", "127.0.0.1:\(port)"])
            #expect(code == 2)
            #expect(output.hasPrefix("puffin-bench: cannot connect to 127.0.0.1:\(port): "))
        }
    }

    @Test("--sweep goes up from a tenth of the capacity, and names the knee")
    func sweep() throws {
        try withServers(1) { servers in
            let arguments = ["--sweep", "--duration", "50ms", "--warmup", "0s"]
            let report = try BenchRunTests.json(
                try BenchRunTests.run(servers[0].port, arguments + ["--format", "json"]))
            let capacity = try #require(report["capacity"] as? Double)
            let rates = try #require(report["steps"] as? [[String: Any]]).compactMap { $0["rate"] as? Double }
            #expect(abs((rates.first ?? 0) - capacity / 10) < 1)
            #expect(rates == rates.sorted())
            let table = try BenchRunTests.run(servers[0].port, arguments)
            #expect(table.exitCode == 0)
            #expect(table.output.contains("knee: ") || table.output.contains("no rate was followed: "))
            #expect(table.output.contains("━"))
        }
    }

    @Test(
        "Redis is loaded with RESP, and lines for it are refused with what to do",
        .enabled(if: PeerProgram.areThere("redis-server")))
    func redis() throws {
        try withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder)
            let loaded = try BenchRunTests.run(redis.port, ["--dialect", "resp", "--requests", "500", "--verify"])
            #expect(loaded.exitCode == 0)
            #expect(loaded.output.contains("Redis ") && loaded.output.contains("appendonly no"))
            let refused = try BenchRunTests.run(redis.port, ["--requests", "500"])
            #expect(refused.exitCode == 2)
            #expect(refused.output.contains("does not speak lines; use --dialect resp"))
        }
    }

    @Test(
        "docs/bench.md names every option of --help, which names every exit code",
        arguments: [
            ("load", 28, "0 done, 1 error replies or wrong values, 2 wrong usage"),
            ("torture", 11, "0 nothing was lost, 1 something was lost or wrong (the files are kept), 2 wrong"),
            ("pauses", 5, "0 measured, 1 the server answered something else, 2 wrong usage"),
        ])
    func help(command: String, optionCount: Int, exitCodes: String) throws {
        let help = try ChildProcess.run([ChildProcess.program("puffin-bench"), command, "--help"])
        #expect(help.exitCode == 0)
        let options = Set(help.output.matches(of: #/ --([a-z0-9-]+)/#).map { String($0.1) })
        #expect(options.count >= optionCount)
        let document = try Project.text("docs/bench.md")
        for option in options.subtracting(["help", "version"]) {
            #expect(document.contains("`--\(option)"), "docs/bench.md lacks --\(option)")
        }
        let words = help.output.split { $0.isWhitespace }.joined(separator: " ")
        #expect(words.contains(exitCodes), "\(help.output)")
    }

    @Test("--help names the subcommands and every exit code; --version is one line")
    func overview() throws {
        let program = ChildProcess.program("puffin-bench")
        let help = try ChildProcess.run([program, "--help"])
        #expect(help.exitCode == 0)
        for command in ["load (default)", "torture", "pauses"] { #expect(help.output.contains("\n  \(command) ")) }
        let words = help.output.split { $0.isWhitespace }.joined(separator: " ")
        for code in ["0 done", "1 wrong replies or something lost", "2 wrong usage", "3 a torture", "130 interrupted"] {
            #expect(words.contains(code), "\(help.output)")
        }
        let version = try ChildProcess.run([program, "--version"])
        #expect(version.output.wholeMatch(of: /puffin-bench [0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
    }
}
