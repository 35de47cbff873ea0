import Foundation
import TestSupport
import Testing

/// DEBUG, which is for tests, on a server that allows it. RedisComparisonTests has what is as in Redis.
struct DebugTests {
    private func withServer(_ options: [String] = [], _ body: (ServerProcess, WireConnection) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--server-debug-commands"] + options)
            try body(server, server.connect())
            #expect(server.stop() == 0)
        }
    }

    @Test(
        "the data is loaded again while another client writes: what was acknowledged is there, and nothing else",
        arguments: ["always", "never"])
    func reload(durability: String) throws {
        try withServer(["--durability", durability]) { server, client in
            let writer = try server.connect()
            var acknowledged = 0
            for command in Array(repeating: ["DEBUG RELOAD", "DEBUG LOADAOF", "DEBUG RELOAD nosave"], count: 5).joined()
            {
                try writer.send(String(repeating: "INCR count\n", count: 20))
                try client.expect(command + "\n", "OK\n")
                for _ in 0..<20 {
                    let reply = try writer.receiveLine()
                    if reply == "\(acknowledged + 1)" {
                        acknowledged += 1
                    } else {
                        #expect(reply.hasPrefix("ERROR: Loading: "))
                    }
                }
                try client.expect("GET count\n", "\(acknowledged)\n")
            }
            #expect(acknowledged > 0)
        }
    }

    @Test("a watched key counts as changed once the data was loaded again")
    func watch() throws {
        try withServer { _, client in
            try client.expect("SET a 1\nWATCH a\nDEBUG LOADAOF\nMULTI\n", "OK\nOK\nOK\nOK\n")
            try client.expect("PING\nEXEC\nGET a\n", "QUEUED\nERROR: Not run: a watched key has changed\n1\n")
        }
    }

    @Test("the data of a server with followers is not loaded again, and options are checked")
    func refusals() throws {
        try withServer(["--follower", "127.0.0.1:1"]) { _, client in
            let refusal = "ERROR: Data is loaded again only on a server without leader and followers\n"
            try client.expect("DEBUG RELOAD\nDEBUG LOADAOF\n", refusal + refusal)
            try client.expect("DEBUG RELOAD MERGE\n", "ERROR: DEBUG RELOAD only supports the NOSAVE option\n")
            try client.expect("DEBUG SLEEP x\n", "ERROR: DEBUG SLEEP takes from 0 to 3600 seconds\n")
            try client.expect("DEBUG SLEEP -1\n", "ERROR: DEBUG SLEEP takes from 0 to 3600 seconds\n")
            try client.expect("DEBUG PROTOCOL map\n", "ERROR: DEBUG PROTOCOL shows types of RESP\n")
            try client.expect("MULTI\nDEBUG LOG x\n", "OK\nERROR: Command not allowed inside a transaction\n")
        }
    }

    @Test(
        "LOG writes to the log, HELP lists what there is, and DIGEST is the same after the order of pairs has changed")
    func others() throws {
        try withServer { server, client in
            try client.expect("DEBUG LOG marker-17\n", "OK\n")
            #expect(server.process.waitForOutput(containing: "DEBUG LOG: marker-17"))
            try client.send("DEBUG HELP\n")
            let help = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
            #expect(help.contains("DEBUG SLEEP <seconds>: stops the server's thread for this time\n"))
            try client.expect("DEBUG DIGEST\n", String(repeating: "0", count: 40) + "\n")
            try client.expect("MSET a 1 b 2\n", "OK\n")
            let digest = try client.ask("DEBUG DIGEST")
            try client.expect("FLUSHALL\nMSET b 2 a 1\n", "OK\nOK\n")
            try client.expect("DEBUG DIGEST\n", digest + "\n")
            try client.expect("SET a 2\n", "OK\n")
            #expect(try client.ask("DEBUG DIGEST") != digest)
        }
    }

    @Test("expired pairs stay while their removal is stopped, unseen, and go when it is resumed")
    func activeExpiry() throws {
        try withServer(["--durability", "never"]) { server, client in
            try client.expect("DEBUG SET-ACTIVE-EXPIRE 0\nPSETEX k 1 v\n", "OK\nOK\n")
            // If the pair were removed, the lag would stay at 0.
            while try figure("expiry_lag_milliseconds", client) < 500 {
                try #require(client.ask("COUNT") == "1")
            }
            #expect(try client.ask("EXISTS k") == "0")
            #expect(try figure("expired", client) == 0)
            try client.expect("DEBUG SET-ACTIVE-EXPIRE 1\n", "OK\n")
            while try client.ask("COUNT") != "0" {}
            #expect(try figure("expired", client) == 1)
        }
    }

    private func figure(_ name: String, _ client: WireConnection) throws -> Int {
        try client.send("STATS\n")
        let lines = String(decoding: try client.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
        return try #require(lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.split(separator: " ")[1]) })
    }
}
