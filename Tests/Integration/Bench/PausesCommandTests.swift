import Foundation
import TestSupport
import Testing

/// puffin-bench pauses, as scripts run it.
@Suite("puffin-bench pauses")
struct PausesCommandTests {
    private func start(_ arguments: [String], input: String = "/dev/null") throws -> ChildProcess {
        try ChildProcess([ChildProcess.program("puffin-bench"), "pauses"] + arguments, input: input)
    }

    @Test("pings in either dialect until standard input ends or the time is over", arguments: ["line", "resp"])
    func pings(dialect: String) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let address = "127.0.0.1:\(server.port)"
            let timed = try start(["--addr", address, "--dialect", dialect, "--duration", "50ms"])
            #expect(timed.wait() == 0)
            #expect(timed.output.contains(/^[0-9]+ pings?; microseconds:\n/), "\(timed.output)")
            let ended = try start(["--addr", address, "--dialect", dialect, "--format", "json"])
            #expect(ended.wait() == 0)
            let object = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
            #expect(object?["pings"] is Int && object?["sent"] is [String: Any])
        }
    }

    @Test("a server that goes away ends it with 2, and what was measured is printed")
    func goesAway() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let meter = try start(["--addr", "127.0.0.1:\(server.port)", "--duration", "1h"])
            let client = try server.connect()
            // Requests that are not this client's are pings.
            var (requests, own) = (0, 0)
            while requests <= own + 10 {
                own += 1
                try client.send("STATS\n")
                let lines = String(decoding: try client.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
                requests = lines.first { $0.hasPrefix("requests ") }.flatMap { Int($0.dropFirst(9)) } ?? 0
            }
            server.kill()
            #expect(meter.wait() == 2)
            #expect(meter.output.contains("; microseconds:\n"))
            #expect(meter.output.contains(/puffin-bench: the connection to 127.0.0.1:[0-9]+ is lost/))
        }
    }

    @Test("if no server answers the exit code is 2, and the message says what to do")
    func cannotConnect() throws {
        let meter = try start(["--addr", "127.0.0.1:\(freePort())", "--duration", "1s"])
        #expect(meter.wait() == 2)
        #expect(meter.output.contains("start a server there, or name another with --addr host:port"))
    }

    @Test(
        "a wrong option ends with 2, and the message says what would be right",
        arguments: [
            (["--every", "0us"], "--every is a time from 1us to 1h; found 0s"),
            (["--every", "2h"], "--every is a time from 1us to 1h; found 2h"),
            (["--duration", "0"], "--duration is a time above 0, such as 30s"), (["--dialect", "no"], "'no'"),
        ])
    func wrong(arguments: [String], expected: String) throws {
        let meter = try start(arguments)
        #expect(meter.wait() == 2)
        #expect(meter.output.contains(expected), "\(meter.output)")
    }

    @Test("an answer other than PONG is shown", .enabled(if: PeerProgram.areThere("python3")))
    func otherAnswer() throws {
        let peer = try ChildProcess([
            "python3", "-c",
            """
            import socket
            s = socket.create_server(("127.0.0.1", 0)); print("port", s.getsockname()[1], "ok", flush=True)
            c, _ = s.accept(); c.recv(100); c.sendall(b"HTTP/1.1 400 Bad Request\\n"); c.recv(100)
            """,
        ])
        #expect(peer.waitForOutput(containing: " ok"))
        let port = try #require(peer.output.split(separator: " ").dropFirst().first)
        let meter = try start(["--addr", "127.0.0.1:\(port)", "--duration", "1h"])
        #expect(meter.wait() == 1)
        #expect(meter.output.contains("PING was answered \"HTTP/1.1 400 Bad Request\", expected PONG"))
    }
}
