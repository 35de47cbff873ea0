import Foundation
import TestSupport
import Testing

/// A server that is asked to stop.
@Suite("Stopping")
struct StopTests {
    @Test("a signal ends the server with 0, and what was acknowledged is there", arguments: [SIGTERM, SIGINT])
    func signal(number: Int32) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let idle = try (0..<20).map { _ in try server.connect() }
            try server.connect().expect("SET a 1\nSET b 2\nDELETE a\n", "OK\nOK\nOK\n")
            #expect(server.stop(by: number) == 0)
            for client in idle { #expect(try client.receiveAll() == "") }
            #expect(server.log.contains("INFO Stopped: 1 pair, everything through change 3 is on disk\n"))
            try checkClosed(data, seq: 3)

            let next = try ServerProcess(data: data)
            try next.connect().expect("GET a\nGET b\n", "ERROR: Key not found\n2\n")
            #expect(!next.log.contains("WARNING"), "\(next.log)")
            #expect(try LogFile(data: data).tornTails() == [])
        }
    }

    @Test(
        "SHUTDOWN ends the server as a signal does; a line is answered, and in RESP the end of the connection is the answer",
        arguments: [("SHUTDOWN\n", "OK\n"), ("shutdown nosave now force\n", "OK\n"), (resp("SHUTDOWN"), "")])
    func command(request: String, reply: String) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let (client, idle) = (try server.connect(), try server.connect())
            try client.send("SET a 1\nSHUTDOWN ABORT\nSHUTDOWN LATER\n" + request + "SET a 2\n")
            #expect(
                try client.receiveAll()
                    == "OK\nERROR: No shutdown in progress.\n"
                    + "ERROR: Wrong options: SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE]\n" + reply)
            #expect(try idle.receiveAll() == "")
            #expect(server.process.wait() == 0, "\(server.log)")
            try checkClosed(data, seq: 1)
        }
    }

    /// The log ends, at its last byte, with the line of a clean stop.
    private func checkClosed(_ data: String, seq: UInt64) throws {
        let segment = try LogFile(data: data).lastSegment()
        let bytes = try LogFile.read(segment)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("}\n") && !text.hasSuffix("\n\n"), "nothing is reserved behind the end")
        let last = try #require(text.split(separator: "\n").last)
        #expect(last.hasPrefix("{\"durable\":\(seq),\"closed\":true,\"crc\":\""))
    }

    @Test(
        "every request that was sent before the stop is answered", arguments: ["always", "interval", "never"],
        [1, 2000])
    func inFlight(durability: String, count: Int) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data, ["--durability", durability])
            let clients = try (0..<4).map { _ in try server.connect() }
            for (index, client) in clients.enumerated() {
                // The server knows the client, and is in the middle of its requests.
                try client.expect("PING\n", "PONG\n")
                try client.send((0..<count).map { "SET \(index):\($0) \($0)\n" }.joined())
            }
            #expect(server.stop() == 0)
            for client in clients {
                let replies = try client.receiveAll().split(separator: "\n")
                #expect(replies.count == count)
                #expect(replies.allSatisfy { $0 == "OK" })
            }
            try checkClosed(data, seq: UInt64(4 * count))
            let next = try ServerProcess(data: data)
            try next.connect().expect("COUNT\nGET 3:\(count - 1)\n", "\(4 * count)\n\(count - 1)\n")
        }
    }

    @Test("clients that never pause do not hold up a stop, and lose nothing that was acknowledged")
    func busyClients() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let clients = try (0..<3).map { Flood(try server.connect(), name: "f\($0)") }
            // Each is in the middle of its work.
            for client in clients { client.waitForReplies(100) }
            #expect(server.stop() == 0)
            let acknowledged = clients.map { $0.end() }
            let next = try ServerProcess(data: data)
            #expect(!next.log.contains("WARNING"), "\(next.log)")
            let reader = try next.connect()
            for (index, count) in acknowledged.enumerated() {
                #expect(count >= 100)
                // Each sets its one key to 0, 1, 2, …
                let value = try #require(Int(try reader.ask("GET f\(index)")))
                #expect(value >= count - 1)
            }
        }
    }

    @Test(
        "a second signal right after the first loses nothing",
        arguments: [(SIGTERM, SIGTERM), (SIGTERM, SIGINT), (SIGINT, SIGINT)])
    func twoSignals(first: Int32, second: Int32) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            try client.send((0..<1000).map { "SET k\($0) \($0)\n" }.joined())
            #expect(try client.receiveLine() == "OK")
            server.process.send(first)
            server.process.send(second)
            let replies = try client.receiveAll().split(separator: "\n")
            let code = server.process.wait()
            #expect(code == 0)
            #expect(replies.count == 999)
            #expect(replies.allSatisfy { $0 == "OK" })
            let next = try ServerProcess(data: data)
            try next.connect().expect("COUNT\n", "1000\n")
            #expect(!next.log.contains("WARNING"))
        }
    }

    @Test("a client that reads no replies does not hold up a stop")
    func stuckClient() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            let big = String(repeating: "x", count: 4 << 20)
            try client.expect("SET big \(big)\n", "OK\n")
            // More than the socket's buffers hold, requested and never read.
            try client.send(String(repeating: "GET big\n", count: 5))
            try server.connect().expect("PING\n", "PONG\n")
            #expect(server.stop() == 0)
        }
    }
}
