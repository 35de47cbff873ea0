import Foundation
import TestSupport
import Testing

/// Values of the size that the limits allow.
@Suite(.serialized)
struct LargeValueTests {
    @Test("a value of 64 MiB of any bytes comes back as it was sent, in RESP")
    func resp64() throws {
        var random = SeededRandom(seed: 1)
        // Random bytes are slow to make; a block of them, repeated at an odd length, does as well.
        let block = random.bytes(65_537)
        let size = 64 << 20
        let value = Array((0...size / block.count).lazy.map { _ in block }.joined().prefix(size))
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"])
            let client = try server.connect()
            try client.send(Array("*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$\(size)\r\n".utf8) + value + Array("\r\n".utf8))
            #expect(try client.receiveLine() == "+OK\r")
            try client.send(resp("GET", "large"))
            #expect(try client.receiveLine() == "$\(size)\r")
            #expect(try client.receive(exactly: size) == value)
            try client.expect("PING\n", "\r\nPONG\n")
        }
    }

    @Test("a value of 10 MiB comes back as it was sent, as a line and as a JSON string")
    func line10() throws {
        let size = 10 << 20
        let plain = Array((0..<size).lazy.map { UInt8(ascii: " ") + UInt8($0 % 90) })
        let quoted =
            Array("\"".utf8) + Array((0..<size / 2).lazy.map { _ in Array("\\n".utf8) }.joined()) + Array("\"".utf8)
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"])
            let client = try server.connect()
            for value in [plain, quoted] {
                try client.send(Array("SET large ".utf8) + value + Array("\nGET large\nPING\n".utf8))
                let expected = Array("OK\n".utf8) + value + Array("\nPONG\n".utf8)
                #expect(try client.receive(exactly: expected.count) == expected)
            }
        }
    }
}
