import Foundation
import TestSupport
import Testing

/// Many requests at once.
struct PipeliningTests {
    @Test("10,000 requests in one write get their replies in order", arguments: ["always", "never"])
    func order(durability: String) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", durability])
            let client = try server.connect()
            var requests = ""
            var replies = ""
            for index in 0..<2_500 {
                let key = "key:\(index % 100)"
                requests += resp("SET", key, "\(index)") + resp("GET", key) + "ECHO \(index)\nGET other:\(index)\n"
                let value = String(index)
                replies += "+OK\r\n$\(value.utf8.count)\r\n\(value)\r\n\(value)\nERROR: Key not found\n"
            }
            try client.expect(requests, replies)
            try client.expect("COUNT\n", "100\n")
        }
    }

    @Test("the replies to pipelined requests are all sent when the client ends its side at once")
    func ended() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send((0..<10_000).map { "SET key:\($0) value\n" }.joined() + "KEYS nothing\nCOUNT\n")
            client.endSending()
            #expect(try client.receiveAll() == String(repeating: "OK\n", count: 10_000) + "END\n10000\n")
        }
    }
}
