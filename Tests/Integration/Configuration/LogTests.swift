import Foundation
import TestSupport
import Testing

/// What a server logs, and what happens if it cannot.
@Suite("The log of a server")
struct ServerLogTests {
    /// Starts a server whose standard error `shell` sets up, and waits until it serves.
    private func withServer(stderr shell: String, _ body: (UInt16, ChildProcess) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let port = lastingPort()
            let server = try ChildProcess([
                "sh", "-c", "cd '\(folder)'; \(shell)", "sh", ChildProcess.program("puffin-server"), "--port",
                "\(port)",
                "--data", folder + "/puffin.json", "--log-level", "trace",
            ])
            try wait("the server serves") { (try? WireConnection(port: port).ask("PING")) == "PONG" }
            try body(port, server)
            server.send(SIGTERM)
            #expect(server.wait() == 0)
            // A closed descriptor would be reused by the next file, and log lines would go into it.
            let verified = try ChildProcess.run(
                [ChildProcess.program("puffin-server"), "log", "verify", "--data", folder + "/puffin.json"])
            #expect(verified.exitCode == 0 && verified.output.contains("\nSound: "), "\(verified.output)")
        }
    }

    @Test(
        "if nothing can be logged, the server works nevertheless",
        arguments: [
            // No descriptor; a full disk; a pipe whose reader is gone; one that nobody reads.
            "exec \"$@\" 2>&-", "exec \"$@\" 2>/dev/full", "mkfifo f; : <f & exec \"$@\" 2>f",
            "mkfifo f; exec 3<>f; exec \"$@\" 2>f",
        ])
    func failing(shell: String) throws {
        try withServer(stderr: shell) { port, server in
            for number in 0..<100 {
                // Each of these logs something.
                server.send(SIGHUP)
                let client = try WireConnection(port: port)
                #expect(try client.ask("SET a \(number)") == "OK")
            }
            let client = try WireConnection(port: port)
            #expect(try client.ask("GET a") == "99")
        }
    }

    @Test("at info and above, the log contains no value and no request")
    func values() throws {
        try withTemporaryFolder { folder in
            let secret = "swordfish"
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--max-memory", "1M", "--segment-size", "4K", "--log-level", "info"])
            let client = try server.connect()
            for number in 0..<200 { #expect(try client.ask("SET key:\(number) \(secret)") == "OK") }
            #expect(try client.ask("SET large \(secret)\(String(repeating: "x", count: 2 << 20))").hasPrefix("ERROR"))
            let filling = "\(secret)\(String(repeating: "x", count: 8 << 10))"
            var count = 0
            while try client.ask("SET filling:\(count) \(filling)") == "OK" { count += 1 }
            for number in 0..<count { #expect(try client.ask("DELETE filling:\(number)") == "OK") }
            #expect(try client.ask("\(secret) \(secret)").hasPrefix("ERROR"))
            #expect(try client.ask("COMPACT") == "OK")
            #expect(server.process.waitForOutput(containing: "Compaction ended"))
            // Half a request, and a client that disconnects.
            try client.send("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9\r\n\(secret)")
            client.reset()
            #expect(server.stop() == 0)
            #expect(server.log.contains("Memory limit reached"))
            #expect(!server.log.contains(secret))
        }
    }
}
