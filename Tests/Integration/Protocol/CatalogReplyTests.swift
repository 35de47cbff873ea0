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
            // A feed of changes has no end.
            let excluded: [Command] = [.after, .shutdown, .changes]
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

    @Test("HELP of a command says in both dialects what the catalog says", arguments: ["SET", "client list", "Object"])
    func help(name: String) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            let words = name.split(separator: " ").map { Array($0.utf8) }
            let lines = try #require(Catalog.find(words)).help
            try client.expect("HELP \(name)\n", lines.joined(separator: "\n") + "\nEND\n")
            let bulks = lines.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
            try client.expect(
                resp(["HELP"] + name.split(separator: " ").map(String.init)), "*\(lines.count)\r\n" + bulks)
        }
    }

    @Test("HELP of what does not exist is an error")
    func noHelp() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.expect("HELP FROB\n", "ERROR: There is no command 'FROB'\n")
            try client.expect("HELP client frob\n", "ERROR: CLIENT has no subcommand 'frob'\n")
            try client.expect(resp(["HELP", "FROB"]), "-ERR There is no command 'FROB'\r\n")
            try client.expect(
                "HELP a b c\n",
                "ERROR: HELP needs a command or nothing: HELP [<command> [<subcommand>]]\n")
        }
    }

    @Test("COMMAND DOCS has the complexity of a command")
    func complexity() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send(resp(["COMMAND", "DOCS", "mget"]))
            let reply = String(decoding: try client.receive(through: "multiple\r\n"), as: UTF8.self)
            #expect(reply.contains("$10\r\ncomplexity\r\n$15\r\nO(N) for N keys\r\n"))
        }
    }
}
