// Every method of the client library that sends a command, with a real server.

import Foundation
import PuffinClient
import TestSupport
import Testing

@Suite("The client library's methods and a server", .timeLimit(.minutes(5)))
struct ClientMethodTests {
    /// Lends a client of a new server.
    private func withServer(_ arguments: [String] = [], _ body: (Client) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("puffin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try ServerProcess(data: folder.path + "/puffin.json", arguments)
        var options = Client.Options()
        options.requestTimeout = .seconds(60)
        let client = try Client("127.0.0.1:\(server.port)", options: options)
        defer { client.close() }
        try await body(client)
    }

    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test("values are set on conditions, exchanged, extended and cut")
    func values() async throws {
        try await withServer { (client) async throws in
            #expect(try await client.set("k", "v1", if: .present) == false)
            #expect(try await client.set("k", "v1", if: .absent))
            #expect(try await client.set("k", "v2", if: .absent) == false)
            #expect(try await client.set("k", "v2", if: .equals("v1")))
            #expect(try await client.set("k", "v3", if: .equals("v1")) == false)
            #expect(try await client.set("k", "v3", if: .differs(from: "v1")))
            let digest = try await client.digest(of: "k") ?? ""
            #expect(digest.count == 16)
            #expect(try await client.set("k", "Hello world", if: .hasDigest(digest)))
            #expect(try await client.digest(of: "k") == "b6acb9d84a38ff74")
            #expect(try await client.set("k", "x", if: .lacksDigest("b6acb9d84a38ff74")) == false)
            #expect(try await client.digest(of: "none") == nil)
            #expect(try await text(client.exchange("k", "Hello")) == "Hello world")
            #expect(try await client.exchange("new", "1") == nil)
            #expect(try await client.append("k", ", Puffin") == 13)
            #expect(try await client.size(of: "k") == 13)
            #expect(try await text(client.getRange("k", from: -6)) == "Puffin")
            #expect(try await client.setRange("k", at: 7, "World!") == 13)
            #expect(try await text(client.get("k")) == "Hello, World!")
            #expect(try await client.setAllIfAbsent([(key: "k", value: 1), (key: "l", value: 2)]) == false)
            #expect(try await client.setAllIfAbsent([(key: "l", value: 1), (key: "m", value: 2)]))
            #expect(try await text(client.getAndDelete("k")) == "Hello, World!")
            #expect(try await client.getAndDelete("k") == nil)
        }
    }

    @Test("numbers and bits")
    func numbers() async throws {
        try await withServer { (client) async throws in
            #expect(try await client.increment("n") == 1)
            #expect(try await client.increment("n", by: 41) == 42)
            #expect(try await client.decrement("n", by: 2) == 40)
            #expect(try await client.increment("n", by: 0.5) == 40.5)
            #expect(try await client.increment("n", by: -1e-3) == 40.499)
            await #expect(throws: PuffinError.server(code: "ERR", message: "value is not an integer or out of range")) {
                try await client.increment("n")
            }
            await #expect(throws: PuffinError.server(code: "ERR", message: "value is not a valid float")) {
                try await client.increment("n", by: Double.nan)
            }
            #expect(try await client.setBit("b", at: 7, to: true) == false)
            #expect(try await client.setBit("b", at: 23, to: true) == false)
            #expect(try await client.setBit("b", at: 23, to: true))
            #expect(try await client.getBit("b", at: 7))
            #expect(try await client.getBit("b", at: 1000) == false)
            #expect(try await client.get("b") == [1, 0, 1])
            #expect(try await client.bitCount("b") == 2)
            #expect(try await client.bitCount("b", from: 1) == 1)
            #expect(try await client.bitCount("b", from: 0, through: 6, unit: .bits) == 0)
        }
    }

    @Test("pairs are read in the order of their keys")
    func ranges() async throws {
        try await withServer(["--storage-index", "ordered"]) { (client) async throws in
            for number in 0..<1_000 { try await client.set("k\(1_000 + number)", number) }
            var numbers: [Int] = []
            for try await pair in client.pairs(in: .from("k1100", below: "k1900"), batch: 100) {
                #expect(text(pair.key) == "k1\(text(pair.value) ?? "")")
                numbers.append(Int(text(pair.value) ?? "") ?? 0)
            }
            #expect(numbers == Array(100..<900))
            numbers = []
            for try await pair in client.pairs(in: .prefix("k19"), reversed: true, batch: 7) {
                numbers.append(Int(text(pair.value) ?? "") ?? 0)
            }
            #expect(numbers == (900..<1_000).reversed())
            #expect(try await client.keys(in: .below("k1002")).map { text($0) } == ["k1000", "k1001"])
            #expect(try await client.keys(in: .all, reversed: true, limit: 1).map { text($0) } == ["k1999"])
        }
        try await withServer { (client) async throws in
            await #expect(throws: PuffinError.self) { try await client.keys(in: .all) }
        }
    }

    @Test("keys are renamed, copied, counted and scanned")
    func keys() async throws {
        try await withServer { (client) async throws in
            #expect(try await client.randomKey() == nil)
            try await client.setAll(["a": "1", "b*": "2", "b*c": "3", "bd": "4"])
            #expect(try await client.randomKey() != nil)
            try await client.rename("a", to: "e")
            #expect(try await client.renameIfAbsent("e", to: "bd") == false)
            #expect(try await client.renameIfAbsent("e", to: "f"))
            await #expect(throws: PuffinError.server(code: "ERR", message: "no such key")) {
                try await client.rename("a", to: "e")
            }
            #expect(try await client.copy("f", to: "g"))
            #expect(try await client.copy("bd", to: "g") == false)
            #expect(try await client.copy("bd", to: "g", replacing: true))
            #expect(try await text(client.get("g")) == "4")
            #expect(try await client.type(of: "g") == "string")
            #expect(try await client.type(of: "none") == nil)
            #expect(try await client.countExisting(["g", "g", "none"]) == 2)
            #expect(try await client.touch(["g", "f", "none"]) == 2)
            #expect(try await client.memoryUsage(of: "g") ?? 0 > 2)
            #expect(try await client.memoryUsage(of: "none") == nil)
            #expect(try await client.delete("g", if: .equals("5")) == false)
            #expect(try await client.delete("g", if: .equals("4")))
            var found: Set<String> = []
            for try await key in client.scan(prefix: "b*", batch: 1) { found.insert(text(key) ?? "") }
            #expect(found == ["b*", "b*c"])
            #expect(try await client.seq() == 6)
        }
    }

    @Test("a transaction is one change, and says what its requests do")
    func transactions() async throws {
        try await withServer { (client) async throws in
            try await client.set("text", "x")
            let before = try await client.seq()
            let results = try await client.transaction { batch in
                batch.set("a", "1")
                batch.increment("text")
                batch.increment("a")
                batch.seq()
            }
            #expect(results.count == 4)
            #expect(try results[0].get() == .status("OK"))
            #expect(
                results[1] == .failure(.server(code: "ERR", message: "value is not an integer or out of range")))
            #expect(try results[2].get() == .integer(2))
            #expect(try results[3].get() == .integer(Int(before) + 1))
            #expect(try await client.seq() == before + 1)
            let refused = await #expect(throws: PuffinError.self) {
                try await client.transaction { batch in
                    batch.set("a", "9")
                    batch.execute("FROB")
                }
            }
            #expect(refused == .server(code: "ERR", message: "unknown command 'FROB', with args beginning with: "))
            #expect(try await client.get("a", as: Int.self) == 2)
        }
    }

    @Test("a hundred tasks that share connections see whole transactions only")
    func sharing() async throws {
        try await withServer { (client) async throws in
            try await client.setAll(["left": "1000", "right": "0"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        if number.isMultiple(of: 2) {
                            _ = try await client.transaction { batch in
                                batch.decrement("left")
                                batch.increment("right")
                            }
                        } else {
                            let pair = try await client.getAll(["left", "right"])
                            let sum = pair.reduce(0) { $0 + ($1.flatMap { Int(puffinBytes: $0) } ?? 0) }
                            #expect(sum == 1000)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await client.get("right", as: Int.self) == 50)
        }
    }

    @Test("tasks that update the same key lose no update")
    func updates() async throws {
        try await withServer { (client) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        for _ in 0..<10 {
                            try await client.update("list", attempts: 10_000) { ($0 ?? []) + Array("\(number);".utf8) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let list = try await text(client.get("list"))?.split(separator: ";") ?? []
            #expect(list.count == 80)
            for number in 0..<8 { #expect(list.count { $0 == "\(number)" } == 10) }
            #expect(try await client.update("list") { _ in nil } == nil)
            #expect(try await client.exists("list") == false)
        }
    }

    @Test("expiry")
    func expiry() async throws {
        try await withServer { (client) async throws in
            try await checkExpiry(client)
            #expect(try await client.setAll([(key: "a", value: 1), (key: "b", value: 2)], expiresIn: .seconds(100)))
            #expect(
                try await client.setAll([(key: "a", value: 1)], if: .absent, expiresIn: .seconds(100)) == false)
            #expect(try await client.timeToLive("b") != .unlimited)
            try await client.update("b") { ($0 ?? []) + [0x21] }
            #expect(try await client.timeToLive("b") != .unlimited)
        }
    }

    @Test("expiry, with a Redis server", .enabled(if: PeerProgram.areThere("redis-server")))
    func redisExpiry() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("puffin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try RedisProcess(folder: folder.path)
        let client = try Client("127.0.0.1:\(server.port)")
        defer { client.close() }
        try await checkExpiry(client)
    }

    /// Every method about expiry.
    private func checkExpiry(_ client: Client) async throws {
        func hasTime(_ key: String, atMost limit: Duration = .seconds(100)) async throws -> Bool {
            guard case .limited(let time) = try await client.timeToLive(key) else { return false }
            return time > .zero && time <= limit
        }
        try await client.set("k", "v")
        #expect(try await client.timeToLive("k") == .unlimited)
        #expect(try await client.timeToLive("none") == .missing)
        #expect(try await client.expire("none", in: .seconds(100)) == false)
        #expect(try await client.expire("k", in: .seconds(100)))
        #expect(try await hasTime("k"))
        #expect(try await client.expire("k", in: .seconds(50), if: .later) == false)
        #expect(try await client.expire("k", in: .seconds(50), if: .earlier))
        #expect(try await hasTime("k", atMost: .seconds(50)))
        try await client.set("k", "w", keepingExpiry: true)
        #expect(try await hasTime("k", atMost: .seconds(50)))
        #expect(try await client.persist("k"))
        #expect(try await client.persist("k") == false)
        #expect(try await client.expiryTime(of: "k") == nil)
        let later = UnixTime.now + .seconds(80)
        #expect(try await client.expire("k", at: later))
        #expect(try await client.expiryTime(of: "k") == later)
        #expect(try await text(client.exchange("k", "x", keepingExpiry: true)) == "w")
        #expect(try await client.expiryTime(of: "k") == later)
        #expect(try await text(client.get("k", expiresIn: .seconds(30))) == "x")
        #expect(try await hasTime("k", atMost: .seconds(30)))
        #expect(try await text(client.get("k", expiresAt: later)) == "x")
        #expect(try await client.expiryTime(of: "k") == later)
        #expect(try await text(client.getAndPersist("k")) == "x")
        #expect(try await client.timeToLive("k") == .unlimited)
        try await client.set("k", "y", expiresIn: .seconds(100))
        #expect(try await hasTime("k"))
        try await client.set("k", "y", expiresAt: later)
        #expect(try await client.expiryTime(of: "k") == later)
        #expect(try await client.set("k", "z", if: .present, expiresIn: .seconds(100)))
        #expect(try await client.set("k", "z", if: .absent, expiresAt: later) == false)
        #expect(try await client.set("k", "z", if: .present, keepingExpiry: true))
        #expect(try await hasTime("k"))
        try await client.rename("k", to: "l")
        #expect(try await hasTime("l"))
        #expect(try await client.expire("l", in: .zero))
        #expect(try await client.exists("l") == false)
        let results = try await client.transaction { batch in
            batch.set("m", "1", expiresIn: .seconds(100))
            batch.increment("m")
            batch.persist("m")
            batch.expire("m", in: .seconds(100))
            batch.expire("m", at: later)
        }
        #expect(try results.map { try $0.get().integer } == [nil, 2, 1, 1, 1])
        #expect(try await client.expiryTime(of: "m") == later)
    }
}
