import Foundation
import TestSupport
import Testing

/// A real disk that fills up: writes are refused, nothing else stops, and it recovers by itself.
@Suite("A small disk")
struct SmallDiskTests {
    private static let kinds = SmallDisk.Kind.allCases.filter(SmallDisk.isAvailable)

    /// A value of some 16,000 bytes that says which one it is.
    private func value(_ number: Int) -> String {
        "\(number)." + String(repeating: "v", count: 16_000)
    }

    /// Writes until a write is refused.
    /// - Returns: how many were acknowledged, and the refusal.
    private func fill(_ client: WireConnection, from first: Int = 0) throws -> (count: Int, refusal: String) {
        for number in first..<10_000 {
            let reply = try client.ask("SET key:\(number) \(value(number))")
            if reply != "OK" { return (number, reply) }
        }
        throw WireError(description: "a disk of 16 MiB takes 40 MB")
    }

    private func check(_ client: WireConnection, _ numbers: some Sequence<Int>) throws {
        for number in numbers { try client.expect("GET key:\(number)\n", value(number) + "\n") }
    }

    /// Retries until a write is accepted: the obstacle passes by itself.
    private func waitUntilWritable(_ client: WireConnection) throws {
        let deadline = TimeLimit.end
        while try client.ask("SET probe 1") != "OK" {
            guard Date() < deadline else { throw WireError(description: "still refused: \(try stats(client))") }
            usleep(20_000)
        }
    }

    private func stats(_ client: WireConnection) throws -> String {
        try client.send("STATS\n")
        return String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
    }

    @Test(
        "it refuses writes with the figures, reads and deletes, frees space by compaction, and loses nothing",
        arguments: kinds)
    func deletes(kind: SmallDisk.Kind) throws {
        try SmallDisk.lend(kind) { place in
            let data = place + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            let (count, refusal) = try fill(client)
            #expect(count > 300, "\(count) values of 16 kB fit")
            #expect(refusal.hasPrefix("ERROR: Disk full: \(place)/puffin.json.log has "), "\(refusal)")
            #expect(refusal.contains("are needed; free space there, or delete keys and COMPACT; reads go on"))
            try client.send(resp("SET", "k", String(repeating: "x", count: 100_000)))
            #expect(try client.receiveLine().hasPrefix("-ERR DISKFULL Disk full: "))
            #expect(try stats(client).contains("\nwritable no\n"))
            try check(client, 0..<count)

            // All deletes are accepted: there is space reserved for them.
            let kept = count / 10
            for number in kept..<count { #expect(try client.ask("DELETE key:\(number)") == "OK") }
            _ = try client.ask("COMPACT")
            try waitUntilWritable(client)
            try check(client, 0..<kept)
            let (more, _) = try fill(client, from: kept)
            #expect(more > kept + 50)
            server.kill()

            let next = try ServerProcess(data: data)
            let reader = try next.connect()
            try check(reader, 0..<more)
            print(
                "a full \(kind.rawValue) of 16 MiB: \(count) values, \(count - kept) deleted, \(more - kept) more, lost 0"
            )
            #expect(next.stop() == 0)
        }
    }

    @Test("space that another program frees is used again at once", arguments: kinds)
    func others(kind: SmallDisk.Kind) throws {
        try SmallDisk.lend(kind) { place in
            let data = place + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            #expect(try client.ask("SET first \(value(0))") == "OK")
            // All that is left, to the last byte.
            _ = try ChildProcess.run(["dd", "if=/dev/zero", "of=\(place)/other", "bs=4k", "status=none"])
            let (count, refusal) = try fill(client)
            #expect(refusal.hasPrefix("ERROR: Disk full: "))
            #expect(
                server.process.waitForOutput(containing: "WARNING Writes are refused until this passes: Disk full: "))
            try check(client, 0..<count)
            try FileManager.default.removeItem(atPath: place + "/other")
            try waitUntilWritable(client)
            #expect(server.process.waitForOutput(containing: "INFO Writes are accepted again"))
            let (more, _) = try fill(client, from: count)
            #expect(more > count)
            #expect(server.stop() == 0)
            let next = try ServerProcess(data: data)
            try check(try next.connect(), 0..<more)
            #expect(next.stop() == 0)
        }
    }

    @Test("a server that is killed in the middle of a write on a full disk starts again there", arguments: kinds)
    func killed(kind: SmallDisk.Kind) throws {
        try SmallDisk.lend(kind) { place in
            let data = place + "/puffin.json"
            let server = try ServerProcess(data: data, ["--durability", "never"])
            let client = try server.connect()
            for number in 0..<20 { #expect(try client.ask("SET key:\(number) \(value(number))") == "OK") }
            server.kill()
            let segment = try FileHandle(forWritingTo: URL(fileURLWithPath: data + ".log/00000000000000000001.jsonl"))
            try segment.seekToEnd()
            try segment.write(contentsOf: Data("{\"seq\":21,\"ts\":1764000000123,\"op\":\"set\",\"ke".utf8))
            try segment.close()
            _ = try ChildProcess.run(["dd", "if=/dev/zero", "of=\(place)/other", "bs=4k", "status=none"])
            let next = try ServerProcess(data: data)
            #expect(next.log.contains("WARNING The log ended in the middle of a write"))
            let reader = try next.connect()
            try check(reader, 0..<20)
            #expect(try fill(reader, from: 100).refusal.hasPrefix("ERROR: Disk full: "))
            #expect(next.stop() == 0, "\(next.log)")
        }
    }

    @Test("a server that is stopped on a full disk starts again there, and has everything", arguments: kinds)
    func restart(kind: SmallDisk.Kind) throws {
        try SmallDisk.lend(kind) { place in
            let data = place + "/puffin.json"
            let server = try ServerProcess(data: data, ["--compact-ratio", "0"])
            let (count, _) = try fill(try server.connect())
            _ = try ChildProcess.run(["dd", "if=/dev/zero", "of=\(place)/other", "bs=4k", "status=none"])
            #expect(server.stop() == 0, "\(server.log)")
            let next = try ServerProcess(data: data, ["--compact-ratio", "0"])
            let client = try next.connect()
            try check(client, 0..<count)
            next.kill()
            let last = try ServerProcess(data: data, ["--compact-ratio", "0"])
            try check(try last.connect(), 0..<count)
            #expect(last.stop() == 0, "\(last.log)")
        }
    }
}
