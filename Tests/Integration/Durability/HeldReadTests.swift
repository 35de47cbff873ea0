import Foundation
import Store
import SystemPackage
import TestSupport
import Testing

/// Which requests are answered while a change is on its way to the disk.
@Suite(.serialized)
struct HeldReadTests {
    /// Runs `body` with a server that holds some pairs; after `close` of its gate nothing becomes durable.
    private func withServer(_ body: (ServerThread) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerThread(data: folder + "/puffin.json")
            try server.connect().expect("MSET key old other:1 there other:2 there gone bye\n", "OK\n")
            try body(server)
            #expect(server.stop() == nil)
        }
    }

    /// Returns when the server has run every request sent before, and answered those it can. PING waits for no change.
    /// The first may be answered in the turn in which the others still are; by the second, that turn is over.
    private func letServerCatchUp(_ server: ServerThread) throws {
        let client = try server.connect()
        try client.expect("PING\n", "PONG\n")
        try client.expect("PING\n", "PONG\n")
    }

    @Test("a read of a key whose change is not on the disk yet waits for it; a read of another key is answered at once")
    func read() throws {
        try withServer { server in
            let writer = try server.connect()
            let reader = try server.connect()
            server.gate.close()
            try writer.send("SET key new\n")
            server.gate.waitUntilHeld()
            try reader.send(resp("GET", "key"))
            #expect(try isAnsweredAtOnce(server, ["GET other:1\n", "GET other:2\n"], "there\n"))
            try letServerCatchUp(server)
            #expect(!reader.hasReceived && !writer.hasReceived)

            server.gate.open()
            try reader.expect("", "$3\r\nnew\r\n")
            try writer.expect("", "OK\n")
        }
    }

    /// Whether one of these requests is answered while the gate is closed. Rarely, a key shares its class, of 65,536,
    /// with the changed one, and must wait as well; two keys never do in the lifetime of this test.
    private func isAnsweredAtOnce(_ server: ServerThread, _ requests: [String], _ reply: String) throws -> Bool {
        let clients = try requests.map { request in
            let client = try server.connect()
            try client.send(request)
            return client
        }
        try letServerCatchUp(server)
        guard let answered = clients.first(where: { $0.hasReceived }) else { return false }
        try answered.expect("", reply)
        return true
    }

    @Test("replies of one connection stay in order: one that is ready waits for an earlier one that is not")
    func order() throws {
        try withServer { server in
            let client = try server.connect()
            server.gate.close()
            try client.send("PING first\nSET key new\nGET other:1\n" + resp("PING") + "GET missing\n")
            try client.expect("", "first\n")
            server.gate.waitUntilHeld()
            try letServerCatchUp(server)
            #expect(!client.hasReceived)

            server.gate.open()
            try client.expect("", "OK\nthere\n+PONG\r\nERROR: Key not found\n")
        }
    }

    @Test("every read that could reveal the change waits: of all keys, of their number, of a list with the key in it")
    func otherReads() throws {
        let reads = [
            ("KEYS k*\n", "key\nEND\n"), (resp("KEYS", "k*"), "*1\r\n$3\r\nkey\r\n"), ("COUNT\n", "3\n"),
            (resp("DBSIZE"), ":3\r\n"), ("SCAN 0 MATCH k*\n", "0\nkey\nEND\n"), ("EXISTS key\n", "1\n"),
            ("MGET other:1 key\n", "there\nnew\nEND\n"), ("GET gone\n", "ERROR: Key not found\n"),
            ("EXISTS gone\n", "0\n"), ("DELETE gone\n", "ERROR: Key not found\n"), (resp("DEL", "gone"), ":0\r\n"),
        ]
        try withServer { server in
            let writer = try server.connect()
            server.gate.close()
            try writer.send("DELETE gone\nSET key new\n")
            server.gate.waitUntilHeld()
            let readers = try reads.map { request, _ in
                let reader = try server.connect()
                try reader.send(request)
                return reader
            }
            try letServerCatchUp(server)
            for (reader, read) in zip(readers, reads) { #expect(!reader.hasReceived, "\(read.0)") }
            #expect(!writer.hasReceived)

            server.gate.open()
            for (reader, read) in zip(readers, reads) { try reader.expect("", read.1) }
            try writer.expect("", "OK\nOK\n")
        }
    }

    @Test("changes that gather while a sync is under way are answered by the next one")
    func nextBatch() throws {
        try withServer { server in
            let (first, second, reader) = (try server.connect(), try server.connect(), try server.connect())
            server.gate.close()
            try first.send("SET key first\n")
            server.gate.waitUntilHeld()
            try second.send("SET key second\n")
            try letServerCatchUp(server)
            try reader.send("GET key\n")
            try letServerCatchUp(server)
            #expect(!first.hasReceived && !second.hasReceived && !reader.hasReceived)
            server.gate.open()
            try first.expect("", "OK\n")
            try second.expect("", "OK\n")
            try reader.expect("", "second\n")
        }
    }

    @Test("a client that ends its output while its reply waits still gets it; one that is gone harms nobody")
    func hangUp() throws {
        try withServer { server in
            let (ending, reader) = (try server.connect(), try server.connect())
            server.gate.close()
            do {
                let gone = try server.connect()
                try gone.send("SET key new\n")
                server.gate.waitUntilHeld()
                try gone.send("GET key\n")
                gone.reset()
            }
            try ending.send("GET key\nSET other:1 changed\nGET oth")
            ending.endSending()
            try letServerCatchUp(server)
            #expect(!ending.hasReceived)
            server.gate.open()
            let end = "ERROR: Incomplete request: the connection ended after 7 bytes of it; nothing was changed\n"
            #expect(try ending.receiveAll() == "new\nOK\n" + end)
            try reader.expect("GET key\nGET other:1\n", "new\nchanged\n")
        }
    }
}
