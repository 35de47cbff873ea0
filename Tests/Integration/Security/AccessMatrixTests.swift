import Access
import Bytes
import Commands
import Foundation
import TestSupport
import Testing
import Wire

/// Every command, by users with different rights, on keys that are and are not theirs, at every door: directly, in lines, behind
/// AFTER, and in a transaction. A row that is not known here fails the test.
@Suite("Rights at every door")
struct AccessMatrixTests {
    /// Requests that would end the server, the connection or the test, or that read no arguments of their own.
    private static let left: Set<Command> = [
        // They log in or out, leave, or take the connection.
        .auth, .hello, .quit, .reset, .prove, .replicate, .changes, .unchanges,
        // They change the server or the connection's replies.
        .shutdown, .debug, .clientReply, .clientKill, .promote, .demote, .follow, .follower, .followerAdd,
        .followerRemove, .handover,
        .multi, .exec, .discard, .watch, .aclSetUser, .aclDelUser, .aclRole, .aclToken, .aclLog, .configSet,
        .scriptFlush,
        // They wait.
        .wait, .waitaof, .after,
    ]

    private static let users: [(name: String, rules: String)] = [
        ("all", "+@all ~*"), ("reader", "+@read ~*"), ("writer", "+@write +@transaction +after ~own:*"),
        ("owner", "+@read +@write +@connection +@transaction +after ~own:* %R~exact"),
        ("split", "+@all -@dangerous +multi +exec +after %R~own:* %W~own:in:*"), ("monitor", "+@monitor +after"),
        ("none", ""),
    ]
    private static let keys = ["own:1", "own:in:1", "foreign:1", "exact", "exact2", "own"]

    @Test("the wire says what the rights say", arguments: users.map(\.name))
    func doors(name: String) throws {
        let rules = try #require(Self.users.first { $0.name == name }?.rules)
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder, "puffin.json", ["--durability", "never"])
            try secured.connect().expect("ACL SETUSER \(name) on nopass \(rules)\n", "OK\n")
            let rights = AccessRights(user: UserName(name), [try Rules(parsing: rules)])
            let client = try secured.server.connect()
            try client.expect(resp("AUTH", name, "x"), "+OK\r\n")
            var count = 0
            for spec in Catalog.rows
            where !Self.left.contains(spec.command) && spec.parent?.spec.command != .debug
                && Catalog.subcommands(of: spec.command).isEmpty
            {
                for key in spec.keys == .none ? ["own:1"] : Self.keys {
                    count += try check(spec, key, rights, client)
                }
            }
            print("\(name): \(count) requests")
            #expect(secured.server.stop() == 0)
        }
    }

    /// - Returns: how many requests were made.
    private func check(
        _ spec: CommandSpec, _ key: String, _ rights: AccessRights, _ client: WireConnection
    ) throws -> Int {
        let words = CatalogRequests.request(spec, keys: [Array(key.utf8)])
        let isAllowed = CatalogRequests.lend(words) { rights.may(spec.command.index, $0) }
        let request = resp(words.map { String(decoding: $0, as: UTF8.self) })
        #expect(try isRefused(request, client) != isAllowed, "\(spec.fullName) \(key)")
        var count = 1
        let behind = resp(["AFTER", "0"] + words.map { String(decoding: $0, as: UTF8.self) })
        if spec.traits.contains(.data), rights.may(.after), spec.parent == nil {
            #expect(try isRefused(behind, client) != isAllowed, "AFTER 0 \(spec.fullName) \(key)")
            count += 1
        }
        if !spec.traits.contains(.noMulti), rights.may(.multi) {
            try client.expect(resp("MULTI"), "+OK\r\n")
            try client.send(request)
            #expect(try client.receiveLine().hasPrefix("-NOPERM") != isAllowed, "MULTI, \(spec.fullName) \(key)")
            _ = try isRefused(resp("EXEC"), client)
            count += 1
        }
        return count
    }

    /// Whether a request is answered with NOPERM. PING tells where its reply ends.
    private func isRefused(_ request: String, _ client: WireConnection) throws -> Bool {
        let mark = "end-of-reply"
        try client.send(request + resp("ECHO", mark))
        var isRefused: Bool?
        while true {
            let line = try client.receiveLine()
            if isRefused == nil { isRefused = line.hasPrefix("-NOPERM") }
            if line == mark + "\r" { return isRefused ?? false }
            // ECHO itself may be forbidden.
            if line.contains("'echo' command") { return isRefused ?? false }
        }
    }
}
