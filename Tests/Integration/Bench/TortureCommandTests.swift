import Foundation
import TestSupport
import Testing
import Torture

/// puffin-bench torture, as its users run it.
@Suite("puffin-bench torture")
struct TortureCommandTests {
    private func torture(_ arguments: [String]) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run([ChildProcess.program("puffin-bench"), "torture"] + arguments)
    }

    @Test(
        "a short torture loses nothing, says so, and leaves nothing behind", arguments: ["always", "interval", "never"])
    func short(durability: String) throws {
        try withTemporaryFolder { folder in
            let (code, output) = try torture(
                ["--data", folder + "/t", "--cycles", "4", "--seed", "7", "--durability", durability])
            let lines = output.split(separator: "\n").map(String.init)
            #expect(code == 0, "\(output)")
            try #require(lines.count == 3, "\(output)")
            #expect(lines[0].hasPrefix("seed 7, \(folder)/t/run-1, durability \(durability): an OK is "))
            #expect(lines[0].contains("which no kill shows") == (durability != "always"))
            let first = try #require(lines[1].wholeMatch(of: /acknowledged ([0-9]+), lost 0/))
            #expect(try #require(Int(first.1)) >= 80)
            #expect(lines[2].contains(", wrong 0, 4 cycles, "))
            let counts = try #require(lines[2].firstMatch(of: /compactions ([0-9]+), of which cut short ([0-9]+)/))
            let (compactions, cut) = (try #require(Int(counts.1)), try #require(Int(counts.2)))
            #expect(compactions >= cut && cut <= 4, "\(lines[2])")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/t") == ["puffin-torture.txt"])
        }
    }

    @Test("a server that loses changes is detected: exit code 1, the keys by name, the files kept")
    func forgetful() throws {
        try withTemporaryFolder { folder in
            // Each start of this server except the first finds that the folder was emptied.
            let script = folder + "/forgetful"
            let server = ChildProcess.program("puffin-server")
            try ChildProcess.writeScript("rm -rf \"$4\" \"$4.log\"\nexec '\(server)' \"$@\"", to: script)
            let (code, output) = try torture(
                ["--data", folder + "/t", "--cycles", "4", "--seed", "7", "--server", script])
            #expect(code == 1, "\(output)")
            #expect(output.contains(/\nacknowledged [0-9]+, lost [1-9][0-9]*\n/))
            #expect(
                output.contains(#/\nlost: w0:[0-9]+ is nothing, was acknowledged as change [0-9]+; sent after that: /#))
            #expect(output.contains("\nthe files are kept, with what was found in findings.txt: \(folder)/t/run-1\n"))
            let kept = try String(contentsOfFile: folder + "/t/run-1/findings.txt", encoding: .utf8)
            #expect(kept.hasPrefix("lost: w0:") && kept.contains("Server starting on"))
            #expect(FileManager.default.fileExists(atPath: folder + "/t/run-1/puffin.json.log"))
        }
    }

    @Test("a folder with other files is refused, and a missing server is named")
    func refused() throws {
        try withTemporaryFolder { folder in
            try "mine".write(toFile: folder + "/puffin.json", atomically: false, encoding: .utf8)
            let foreign = try torture(["--data", folder])
            #expect(foreign.exitCode == 2)
            #expect(foreign.output.contains("holds files that puffin-bench torture did not make (puffin.json)"))
            let missing = try torture(["--data", folder + "/t", "--server", folder + "/none"])
            #expect(missing.exitCode == 3)
            #expect(
                missing.output.contains(
                    "cannot start \(folder)/none: No such file or directory; name the server with --server"))
            let other = try torture(["--data", folder + "/t", "--server", "/bin/false"])
            #expect(other.exitCode == 3 && other.output.contains("/bin/false ended before it was ready"))
        }
    }

    @Test(
        "a wrong option ends with 2, and the message says what would be right",
        arguments: [
            (["--data", ""], "path of a folder"), (["--cycles", "0"], "--cycles is a number from 1"),
            (["--keys", "3"], "--keys is 4 or more"),
            (["--value-size", "65537"], "--value-size is a number from 1 to 65536"),
            (["--durability", "no"], "'no'"), (["--duration", "5d"], "'5d'"),
            (["--duration", "0s"], "--duration is a time above 0"),
        ])
    func wrong(arguments: [String], expected: String) throws {
        let (code, output) = try torture((arguments.contains("--data") ? [] : ["--data", "x"]) + arguments)
        #expect(code == 2)
        #expect(output.contains(expected), "\(output)")
    }
}
