import Foundation
import TestSupport
import Testing

/// A server at its memory limit: what needs more is refused with the figures, everything else continues.
@Suite("The memory limit")
struct MemoryLimitTests {
    private static let limit = 8 << 20
    private static let value = String(repeating: "v", count: 1000)

    private func start(_ folder: String, limit: String = "8M") throws -> ServerProcess {
        try ServerProcess(data: folder + "/puffin.json", ["--max-memory", limit, "--durability", "never"])
    }

    /// Sets key:0, key:1, … until one is refused.
    /// - Returns: how many were not, and the error.
    private func fill(_ client: WireConnection) throws -> (count: Int, error: String) {
        for number in 0..<2 * Self.limit / Self.value.utf8.count {
            let reply = try client.ask("SET key:\(number) \(Self.value)")
            if reply != "OK" { return (number, reply) }
        }
        throw WireError(description: "nothing was refused")
    }

    @Test("a line that needs more is refused with figures; reads, deletes and what needs no more go on")
    func lines() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder)
            let witness = try Witness(server)
            let client = try server.connect()
            let (count, error) = try fill(client)
            // A pair of 1,000 bytes takes 1,040 with its key and block, and a place in a bucket.
            let match = try #require(
                error.wholeMatch(
                    of:
                        #/ERROR: Out of memory: this needs (\d+) bytes more, (\d+) of 8388608 are in use; delete keys or raise --max-memory/#
                ), "\(error)")
            let (needed, used) = (try #require(Int(match.1)), try #require(Int(match.2)))
            #expect((1000..<1100).contains(needed))
            #expect(used <= Self.limit && used + needed > Self.limit)
            #expect(count > 7000)

            // A value that is no larger is stored, a larger one not, and nothing was evicted.
            let other = String(repeating: "w", count: 1000)
            #expect(try client.ask("SET key:0 \(other)") == "OK")
            #expect(try client.ask("GET key:0") == other)
            #expect(try client.ask("SET key:0 short") == "OK")
            let four = String(repeating: Self.value, count: 4)
            #expect(try client.ask("SET key:1 \(four)").hasPrefix("ERROR: Out of memory: this needs 30"))
            #expect(try client.ask("GET key:1") == Self.value)
            #expect(try client.ask("GET key:\(count)") == "ERROR: Key not found")
            try witness.check(pairs: count + 1)

            // What a delete has freed can be used again: the short value's space and that of one more key.
            for number in 2..<4 { #expect(try client.ask("DELETE key:\(number)") == "OK") }
            for number in 2..<4 { #expect(try client.ask("SET key:\(number) \(Self.value)") == "OK") }
            try witness.check(pairs: count + 1)
            #expect(try witness.figure("memory_limit_bytes") == Self.limit)
            #expect(try witness.figure("memory_refusals") >= 2)
            // Beyond it are only the buffers of those who ask.
            #expect(try witness.figure("memory_bytes") <= Self.limit + (64 << 10))
        }
    }

    @Test("in RESP the error has Redis' code and words, and INFO and CONFIG GET say what Redis' would")
    func resp2() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder)
            let client = try server.connect()
            let (count, _) = try fill(client)
            try client.send(resp("SET", "another", Self.value))
            let error = try client.receiveLine()
            let expected = "-OOM command not allowed when used memory > 'maxmemory'. this needs "
            #expect(error.hasPrefix(expected) && error.contains(" of 8388608 are in use; "), "\(error)")
            try client.expect(resp("DBSIZE"), ":\(count)\r\n")
            try client.expect(
                resp("CONFIG", "GET", "maxmemory*"),
                "*4\r\n$9\r\nmaxmemory\r\n$7\r\n8388608\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n")
            let info = try client.ask("INFO memory")
            let used = try #require(info.firstMatch(of: #/used_memory:(\d+)\\r/#).flatMap { Int($0.1) })
            // What INFO itself was written into is in it.
            #expect(used > Self.limit - 2000 && used <= Self.limit + (64 << 10))
            #expect(info.contains("maxmemory:8388608\\r\\n") && info.contains("maxmemory_policy:noeviction\\r\\n"))
        }
    }

    @Test("an MSET that does not fit changes nothing at all, in memory and in the log")
    func mset() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder)
            let witness = try Witness(server)
            let client = try server.connect()
            let (count, _) = try fill(client)
            let seq = try witness.figure("seq")
            // The first changes alone would fit: one is no larger than before, one is made smaller.
            let request =
                "MSET key:0 new key:1 \(Self.value) new:1 1" + (2...9).map { " new:\($0) \(Self.value)" }.joined()
            #expect(try client.ask(request).hasPrefix("ERROR: Out of memory: this needs 8"))
            #expect(try client.ask("GET key:0") == Self.value)
            #expect(try client.ask("EXISTS new:1 new:2 new:9") == "0")
            #expect(try witness.figure("seq") == seq)
            #expect(try client.ask("MSET key:0 new key:1 \(Self.value)") == "OK")
            try witness.check(pairs: count + 1)
        }
    }

    @Test("after FLUSHALL there is room at once, before the memory of the old pairs is given back")
    func flushAll() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder)
            let client = try server.connect()
            let (count, _) = try fill(client)
            // In one packet, so that they run in one turn.
            let sets = (0..<10).map { "SET again:\($0) \(Self.value)\n" }.joined()
            try client.expect("FLUSHALL\n" + sets + "COUNT\n", "OK\n" + String(repeating: "OK\n", count: 10) + "10\n")
            #expect(server.process.waitForOutput(containing: "INFO Memory is below its limit again: "))
            #expect(try client.ask("FLUSHALL") == "OK")
            // Buckets may have another shape, and so may buffers.
            #expect(abs(try fill(client).count - count) < count / 50)
        }
    }

    @Test("the log says once that the limit is reached, however often requests are refused")
    func news() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder)
            let client = try server.connect()
            #expect(server.log.contains("memory limit 8.0 MiB (--max-memory)"))
            _ = try fill(client)
            // A little smaller and larger than what was there: a new pair also counts a share of its bucket.
            let (smaller, larger) = (Self.value.dropLast(64), Self.value + Self.value.prefix(128))
            for _ in 0..<100 {
                #expect(try client.ask("DELETE key:0") == "OK")
                #expect(try client.ask("SET key:0 \(smaller)") == "OK")
                #expect(try client.ask("SET another \(larger)").hasPrefix("ERROR: Out of memory"))
            }
            #expect(server.stop() == 0)
            #expect(server.log.components(separatedBy: "WARNING Memory limit reached: ").count == 2)
            #expect(!server.log.contains("below its limit"))
        }
    }

    @Test("a request with more than 64 KiB of keys is still taken at the limit: deleting is the way out")
    func largeDelete() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder)
            let client = try server.connect()
            let (count, _) = try fill(client)
            let names = (0..<12_000).map { "key:\($0)" }
            let request =
                "*\(names.count + 1)\r\n$3\r\nDEL\r\n" + names.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
            #expect(request.utf8.count > 128 << 10)
            try client.expect(request, ":\(count)\r\n")
            #expect(try client.ask("SET key:0 \(Self.value)") == "OK")
        }
    }

    @Test("more pairs than the limit allows are loaded with a warning, and can be read and deleted")
    func loaded() throws {
        try withTemporaryFolder { folder in
            let large = String(repeating: "l", count: 2 << 20)
            let first = try start(folder)
            let client = try first.connect()
            #expect(try client.ask("SET large \(large)") == "OK")
            let (count, _) = try fill(client)
            #expect(first.stop() == 0)

            let server = try start(folder, limit: "4M")
            #expect(server.log.contains("memory limit 4.0 MiB (--max-memory)"))
            #expect(server.log.contains(#/WARNING Memory limit reached: \d\.\d MiB of 4\.0 MiB in use; changes/#))
            let again = try server.connect()
            #expect(try again.ask("COUNT") == "\(count + 1)")
            #expect(try again.ask("GET large") == large)
            #expect(try again.ask("SET large \(large)") == "OK")
            #expect(try again.ask("SET another 1").hasPrefix("ERROR: Out of memory: this needs 44 bytes more, "))
            for number in 0..<count { #expect(try again.ask("DEL key:\(number)") == "OK") }
            #expect(try again.ask("DEL large") == "OK")
            #expect(server.process.waitForOutput(containing: "INFO Memory is below its limit again: "))
            #expect(try again.ask("SET another 1") == "OK")
        }
    }

    @Test("a value that exactly fits is taken whole, whatever it has to pass through")
    func largeValue() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder, limit: "64M")
            let client = try server.connect()
            // Counted twice: where it is received, and where it is stored.
            let value = String(repeating: "v", count: 30 << 20)
            try client.send(resp("SET", "large", value))
            #expect(try client.receiveLine() == "+OK\r")
            try client.send(resp("SET", "other", value))
            #expect(try client.receiveLine().hasPrefix("-OOM command not allowed when used memory"))
        }
    }
}
