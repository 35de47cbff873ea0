import Foundation
import TestSupport
import Testing

/// What a client's changes may take of memory while the disk does not take them.
@Suite("Changes that the disk does not take", .serialized)
struct LogBacklogTests {
    /// A thirty-second of it may wait for the disk.
    private static let limit = 64 << 20
    private static let value = String(repeating: "v", count: 1_000_000)

    private func figure(_ name: String, _ client: WireConnection) throws -> Int {
        try client.send("STATS\n")
        let lines = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
    }

    @Test("changes wait once a thirty-second of the memory limit waits for the disk; reads go on, and nothing is lost")
    func waits() throws {
        try withTemporaryFolder { folder in
            let server = try ServerThread(data: folder + "/puffin.json", maxMemory: Self.limit)
            let reader = try server.connect()
            try reader.expect("SET other there\n", "OK\n")
            server.gate.close()
            let first = try server.connect()
            try first.send("SET first 1\n")
            server.gate.waitUntilHeld()
            let writers = try (0..<8).map { number in
                let writer = try server.connect()
                try writer.send("SET key:\(number) \(Self.value)\nGET other\n")
                return writer
            }
            // Three of them are as much as may wait, the other five are there and wait before they are run.
            try wait("the changes") { try figure("seq", reader) == 2 + 3 }
            try wait("the requests") { try figure("held_bytes", reader) > 5 * 1_000_000 }
            // Whatever is no change is answered, and changes within other requests wait as well.
            let deferred = try server.connect()
            try deferred.send(resp("AFTER", "1", "SET", "after", "1"))
            let gone = try server.connect()
            try gone.send("SET gone 1\n")
            try reader.expect("GET other\nPING\n", "there\nPONG\n")
            gone.reset()
            try reader.expect("GET other\nPING\n", "there\nPONG\n")
            #expect(try figure("seq", reader) == 2 + 3)
            #expect(!deferred.hasReceived && writers.allSatisfy { !$0.hasReceived })

            server.gate.open()
            try first.expect("", "OK\n")
            for writer in writers { try writer.expect("", "OK\nthere\n") }
            try deferred.expect("", "+OK\r\n")
            #expect(try reader.ask("GET key:7") == Self.value)
            #expect(try reader.ask("GET after") == "1")
            #expect(server.stop() == nil)
        }
    }

    @Test("clients that write without a pause, of whose bytes each takes six in the log, all go on")
    func escaped() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--max-memory", "64M", "--durability", "never"])
            let witness = try Witness(server)
            try witness.connection.expect("SET key 0\n", "OK\n")
            let base = try witness.peakMemory()
            let request = Array("SET key ".utf8) + [UInt8](repeating: 1, count: 60_000) + Array("\n".utf8)
            let clients = try (0..<20).map { _ in try server.connect() }
            var rests = clients.map { _ in Array(repeatElement(request, count: 20).joined())[...] }
            while !rests.allSatisfy(\.isEmpty) {
                for (index, client) in clients.enumerated() {
                    rests[index] = rests[index].dropFirst(client.sendSome(rests[index]))
                }
                try witness.check(pairs: 2)
            }
            for client in clients { try client.expect("", String(repeating: "OK\n", count: 20)) }
            // 400 lines of 360,000 bytes are 137 MiB. MiB: 2 and a line wait, and as much is being written.
            #expect(try witness.peakMemory() < base + 16 + 6 + 2 * 3 + 6)
            #expect(server.stop() == 0)
        }
    }
}
