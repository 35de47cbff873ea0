import Foundation
import TestSupport
import Testing

/// A log that another program truncates or writes to while the server runs.
@Suite("An altered log")
struct AlteredLogTests {
    @Test(
        "changes are refused with the reason, what was held is said not to be written, and what is in memory can be read"
    )
    func truncated() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let (client, resp) = (try server.connect(), try server.connect())
            try client.expect("SET a 1\nSET b 2\n", "OK\nOK\n")
            let segment = try LogFile(data: data).lastSegment()
            try #require(unsafe truncate(segment, 0) == 0)
            // The first one may be in flight when the server notices, the second is not.
            for key in ["held", "refused"] {
                let reply = try client.ask("SET \(key) 1")
                #expect(reply.hasPrefix("ERROR: ") && reply.contains(segment), "\(reply)")
                #expect(reply.contains(" 0 bytes"), "\(reply)")
            }
            try resp.send("*2\r\n$3\r\nDEL\r\n$1\r\na\r\n")
            #expect(try resp.receiveLine().hasPrefix("-ERR Log changed by another program: "))
            // One change after the other has seen a turn's end: connections stay.
            try client.expect("GET a\nGET b\nPING\n", "1\n2\nPONG\n")
            try client.send("STATS\n")
            #expect(String(decoding: try client.receive(through: "END\n"), as: UTF8.self).contains("\nwritable no\n"))
            #expect(server.process.waitForOutput(containing: "changes are refused until the server is stopped"))
            #expect(server.stop() == 6)
            #expect(server.log.components(separatedBy: "changes are refused until").count == 2, "it is said once")
            #expect(try LogFile.read(segment).isEmpty, "nothing was written behind the cut")
        }
    }
}
