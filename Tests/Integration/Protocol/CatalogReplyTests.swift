import Commands
import Foundation
import TestSupport
import Testing

/// What the catalog promises of replies, compared with a server's.
struct CatalogReplyTests {
    @Test("a reply is no larger than its command's row says, and no row is unknown to the server")
    func bounds() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            var count = 0
            let excluded: [Command] = [.after, .shutdown]
            for spec in Catalog.rows
            where !spec.traits.contains(.takesConnection) && !excluded.contains(spec.command) {
                // With arguments that some commands accept, and others refuse; none makes the server wait.
                let least = Catalog.subcommands(of: spec.command).isEmpty ? spec.arity.lowerBound : 0
                let words = spec.fullName.split(separator: " ").map(String.init) + Array(repeating: "1", count: least)
                let client = try server.connect()
                try client.send(resp(words))
                client.endSending()
                let reply = try client.receiveAll()
                #expect(!reply.isEmpty && !reply.hasPrefix("-ERR unknown"), "\(words): \(reply)")
                guard case .bytes(let bound) = spec.replyBound, !reply.hasPrefix("-") else { continue }
                count += 1
                #expect(reply.utf8.count <= bound, "\(words): \(reply.utf8.count) bytes")
            }
            #expect(count > 20)
        }
    }

    private func resp(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }
}
