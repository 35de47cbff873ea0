// Pairs that expire on a follower whose machine's clock is wrong, on one that is cut off and promoted, and with a peer that
// does not know them.

import Foundation
import TestSupport
import Testing

@Suite("Expiry on followers")
struct ExpiryReplicationTests {
    private func wait(until isTrue: () throws -> Bool) throws {
        while try !isTrue() { Thread.sleep(forTimeInterval: 0.01) }
    }

    /// The answer of a follower that has every change of its leader.
    private func ask(_ request: String, _ follower: WireConnection, after leader: WireConnection) throws -> String {
        try follower.ask("AFTER \(leader.ask("SEQ")) \(request)")
    }

    @Test(
        "a follower whose clock is an hour off shows what its leader shows, and so does it promoted",
        arguments: [-3600, 0, 3600])
    func wrongClock(offset: Int) throws {
        try withTemporaryFolder { folder in
            let clock: @Sendable () -> UInt64 = {
                UInt64(Int(Date().timeIntervalSince1970 * 1e6) + offset * 1_000_000)
            }
            let follower = try ServerThread(data: folder + "/follower.json", wallClock: clock, follows: true)
            let leader = try ServerProcess(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(follower.port)"])
            let (writer, reader) = (try leader.connect(), try follower.connect())
            #expect(try writer.ask("SETEX long 10000 v") == "OK")
            #expect(try writer.ask("SETEX later 1800 v") == "OK")
            #expect(try writer.ask("PSETEX short 1500 v") == "OK")
            // An hour would make these -2 or 13600.
            for (key, seconds) in [("long", 10_000), ("later", 1800)] {
                let left = try #require(Int(ask("TTL \(key)", reader, after: writer)))
                #expect((seconds - 900...seconds).contains(left), "\(key)")
            }
            // The follower removes nothing by itself, and what its leader removes is gone there too.
            try wait { try writer.ask("EXISTS short") == "0" }
            try wait { try writer.ask("COUNT") == "2" }
            #expect(try ask("EXISTS short", reader, after: writer) == "0")
            #expect(try ask("COUNT", reader, after: writer) == "2")
            #expect(try writer.ask("PSETEX last 300 v") == "OK")
            #expect(try ask("COUNT", reader, after: writer) == "3")
            leader.kill()
            // Cut off, its time goes on.
            try wait { try reader.ask("EXISTS last") == "0" }
            #expect(try reader.ask("COUNT") == "3" && reader.ask("EXISTS later") == "1")
            #expect(try reader.ask("PROMOTE FORCE") == "OK")
            try wait { try reader.ask("COUNT") == "2" }
            let left = try #require(Int(reader.ask("TTL later")))
            #expect((900...1800).contains(left))
            #expect(try reader.ask("EXPIRE later 5000") == "OK" && reader.ask("TTL later") == "5000")
            #expect(follower.stop() == nil)
        }
    }

    @Test("while a connected follower does not know expiry, nothing is made to expire; then its link ends")
    func oldFollower() throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let leader = try ServerProcess(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(listener.port)"])
            let client = try leader.connect()
            #expect(try client.ask("SET a 1") == "OK")
            let follower = try listener.accept()
            #expect(try follower.receiveLine().hasPrefix("REPLICATE {\"version\":1,"))
            try follower.send("{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[]}\n")
            #expect(try follower.receiveLine() == "{\"continue\":0,\"crc\":\"00000000\"}")
            let refusal =
                "Follower 127.0.0.1:\(listener.port) does not know pairs that expire: upgrade it, or remove it with FOLLOWER REMOVE"
            for request in ["SETEX b 10 v", "SET b \"v\" EX 10", "EXPIRE a 10", "GETEX a EX 10", "MSETEX 1 b v EX 10"] {
                #expect(try client.ask(request) == "ERROR: \(refusal)", "\(request)")
            }
            try client.expect(resp("SET", "b", "v", "PX", "10"), "-ERR \(refusal)\r\n")
            // What needs nothing is done, and nothing has changed by the others.
            for (request, reply) in [
                ("EXISTS b", "0"), ("TTL a", "never"), ("GETEX a", "1"), ("GETEX a PERSIST", "1"),
                ("SET a \"2\" KEEPTTL", "OK"), ("EXPIRE a 0", "OK"), ("COUNT", "0"),
            ] {
                #expect(try client.ask(request) == reply, "\(request)")
            }
            #expect(try client.ask("FOLLOWER REMOVE 127.0.0.1:\(listener.port)") == "OK")
            #expect(try client.ask("SETEX b 10 v") == "OK")
            // The next one that does not know it is refused before the first byte.
            #expect(try client.ask("FOLLOWER ADD 127.0.0.1:\(listener.port)") == "OK")
            let other = try listener.accept()
            let greeting = try other.receiveLine()
            #expect(greeting.hasPrefix("REPLICATE {\"version\":2,") && greeting.hasSuffix(",\"needs\":[\"expiry\"]}"))
            try other.send("{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[]}\n")
            #expect(try other.receiveLine().contains("does not know expiry"))
            #expect(leader.stop() == 0)
        }
    }
}
