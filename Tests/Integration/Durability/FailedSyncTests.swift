import Foundation
import Store
import SystemPackage
import TestSupport
import Testing

extension HeldReadTests {
    @Test(
        "when a sync fails, every write and read that waits for it gets an error, and the server ends with the reason")
    func failedSync() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerThread(data: data)
            let (line, pipelined, reader) = (try server.connect(), try server.connect(), try server.connect())
            try line.expect("SET key old\nSET other there\n", "OK\nOK\n")
            server.gate.close()
            try line.send("SET key new\n")
            server.gate.waitUntilHeld()
            try pipelined.send(
                resp("GET", "other") + resp("SET", "other", "new") + resp("SET", "third", "new") + resp("PING"))
            try reader.send("GET key\nPING\n")
            try pipelined.expect("", "$5\r\nthere\r\n")
            let patience = try server.connect()
            try patience.expect("PING\n", "PONG\n")
            try patience.expect("PING\n", "PONG\n")

            server.gate.fail(with: .ioError)
            // The first change was being synced. Those after it were never given to the disk.
            let reason = "Cannot sync \(data).log/"
            let isUnknown = "Outcome unknown, this change may or may not be there after a restart: "
            for client in [line, pipelined, reader] {
                let replies = try client.receiveAll().split(whereSeparator: \.isNewline)
                #expect(replies.count == (client === line ? 1 : client === pipelined ? 3 : 2))
                let prefix = client === pipelined ? "-ERR Not written: " : "ERROR: " + isUnknown
                for reply in replies { #expect(reply.hasPrefix(prefix + reason), "\(reply)") }
            }
            guard case .disk(let operation, let path, let errno) = server.wait() else {
                Issue.record("the server ended without saying that the disk failed")
                return
            }
            #expect(operation == .sync && path.hasPrefix(data + ".log/") && errno == .ioError)
            try checkRestart(data)
        }
    }

    /// What was acknowledged is there. A change with an unknown outcome may have reached the disk or not; it is there
    /// whole or not at all. A change reported as not written is not there.
    private func checkRestart(_ data: String) throws {
        let server = try ServerProcess(data: data)
        let client = try server.connect()
        #expect(["old", "new"].contains(try client.ask("GET key")))
        #expect(try client.ask("GET other") == "there")
        #expect(try client.ask("GET third") == "ERROR: Key not found")
        try client.expect("SET key again\nGET key\n", "OK\nagain\n")
        #expect(server.stop() == 0)
    }

    @Test("after a failed sync nothing is answered, and a restart has what was acknowledged before")
    func afterFailedSync() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerThread(data: data)
            let client = try server.connect()
            try client.expect("SET key old\nSET other there\n", "OK\nOK\n")
            let resp = try server.connect()
            server.gate.close()
            try client.send("SET key new\n")
            server.gate.waitUntilHeld()
            try resp.send("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n")
            let patience = try server.connect()
            try patience.expect("PING\n", "PONG\n")
            try patience.expect("PING\n", "PONG\n")
            server.gate.fail(with: .noSpace)
            let text = "Outcome unknown, this change may or may not be there after a restart: Cannot sync "
            for (connection, prefix) in [(client, "ERROR: "), (resp, "-UNKNOWN ")] {
                let replies = try connection.receiveAll().split(whereSeparator: \.isNewline)
                #expect(replies.count == 1 && replies[0].hasPrefix(prefix + text), "\(replies)")
                #expect(replies.first?.contains("free space") == true)
            }
            #expect(server.wait() != nil)
            #expect(throws: WireError.self) { try server.connect().expect("PING\n", "PONG\n") }
            try checkRestart(data)
        }
    }
}
