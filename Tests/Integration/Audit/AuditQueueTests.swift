import Foundation
import TestSupport
import Testing

/// A disk of the audit that hangs: what waits for it is bounded.
@Suite("The audit's queue", .serialized)
struct AuditQueueTests {
    /// As docs/audit.md says.
    private static let limit = 65_536

    /// A server whose audit's thread hangs in a sync with nothing waiting, and a client that has logged in.
    private func withHeldSync(
        _ options: [String], _ body: (HeldAudit) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let calls = try FaultyCalls(in: folder, on: data + ".audit/")
            let server = try ServerProcess(
                data: data,
                ["--audit", "--audit-writes", "k:", "--audit-events", "denied", "--durability", "never"] + options,
                wrapper: ["/usr/bin/env"] + calls.environment)
            let client = try server.connect()
            try calls.set(.heldSyncs)
            // It is synced by the next upkeep, which holds the thread.
            try client.expect("SET k:first 1\n", "OK\n")
            let end = TimeLimit.end
            while try calls.count == 0 {
                guard Date() < end else { throw WireError(description: "no sync is held") }
                usleep(10_000)
            }
            let files = AuditFiles(data: data)
            // The sync may also be one that began before the event was written: then the event waits, too.
            let isWritten = try files.text().contains("k:first")
            try body(
                HeldAudit(
                    server: server, files: files, data: data, calls: calls, client: client,
                    room: AuditQueueTests.limit - (isWritten ? 0 : 1)))
        }
    }

    private struct HeldAudit {
        let server: ServerProcess
        let files: AuditFiles
        let data: String
        let calls: FaultyCalls
        let client: WireConnection
        /// Events that there is room for.
        let room: Int

        func stat(_ name: String) throws -> String? {
            try client.send("STATS\n")
            return String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
                .first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
        }

        func wait(_ what: String, until isSo: () throws -> Bool) throws {
            let end = TimeLimit.end
            while try !isSo() {
                guard Date() < end else { throw WireError(description: "never: \(what)\n\(server.log)") }
                usleep(20_000)
            }
        }

        /// Changes keys that are recorded.
        /// - Returns: the replies.
        func write(_ numbers: Range<Int>) throws -> [String] {
            var replies: [String] = []
            for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 1000) {
                let part = first..<min(first + 1000, numbers.upperBound)
                try client.send(part.map { "SET k:\($0) 1\n" }.joined())
                var bytes: [UInt8] = []
                while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < part.count { bytes += try client.receive() }
                replies += String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            }
            return replies
        }

        /// The number of events in the audit, all of which are changes, and the losses, each with the number of events before it. Nothing
        /// is decoded: there are many.
        func recorded() throws -> (writes: Int, losses: [[Int]]) {
            var (writes, losses) = (0, [[Int]]())
            for line in try files.text().utf8.split(separator: UInt8(ascii: "\n")) {
                if line.starts(with: "{\"n\":".utf8) { writes += 1 }
                guard line.starts(with: "{\"lost\":".utf8) else { continue }
                let digits = line.dropFirst(8).prefix { $0 != UInt8(ascii: ",") }
                losses.append([writes, Int(String(decoding: digits, as: UTF8.self)) ?? -1])
            }
            return (writes, losses)
        }
    }

    @Test("continue: what there is no room for is counted, and recorded when the disk is back")
    func overflow() throws {
        try withHeldSync([]) { held in
            let count = held.room + 5000
            let replies = try held.write(0..<count)
            #expect(replies.allSatisfy { $0 == "OK" } && replies.count == count, "changes never wait for the audit")
            try held.wait("the loss is counted") { try held.stat("audit_lost") == "5000" }
            #expect(
                try held.stat("audit_not_writable_because")
                    == "65536 events wait for the disk of the audit, the most that may; look at that disk")
            #expect(held.server.log.contains("ERROR Events of the audit are lost: 65536 events wait for the disk"))
            try held.calls.set(.none)
            try held.wait("it heals") { try held.stat("audit_not_writable_because") == nil }
            try held.wait("the loss is recorded") { try held.files.text().contains("{\"lost\":5000,") }
            #expect(held.server.process.waitForOutput(containing: "written again; 5000 events were lost"))
            #expect(try held.stat("audit_lost") == "5000", "counted once")
            #expect(try held.write(count..<count + 1) == ["OK"])
            #expect(held.server.stop() == 0)
            // The first one, those that had room, and the last one.
            let recorded = try held.recorded()
            #expect(recorded.writes == held.room + 2)
            #expect(recorded.losses == [[held.room + 1, 5000]], "where they would have been")
            let verdict = try held.files.verify(data: held.data)
            #expect(verdict.exitCode == 0 && verdict.output.contains("5000 events lost and counted"), "\(verdict)")
        }
    }

    @Test("refuse: a full queue refuses what would be recorded, exactly that, and nothing is lost")
    func refusal() throws {
        try withHeldSync(["--audit-on-failure", "refuse"]) { held in
            let count = held.room + 5000
            let replies = try held.write(0..<count)
            let done = replies.prefix { $0 == "OK" }.count
            #expect(done == held.room)
            let refusal =
                "ERROR: Nothing was changed, because the audit cannot be written: 65536 events wait for the disk of the audit, the most that may; look at that disk"
            let others = Set(replies.dropFirst(done))
            #expect(others == [refusal], "\(others.prefix(3))")
            try held.client.expect("SET other 1\nGET k:0\nGET k:\(count - 1)\n", "OK\n1\nERROR: Key not found\n")
            #expect(try held.stat("audit_lost") == "0")
            try held.calls.set(.none)
            try held.wait("it heals") { try held.stat("audit_not_writable_because") == nil }
            #expect(try held.write(count..<count + 1) == ["OK"])
            #expect(held.server.stop() == 0)
            let recorded = try held.recorded()
            #expect(recorded.writes == held.room + 2 && recorded.losses.isEmpty)
            #expect(try held.files.verify(data: held.data).exitCode == 0)
        }
    }

    @Test("always: who waits for a line waits while the disk hangs, all get their answer, and one sync serves many")
    func waiting() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let calls = try FaultyCalls(in: folder, on: data + ".audit/")
            let server = try ServerProcess(
                data: data, ["--audit", "--audit-durability", "always"],
                wrapper: ["/usr/bin/env"] + calls.environment)
            let watcher = try server.connect()
            try calls.set(.heldSyncs)
            let clients = try (0..<20).map { _ in try server.connect() }
            for client in clients { try client.send("FLUSHALL\n") }
            try watcher.expect("SET a 1\nGET a\n", "OK\n1\n")
            for _ in 0..<3 { try watcher.expect("PING\n", "PONG\n") }
            #expect(clients.allSatisfy { !$0.hasReceived })
            try calls.set(.none)
            for client in clients { #expect(try client.receiveLine() == "OK") }
            #expect(try AuditFiles(data: data).events().count { $0.kind == "clear" } == 20)
            #expect(server.stop() == 0)
        }
    }
}
