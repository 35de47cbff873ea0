import Foundation
import TestSupport
import Testing

/// Clients that ask for much and read nothing. Sizes are in MiB.
@Suite(.serialized)
struct StalledReaderTests {
    private static let largeValue = [UInt8](repeating: UInt8(ascii: "v"), count: 1 << 20)

    @Test("a client that does not read is paused while others are served, and gets every reply once it reads")
    func pipeline() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            client.limitReceiveBuffer(to: 65536)
            try client.send(Array("SET large ".utf8) + Self.largeValue + Array("\n".utf8))
            #expect(try client.receiveLine() == "OK")
            let before = try witness.serverMemory()

            let count = 200
            try client.send(String(repeating: "GET large\n", count: count))
            // Each of these is a turn of the server in which it could have continued the other client's requests.
            for _ in 0..<count { try witness.check(pairs: 2) }
            #expect(try witness.serverMemory() < before + 32)

            for _ in 0..<count {
                let reply = try client.receive(exactly: Self.largeValue.count + 1)
                #expect(reply.last == UInt8(ascii: "\n") && reply.dropLast().elementsEqual(Self.largeValue))
            }
            try client.expect("PING\n", "PONG\n")
        }
    }

    @Test("a client that does not read and goes away is let go of, with the memory of its replies")
    func gone() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            try witness.connection.send(Array("SET large ".utf8) + Self.largeValue + Array("\n".utf8))
            #expect(try witness.connection.receiveLine() == "OK")
            for _ in 0..<20 {
                let client = try server.connect()
                client.limitReceiveBuffer(to: 65536)
                try client.send(String(repeating: "GET large\n", count: 20))
                _ = try client.receive(exactly: 1)
            }
            try witness.wait(for: "clients", toBe: 1)
            try witness.check(pairs: 2)
        }
    }

    @Test("one request whose reply goes beyond the limit is an error, and the connection goes on")
    func mget() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.send(Array("SET large ".utf8) + Self.largeValue + Array("\n".utf8))
            #expect(try client.receiveLine() == "OK")
            let before = try witness.serverMemory()
            let error = "Reply too large: more than 67108864 bytes; ask for fewer keys at a time"
            try client.expect(
                "GET none\nMGET" + String(repeating: " large", count: 1000) + "\nPING\n",
                "ERROR: Key not found\nERROR: \(error)\nPONG\n")
            let names = String(repeating: "$5\r\nlarge\r\n", count: 70)
            try client.expect("*71\r\n$4\r\nMGET\r\n" + names + "PING\n", "-ERR \(error)\r\nPONG\n")
            // The text at a list's end is not repeated after the error that replaced it.
            try client.expect("SET word END\nGET word\n", "OK\nEND\n")
            try witness.check(pairs: 3)
            #expect(try witness.figure("clients_dropped") == 0)
            #expect(try witness.serverMemory() < before + 32)
            // The same values one by one are not too much.
            let other = try server.connect()
            try other.send(String(repeating: "GET large\n", count: 100))
            _ = try other.receive(exactly: 100 * (Self.largeValue.count + 1))
        }
    }

    @Test("a listing whose reader stalls goes no further, and ends when the reader goes on")
    func listing() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let keys = ManyKeys(count: 100_000, prefix: String(repeating: "long", count: 50))
            try keys.store(in: witness.connection)
            for dialect in ["KEYS\n", "*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"] {
                let before = try witness.serverMemory()
                let client = try server.connect()
                client.limitReceiveBuffer(to: 65536)
                try client.send(dialect + "PING\n")
                for _ in 0..<200 { try witness.check(pairs: keys.count + 1) }
                // A list of lines is gathered a piece at a time; one of RESP, whose length comes first, as a whole.
                #expect(try witness.serverMemory() < before + (dialect.hasPrefix("*") ? 128 : 8))
                let reply = try client.receive(through: "PONG\n")
                #expect(keys.areAll(in: reply, besides: ["witness"]))
            }
        }
    }
}
