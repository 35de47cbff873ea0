import Foundation
import TestSupport
import Testing

/// Each mistake gets one clear error, and harms no other client.
struct BadInputTests {
    @Test("each mistake in a line gets one error, and the connection goes on")
    func lines() throws {
        try eachRow(of: BadInput.lines)
    }

    @Test("each mistake in a RESP request that can be read gets one error, and the connection goes on")
    func requests() throws {
        try eachRow(of: BadInput.requests)
    }

    @Test("bytes that are no RESP request get one error, and the connection is closed")
    func protocolErrors() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            for row in BadInput.protocolErrors {
                let client = try server.connect()
                // The following request must not run: its meaning is unknown.
                try client.send(row.bytes + Array("\nSET stray 1\n".utf8))
                let reply = try client.receiveAll()
                #expect(reply == row.reply, "\(row.name)")
                try witness.check()
            }
        }
    }

    private func eachRow(of rows: [BadInput]) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            for row in rows {
                try client.send(row.bytes + Array("PING end of row\n".utf8))
                let reply = try client.receive(through: "end of row\n")
                #expect(String(decoding: reply, as: UTF8.self) == row.reply + "end of row\n", "\(row.name)")
                try witness.check()
            }
            client.endSending()
            #expect(try client.receiveAll() == "")
        }
    }

    @Test("a key of the largest size is stored, and one byte more is refused wherever a key may stand")
    func keySize() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            let largest = String(repeating: "k", count: 65_536)
            try client.expect("SET \(largest) value\nGET \(largest)\n", "OK\nvalue\n")
            let longer = largest + "k"
            let words = "Key too long: 65537 bytes, the limit is 65536"
            for request in [
                "SET \(longer) value", "GET \(longer)", "DEL \(longer)", "MGET a \(longer)", "EXISTS \(longer)",
            ] {
                #expect(try client.ask(request) == "ERROR: \(words)", "\(request.prefix(6))")
            }
            try client.expect(resp("MSET", "a", "1", longer, "2"), "-ERR \(words)\r\n")
            try client.expect(resp("DEL", "a", longer), "-ERR \(words)\r\n")
            try client.expect("COUNT\n", "1\n")
        }
    }
}
