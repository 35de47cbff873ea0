import Foundation
import TestSupport
import Testing

/// Who changed what, as the log says it, compared with what the users themselves know.
@Suite("Authors of changes", .serialized)
struct AuthorLedgerTests {
    private static let users = ["alice", "bob", "carol", "dave"]

    /// A server that keeps its port and its files.
    private final class Server {
        let data: String
        let port = lastingPort()
        private let options: [String]
        private let folder: String
        private var running: ServerProcess?

        init(_ name: String, in folder: String, _ options: [String]) throws {
            (data, self.folder, self.options) = ("\(folder)/\(name).json", folder, options)
            for (file, text) in [("password", SecuredServer.password), ("secret", SecuredServer.secret)] {
                try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
            }
            try start()
        }

        func start() throws {
            running = try ServerProcess(
                arguments: ["--port", "\(port)", "--data", data, "--audit", "--audit-durability", "always"] + options,
                wrapper: [
                    "/usr/bin/env", "PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password",
                    "PUFFIN_REPLICATION_SECRET_FILE=\(folder)/secret",
                ])
        }

        func kill() { running?.kill() }
        func stop() -> Int32? { running?.stop() }

        func connect() throws -> WireConnection {
            let connection = try WireConnection(port: port)
            try connection.expect("AUTH default \"\(SecuredServer.password)\"\n", "OK\n")
            return connection
        }

        /// What `puffin-server log` prints, as objects.
        func log(_ arguments: String...) throws -> [[String: Any]] {
            let run = try ChildProcess.run(
                [ChildProcess.program("puffin-server"), "log", arguments[0], "--data", data] + arguments.dropFirst())
            #expect(run.exitCode == 0, "\(run.output.suffix(300))")
            return try run.output.split(separator: "\n").compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
    }

    @Test(
        "every acknowledged change carries its author, on both servers, through kills of the leader and the follower",
        arguments: SeededRandom.seeds(1))
    func ledger(seed: UInt64) throws {
        print("seed \(seed)")
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            // The whole log is kept, so that every change can be looked up.
            let options = ["--segment-size", "64K", "--compact-ratio", "0"]
            let follower = try Server("follower", in: folder, options + ["--mode", "follower"])
            let leader = try Server("leader", in: folder, options + ["--follower", "127.0.0.1:\(follower.port)"])
            let administrator = try leader.connect()
            for user in AuthorLedgerTests.users {
                try administrator.expect(
                    "ACL SETUSER \(user) on \">\(AuthorLoad.password(of: user))\" +@all ~*\n", "OK\n")
            }
            let loads = AuthorLedgerTests.users.enumerated().map { index, user in
                AuthorLoad(user, port: leader.port, seed: seed * 100 + UInt64(index))
            }
            let rounds = Torture.isOn ? 100 : 6
            for round in 1...rounds {
                let wanted = loads.map { $0.count + 20 + random.below(100) }
                try wait("round \(round)") { zip(loads, wanted).allSatisfy { $0.count >= $1 } }
                let server = round.isMultiple(of: 3) ? follower : leader
                server.kill()
                try server.start()
            }
            for load in loads { load.end() }
            // The follower has everything that is in the log.
            let last = try leader.connect()
            try last.expect("SET last x\n", "OK\n")
            let seq = try #require(Int(last.ask("SEQ")))
            #expect(try follower.connect().ask("AFTER \(seq) GET last") == "x")
            #expect(leader.stop() == 0 && follower.stop() == 0)
            try check(loads, leader, follower)
        }
    }

    private func check(_ loads: [AuthorLoad], _ leader: Server, _ follower: Server) throws {
        let records = try leader.log("show")
        let authors = try authorsByValue(of: records)
        #expect(try authorsByValue(of: follower.log("show")) == authors, "both logs name the same authors")
        var count = 0
        for load in loads {
            let (values, deletions, logins) = load.ledger
            let wrong = values.filter { authors[$0].map(name) != load.user }
            #expect(wrong.isEmpty, "\(load.user): \(wrong.prefix(3).map { ($0, authors[$0]) })")
            let deleted = records.count {
                $0["op"] as? String == "delete" && $0["key"] as? String == "own:\(load.user)"
                    && ($0["by"] as? String).map(name) == load.user
            }
            #expect(deleted >= deletions && deletions > 0)
            #expect(logins > 3, "the leader was killed")
            count += values.count
        }
        // Also those that nobody was told of: the value says who sent it.
        for (value, author) in authors { #expect(value.hasPrefix(name(author) + "."), "\(value) by \(author)") }
        try checkClients(Set(authors.values), AuditFiles(data: leader.data))
        try checkHistory(authors, leader)
        for server in [leader, follower] {
            let verdict = try AuditFiles(data: server.data).verify(data: server.data)
            #expect(verdict.exitCode == 0, "\(verdict)")
        }
        print("\(count) acknowledged values of \(loads.count) users, \(authors.count) in the log: authors are right")
    }

    /// `alice#12` is alice.
    private func name(_ author: String) -> String { String(author.prefix { $0 != "#" }) }

    /// The authors of all values that users have written.
    private func authorsByValue(of records: [[String: Any]]) throws -> [String: String] {
        var authors: [String: String] = [:]
        for record in records {
            let parts = record["changes"] as? [[String: Any]] ?? [record]
            for part in parts {
                guard let value = part["value"] as? String, value.contains(".") else { continue }
                let author = try #require(record["by"] as? String, "\(record) has no author")
                #expect(authors.updateValue(author, forKey: value) == nil, "\(value) was written once")
            }
        }
        return authors
    }

    /// The number behind the user's name is that of a client whose login the audit has.
    private func checkClients(_ authors: Set<String>, _ audit: AuditFiles) throws {
        let logins = Set(
            try audit.events().filter { $0.kind == "login" && $0["result"] == "ok" }
                .map { "\($0["user"] ?? "")#\($0["client"] ?? "")" })
        #expect(authors.isSubset(of: logins), "\(authors.subtracting(logins))")
    }

    /// `log history` shows the same.
    private func checkHistory(_ authors: [String: String], _ server: Server) throws {
        for number in 0..<5 {
            let changes = try server.log("history", "shared:\(number)", "--format", "json")
            #expect(changes.count > 2)
            for change in changes {
                let value = try #require(change["value"] as? String)
                #expect(change["by"] as? String == authors[value], "\(change)")
            }
        }
    }

    private func wait(_ what: String, until isSo: () -> Bool) throws {
        let end = TimeLimit.end
        while !isSo() {
            guard Date() < end else { throw WireError(description: "never came: \(what)") }
            usleep(5000)
        }
    }
}
