import Foundation
import TestSupport
import Testing

/// Feeds of changes over the wire: who gets what, and what a slow or vanished client costs.
@Suite("Feeds over the wire", .serialized)
struct ChangeStreamTests {
    @Test("a client that has ended its side still gets its feed, as nc and jq do")
    func halfClosed() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send("CHANGES user:\n")
            client.endSending()
            var lines = ChangeLines(client)
            #expect(try lines.texts(2) == ["from", "at"])
            try server.connect().expect("SET user:1 a\nSET x 1\nSET user:2 b\n", "OK\nOK\nOK\n")
            #expect(try lines.texts(2) == ["set user:1=a", "set user:2=b"])
            // Then the server says where it is, so that a client that is gone is noticed.
            #expect(try lines.next().mark == "at")
            #expect(server.stop() == 0)
            #expect(try client.receiveAll() == "")
        }
    }

    @Test("a client that is gone is noticed though nothing changes, one that has only ended its side stays")
    func gone() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let half = try server.connect()
            try half.send("CHANGES a\n")
            half.endSending()
            for _ in 0..<3 {
                try withExtendedLifetime(try server.connect()) { client in
                    try client.send("CHANGES b\n")
                    #expect(try client.receiveLine().hasPrefix("{\"from\":"))
                    #expect(try client.receiveLine().hasPrefix("{\"at\":"))
                }
            }
            try wait("their end") { try figure("feeds", server) == 1 }
            try server.connect().expect("SET a 1\n", "OK\n")
            while !(try half.receiveLine().contains("\"key\":\"a\"")) {}
            #expect(server.stop() == 0)
        }
    }

    @Test("RESP3 has messages beside pipelined replies, each whole and in order")
    func pushes() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send(resp("HELLO", "3"))
            _ = try client.receive(through: "modules\r\n*0\r\n")
            var replies = ReplyStream(client)
            try client.send(resp("CHANGES", "key:"))
            var (oks, changes, positions) = (0, [Int](), 0)
            let count = 2000
            DispatchQueue.global().async {
                for number in 1...count { try? client.send(resp("SET", "key:\(number % 5)", "\(number)")) }
            }
            while oks < count || changes.count < count {
                switch try #require(try replies.next()) {
                case .line("OK"): oks += 1
                case .array(let parts) where parts.count == 3: positions += 1
                case .array(let parts):
                    guard case .array(let list) = parts[3], case .array(let change) = list[0],
                        case .bulk(let value) = change[2]
                    else { throw WireError(description: "\(parts)") }
                    changes.append(try #require(Int(String(decoding: value, as: UTF8.self))))
                case let other: throw WireError(description: "\(other)")
                }
                // A change is told when it is committed, which is when it is answered.
                #expect(changes.count <= oks + 1000)
            }
            #expect(changes == Array(1...count) && positions >= 2)
            #expect(server.stop() == 0)
        }
    }

    @Test("a consumer that stops costs no memory, holds up nobody, and has every change once it reads again")
    func stopped() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"])
            let witness = try Witness(server)
            let clients = try (0..<5).map { index in
                let client = try server.connect()
                client.limitReceiveBuffer(to: 65536)
                if index == 4 { try client.send(resp("HELLO", "3")) }
                return client
            }
            _ = try clients[4].receive(through: "modules\r\n*0\r\n")
            for client in clients[..<4] { try client.send("CHANGES big:\n") }
            try clients[4].send(resp("CHANGES", "big:"))
            try witness.wait(for: "feeds", toBe: 5)
            let value = String(repeating: "v", count: 10_000)
            let count = 4000
            var before = 0
            for first in stride(from: 0, to: count, by: 100) {
                if first == 1000 { before = try witness.serverMemory() }
                let requests = (first..<first + 100).map { "SET big:\($0 % 10) \($0).\(value)\n" }.joined()
                try witness.connection.expect(requests, String(repeating: "OK\n", count: 100))
            }
            // 30 MB later.
            #expect(try witness.serverMemory() < before + 16)
            #expect(try witness.figure("feeds_behind") == 5)
            for (index, client) in clients.enumerated() {
                if index == 4 {
                    var replies = ReplyStream(client)
                    var next = 0
                    while next < count {
                        guard case .array(let parts)? = try replies.next() else {
                            throw WireError(description: "no push")
                        }
                        guard parts.count == 4, case .array(let list) = parts[3], case .array(let change) = list[0],
                            case .bulk(let found) = change[2]
                        else { continue }
                        try #require(found.starts(with: Array("\(next).v".utf8)))
                        next += 1
                    }
                } else if index == 0 {
                    var lines = ChangeLines(client)
                    var next = 0
                    while next < count {
                        let line = try lines.line()
                        if line.hasPrefix("{\"from\"") || line.hasPrefix("{\"at\"") { continue }
                        try #require(line.contains("\"value\":\"\(next).v"), "\(line.prefix(100))")
                        next += 1
                    }
                } else {
                    client.reset()
                }
            }
            #expect(try witness.serverMemory() < before + 16)
            #expect(server.stop() == 0)
        }
    }

    @Test(
        "a compaction under a consumer that has stopped ends its feed with COMPACTED, and never with a gap",
        arguments: ["2", "3"])
    func compacted(version: String) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json",
                [
                    "--durability", "never", "--retain-size", "0", "--segment-size", "1M", "--compact-ratio", "0",
                ])
            let witness = try Witness(server)
            let client = try server.connect()
            client.limitReceiveBuffer(to: 65536)
            try client.send(resp("HELLO", version))
            _ = try client.receive(through: "modules\r\n*0\r\n")
            try client.send(resp("CHANGES", "big:"))
            try witness.wait(for: "feeds", toBe: 1)
            let value = String(repeating: "v", count: 10_000)
            let count = 2000
            for first in stride(from: 0, to: count, by: 100) {
                let requests = (first..<first + 100).map { "SET big:\($0 % 10) \($0).\(value)\n" }.joined()
                try witness.connection.expect(requests, String(repeating: "OK\n", count: 100))
            }
            try witness.connection.expect("SAVE\n", "OK\n")
            try witness.wait(for: "oldest_seq") { $0 > count }
            var replies = ReplyStream(client)
            var next = 0
            reading: while true {
                switch try #require(try replies.next()) {
                case .error(let text):
                    #expect(version == "2" && text.hasPrefix("COMPACTED Changes up to \(count + 1) are no longer kept"))
                    break reading
                case .array(let parts) where parts.count == 3 && parts[1] == .bulk(Array("error".utf8)):
                    guard case .bulk(let text) = parts[2] else { throw WireError(description: "\(parts)") }
                    #expect(version == "3")
                    #expect(
                        String(decoding: text, as: UTF8.self).hasPrefix(
                            "COMPACTED Changes up to \(count + 1) are no longer kept"))
                    break reading
                case .array(let parts) where parts.count == 4:
                    guard case .array(let list) = parts[3], case .array(let change) = list[0],
                        case .bulk(let found) = change[2]
                    else { throw WireError(description: "\(parts)") }
                    try #require(found.starts(with: Array("\(next).v".utf8)))
                    next += 1
                default: break
                }
            }
            #expect(next > 0 && next < count)
            // The connection is an ordinary one again.
            try client.send(resp("PING"))
            #expect(try replies.next() == .line("PONG"))
            #expect(try witness.figure("feeds") == 0)
            #expect(server.stop() == 0)
        }
    }

    @Test("a follower has the same feed, a token continues on any of them, and one that is not there yet says so")
    func followers() throws {
        try withReplicas(1) { (leader, followers) throws in
            let follower = followers[0]
            #expect(try leader.ask("SET user:1 a", "SET user:2 b") == ["OK", "OK"])
            try follower.catchUp(with: leader)
            var one = ChangeLines(try leader.process.connect())
            var other = ChangeLines(try follower.process.connect())
            let pages = try [one.page("CHANGES user: FROM 0 LIMIT 9"), other.page("CHANGES user: FROM 0 LIMIT 9")]
            #expect(pages[0].changes == pages[1].changes && pages[0].next == pages[1].next)
            try other.send("CHANGES user: FROM \(pages[0].changes[0].token)\n")
            #expect(try other.texts(3) == ["from", "set user:2=b", "at"])
            #expect(try leader.ask("SET user:3 c") == ["OK"])
            #expect(try other.next().text == "set user:3=c")
            // The follower is stopped: the leader's next token is not there yet.
            let reader = try follower.process.connect()
            follower.process.process.send(SIGSTOP)
            #expect(try leader.ask("SET user:4 d") == ["OK"])
            let next = try one.page("CHANGES user: FROM \(pages[0].next) LIMIT 9")
            #expect(next.changes.map(\.text) == ["set user:3=c", "set user:4=d"])
            leader.process.kill()
            follower.process.process.send(SIGCONT)
            try reader.send("CHANGES user: FROM \(next.next) LIMIT 9\n")
            let line = try reader.receiveLine()
            if line.hasPrefix("ERROR") {
                #expect(
                    line.hasPrefix(
                        "ERROR: Not there yet: this server has changes up to 3, asked for 4; ask again, or read from the leader"
                    ))
            } else {
                // It had the change in its socket.
                #expect(line == "{\"next\":\"\(next.next)\"}")
            }
        }
    }

    @Test("with --ack, nothing is told that followers do not have")
    func acknowledged() throws {
        try withReplicas(1, ["--ack", "one", "--ack-timeout", "100ms"]) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1") == ["OK"])
            var lines = ChangeLines(try leader.process.connect())
            try lines.send("CHANGES \"\"\n")
            #expect(try lines.texts(2) == ["from", "at"])
            followers[0].process.process.send(SIGSTOP)
            #expect(try leader.ask("SET a 2")[0].hasPrefix("ERROR: Written here, not yet acknowledged"))
            #expect(try leader.figures()["durable"] == "2")
            #expect(!lines.connection.hasReceived)
            var page = ChangeLines(try leader.process.connect())
            #expect(try page.page("CHANGES \"\" FROM 1 LIMIT 9 WAIT 50").changes.isEmpty)
            followers[0].process.process.send(SIGCONT)
            var next = try lines.next()
            if next.mark == "at" { next = try lines.next() }
            #expect(next.text == "set a=2")
        }
    }
}
