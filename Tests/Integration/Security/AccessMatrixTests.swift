import Commands
import Foundation
import TestSupport
import Testing

/// Every command, by users with different rights, on keys that are and are not theirs, in both dialects and at every door: directly,
/// behind AFTER, queued by MULTI, run by EXEC, and asked about by ACL DRYRUN. An independent evaluator of the same rules says
/// what must be let through.
@Suite("Rights at every door", .serialized)
struct AccessMatrixTests {
    /// Requests by door.
    private typealias Counts = [String: Int]

    /// The requests of a run: all in `make torture`, otherwise two of each row, drawn at random.
    private func requests(_ random: inout SeededRandom) -> [AccessMatrix.Request] {
        Catalog.rows.flatMap { spec in
            let all = AccessMatrix.requests(spec)
            guard !Torture.isOn, all.count > 2 else { return all }
            return (0..<2).map { _ in all[random.below(all.count)] }
        }
    }

    /// A server with a user, and its administrator.
    private func withUser(
        _ user: AccessMatrix.User, _ body: (SecuredServer, WireConnection) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(
                in: folder, "puffin.json",
                ["--durability", "never", "--server-debug-commands", "--storage-index", "ordered"])
            let administrator = try secured.connect()
            for words in user.making { try administrator.expect(resp(words), "+OK\r\n") }
            try body(secured, administrator)
            #expect(secured.server.stop() == 0)
        }
    }

    @Test("the wire says what the rules say", arguments: AccessMatrix.users, SeededRandom.seeds(1))
    func doors(user: AccessMatrix.User, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let requests = requests(&random)
        #expect(Set(requests.map(\.spec.command)).count > 130)
        try withUser(user) { secured, administrator in
            var counts = Counts()
            for dialect in AccessClient.Dialect.allCases {
                var client = try AccessClient(secured.server, user, dialect)
                for request in requests where dialect == .resp || request.line != nil {
                    if request.isAlone {
                        try checkAlone(request, user, dialect, secured, &counts)
                    } else {
                        try check(request, user, &client, &counts)
                    }
                }
            }
            for request in requests where request.spec.parent == nil || !request.isAlone {
                try checkDryRun(request, user, administrator, &counts)
            }
            let shown = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            print("rights of \(user.name) (seed \(seed)): \(shown)")
        }
    }

    /// Asks directly, behind AFTER, and inside MULTI.
    private func check(
        _ request: AccessMatrix.Request, _ user: AccessMatrix.User, _ client: inout AccessClient, _ counts: inout Counts
    ) throws {
        let (oracle, spec) = (user.oracle, request.spec)
        let isAllowed = request.isAllowed(oracle)
        #expect(try client.isRefused(request) != isAllowed, "\(client.dialect): \(request.description)")
        counts["direct", default: 0] += 1
        if spec.command == .watch { _ = try client.isRefused(client.form("UNWATCH")) }
        if spec.traits.contains(.data), spec.command != .watch, oracle.may(Command.after.spec, keys: []) {
            let behind = client.form(request, behind: "0")
            #expect(try client.isRefused(behind) != isAllowed, "\(client.dialect): AFTER 0 \(request.description)")
            counts["AFTER", default: 0] += 1
        }
        let runsAtOnce: Set<Command> = [.exec, .discard, .watch]
        guard !spec.traits.contains(.noMulti), spec.parent?.spec.traits.contains(.noMulti) != true,
            !runsAtOnce.contains(spec.command), oracle.may(Command.multi.spec, keys: [])
        else { return }
        #expect(try !client.isRefused(client.form("MULTI")))
        #expect(
            try client.isRefusedWhenQueued(request) != isAllowed, "\(client.dialect): MULTI, \(request.description)")
        _ = try client.isRefused(client.form("EXEC"))
        counts["MULTI", default: 0] += 1
    }

    /// Asks on a connection of its own, and reads that to its end.
    private func checkAlone(
        _ request: AccessMatrix.Request, _ user: AccessMatrix.User, _ dialect: AccessClient.Dialect,
        _ secured: SecuredServer, _ counts: inout Counts
    ) throws {
        let client = try AccessClient(secured.server, user, dialect)
        try client.connection.send(client.form(request))
        client.connection.endSending()
        let text = try client.connection.receiveAll()
        let isRefused = text.hasPrefix("-NOPERM ") || client.isRefusal(text)
        #expect(isRefused != request.isAllowed(user.oracle), "\(dialect): \(request.description): \(text)")
        counts["direct", default: 0] += 1
    }

    private func checkDryRun(
        _ request: AccessMatrix.Request, _ user: AccessMatrix.User, _ administrator: WireConnection,
        _ counts: inout Counts
    ) throws {
        // DRYRUN counts arguments first, and tells nothing of the prefix of a feed.
        guard request.spec.arity.contains(request.words.count - request.spec.nameCount),
            request.spec.command != .changes
        else { return }
        try administrator.send(request.array(behind: "ACL", "DRYRUN", user.name))
        var stream = ReplyStream(administrator)
        let reply = try #require(try stream.next())
        let isAllowed = reply == .bulk(Array("OK".utf8)) || reply == .line("OK")
        #expect(isAllowed == request.isAllowed(user.oracle), "ACL DRYRUN \(request.description): \(reply)")
        counts["ACL DRYRUN", default: 0] += 1
    }

    @Test(
        "EXEC refuses what the user has lost the right to since it was queued", arguments: AccessMatrix.users,
        SeededRandom.seeds(1))
    func queued(user: AccessMatrix.User, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let requests = requests(&random).filter { request in
            let traits = request.spec.traits.union(request.spec.parent?.spec.traits ?? [])
            return !request.isAlone && !traits.contains(.noMulti)
                && ![.exec, .discard, .watch, .debug].contains(request.spec.parent ?? request.spec.command)
                && request.spec.arity.contains(request.words.count - request.spec.nameCount)
        }
        try withUser(user) { secured, administrator in
            var client = try AccessClient(secured.server, user, .resp)
            let oracle = AccessOracle(sets: ["+@transaction"] + user.sets)
            for first in stride(from: 0, to: requests.count, by: 100) {
                let part = requests[first..<min(first + 100, requests.count)]
                try administrator.expect(resp("ACL", "SETUSER", user.name, "+@all", "allkeys"), "+OK\r\n")
                try client.connection.send(resp("MULTI"))
                #expect(try client.reply() == .line("OK"))
                for request in part {
                    try client.connection.send(request.array())
                    #expect(try client.reply() == .line("QUEUED"), "\(request.description)")
                }
                for var words in user.making {
                    // EXEC itself stays allowed: as a set of its own, so that it adds nothing to the others.
                    if words[1] == "SETUSER" { words.append("role:transactions") }
                    try administrator.expect(resp("ACL", "ROLE", "SET", "transactions", "+@transaction"), "+OK\r\n")
                    try administrator.expect(resp(words), "+OK\r\n")
                }
                try client.connection.send(resp("EXEC"))
                let reply = try client.reply()
                guard case .array(let replies) = reply, replies.count == part.count else {
                    Issue.record("\(reply)")
                    return
                }
                for (request, reply) in zip(part, replies) {
                    #expect(
                        client.isRefusal(reply) != request.isAllowed(oracle), "EXEC, \(request.description): \(reply)")
                }
            }
            print("rights of \(user.name) at EXEC (seed \(seed)): \(requests.count)")
        }
    }
}
