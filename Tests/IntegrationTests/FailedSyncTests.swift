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
            let reason = "Not written: Cannot sync \(data).log/"
            for client in [line, pipelined, reader] {
                let replies = try client.receiveAll().split(whereSeparator: \.isNewline)
                #expect(replies.count == (client === line ? 1 : client === pipelined ? 3 : 2))
                let prefix = client === pipelined ? "-ERR " : "ERROR: "
                for reply in replies { #expect(reply.hasPrefix(prefix + reason), "\(reply)") }
            }
            guard case .disk(let operation, let path, let errno) = server.wait() else {
                Issue.record("the server ended without saying that the disk failed")
                return
            }
            #expect(operation == "sync" && path.hasPrefix(data + ".log/") && errno == .ioError)
            try checkRestart(data)
        }
    }

    /// What was acknowledged is there. What got an error may have reached the disk or not; it is there whole or not at all.
    private func checkRestart(_ data: String) throws {
        let server = try ServerProcess(data: data)
        let client = try server.connect()
        #expect(["old", "new"].contains(try client.ask("GET key")))
        #expect(["there", "new"].contains(try client.ask("GET other")))
        #expect(["new", "ERROR: Key not found"].contains(try client.ask("GET third")))
        try client.expect("SET key again\nGET key\n", "OK\nagain\n")
        #expect(server.stop() == 0)
    }

    @Test("after a failed sync nothing is answered any more, and a restart has what was acknowledged before")
    func afterFailedSync() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerThread(data: data)
            let client = try server.connect()
            try client.expect("SET key old\nSET other there\n", "OK\nOK\n")
            server.gate.fail(with: .noSpace)
            try client.send("SET key new\nGET key\n")
            let replies = try client.receiveAll().split(separator: "\n")
            #expect(
                replies.count == 2
                    && replies.allSatisfy { $0.hasPrefix("ERROR: Not written: ") && $0.contains("free space") })
            #expect(server.wait() != nil)
            #expect(throws: WireError.self) { try server.connect().expect("PING\n", "PONG\n") }
            try checkRestart(data)
        }
    }
}
