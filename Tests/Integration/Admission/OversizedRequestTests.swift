import Foundation
import TestSupport
import Testing

/// Requests over the limits of 64 MiB, sent for real.
@Suite(.serialized)
struct OversizedRequestTests {
    private static let valueLimit = 64 << 20

    @Test("a value one byte over the limit is refused by name, and the connection goes on")
    func value() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            let line = Array("SET key ".utf8) + [UInt8](repeating: UInt8(ascii: "v"), count: Self.valueLimit + 1)
            try client.send(line + Array("\nPING\n".utf8))
            #expect(try client.receiveLine() == "ERROR: Value too long: 67108865 bytes, the limit is 67108864")
            #expect(try client.receiveLine() == "PONG")
            try witness.check()
        }
    }

    @Test("a line over the limit gets one error that names the limit, and the connection is closed")
    func line() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            let size = Self.valueLimit + (64 << 10) + 1
            // The rest arrives after the error was sent: the server must drop it, not take it for a request.
            let rest = Array("\nSET stray 1\n".utf8)
            try client.send([UInt8](repeating: UInt8(ascii: "x"), count: size) + rest)
            let reply = try client.receiveAll()
            // It says how much had come when it gave up; a read may end anywhere beyond the limit.
            let seen = try #require(Int(reply.dropFirst("ERROR: Line too long: ".count).prefix { $0.isNumber }))
            #expect(seen >= size)
            #expect(
                reply
                    == "ERROR: Line too long: \(seen) bytes or more, the limit is 67174400; the connection is closed\n")
            try witness.check()
        }
    }

    @Test("a bulk string that announces more than the limit is refused before its bytes have come")
    func bulk() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.send("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$67108865\r\n")
            #expect(
                try client.receiveLine()
                    == "-ERR Protocol error: invalid bulk length: expected a number from 0 to 67108864\r")
            // A client that sends the bytes nevertheless is not served, and blocks nobody. If the server has
            // disconnected by then, sending fails.
            try? client.send([UInt8](repeating: UInt8(ascii: "v"), count: Self.valueLimit + 1))
            try witness.check()
            #expect(try client.receiveAll() == "")
        }
    }

    @Test("a request of many large arguments is refused at 256 MiB, and its memory is given back")
    func request() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let before = try witness.serverMemory()
            do {
                let client = try server.connect()
                try client.send("*6\r\n$4\r\nMGET\r\n")
                let argument =
                    Array("$67108864\r\n".utf8) + [UInt8](repeating: UInt8(ascii: "k"), count: Self.valueLimit)
                    + Array("\r\n".utf8)
                for _ in 0..<3 { try client.send(argument) }
                try client.send("$67108864\r\n")
                let reply = try client.receiveAll()
                #expect(reply.hasPrefix("-ERR Protocol error: request of 2684"))
                #expect(reply.hasSuffix(" bytes or more, the limit is 268435456\r\n"))
                try witness.check()
            }
            try witness.wait(for: "clients", toBe: 1)
            #expect(try witness.serverMemory() < before + 64, "MiB")
        }
    }
}
