import Foundation
import TestSupport
import Testing
import Torture

/// What a request costs in calls to the allocator, from the socket to the reply, in the program that users run. The
/// limits are a ratchet: they may only go down.
@Suite("Allocations per request")
struct AllocationTests {
    enum Request: String, CaseIterable, Sendable { case get, overwrite, insert, increment }

    /// The most that each request may allocate. A new key is one block, and its share of buckets that grow and split (in
    /// steps of a quarter, from 8 slots to 1,024).
    private static let limits: [(request: Request, limit: Double)] = [
        (.get, 0), (.overwrite, 0), (.insert, 1.02), (.increment, 0),
    ]

    /// Work that belongs to no request (a timer, a check of the disk, a log line) is not in every round; a request's
    /// allocations are. So the minimum over this many rounds counts.
    private static let rounds = 12
    /// So few that a round takes less than a second on a busy machine too: each second the log notes how far it is. New keys need more,
    /// for their share of buckets that grow.
    private static func requestsPerRound(_ request: Request) -> Int { request == .insert ? 512 : 128 }

    @Test(
        "no request allocates more than its limit", .enabled(if: PeerProgram.areThere("cc")),
        arguments: ["always", "never"], [1, 16])
    func limits(durability: String, pipeline: Int) throws {
        try withTemporaryFolder { folder in
            let counter = try AllocationCounter(in: folder)
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--durability", durability, "--compact-ratio", "0"],
                wrapper: counter.wrapper)
            var client = AllocationClient(connection: try server.connect(), pipeline: pipeline)
            try #require(try counter.count > 0, "the shim is not in the server")
            for (request, limit) in AllocationTests.limits {
                for isLine in [true, false] {
                    let allocations = try leastAllocations(counter, AllocationTests.requestsPerRound(request)) {
                        count in
                        try client.send(request, count: count, isLine: isLine)
                    }
                    let name =
                        "\(request.rawValue), \(isLine ? "line" : "RESP"), \(pipeline) at a time, durability \(durability)"
                    print("allocations per request (\(name)): \(allocations)")
                    #expect(allocations <= limit, "\(name)")
                }
            }
            #expect(server.stop() == 0)
        }
    }

    /// - Returns: allocations per request in the round that had the fewest.
    private func leastAllocations(
        _ counter: AllocationCounter, _ requests: Int, send: (_ count: Int) throws -> Void
    ) throws -> Double {
        // The first round fills every buffer that is then kept.
        try send(requests)
        let counts = try (0..<AllocationTests.rounds).map { _ in
            let before = try counter.count
            try send(requests)
            return try counter.count - before
        }
        return Double(counts.min() ?? 0) / Double(requests)
    }

    @Test("an allocation in the server is counted", .enabled(if: PeerProgram.areThere("cc")))
    func counts() throws {
        try withTemporaryFolder { folder in
            let counter = try AllocationCounter(in: folder)
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--durability", "never"], wrapper: counter.wrapper)
            let client = try server.connect()
            let before = try counter.count
            for index in 0..<200 { #expect(try client.ask("SET k\(index) v") == "OK") }
            #expect(try counter.count - before >= 200, "each new pair is a block of its own")
        }
    }
}

/// Sends requests of one size, a fixed number at a time, and waits for their replies.
private struct AllocationClient {
    let connection: WireConnection
    let pipeline: Int
    private var next = 100_000_000

    private static let value = Array("0123456789abcdef0123456789abcdef".utf8)

    init(connection: WireConnection, pipeline: Int) {
        self.connection = connection
        self.pipeline = pipeline
    }

    mutating func send(_ request: AllocationTests.Request, count: Int, isLine: Bool) throws {
        if request == .increment {
            // As many digits as it ends with.
            try connection.send("SET number 1000000\n")
            _ = try connection.receive(exactly: 3)
        } else if request != .insert {
            try connection.send(set("key:000000000", isLine: true))
            _ = try connection.receive(exactly: 3)
        }
        for _ in 0..<count / pipeline {
            var sent: [UInt8] = []
            for _ in 0..<pipeline {
                if request == .insert { next += 1 }
                sent += bytes(of: request, isLine)
            }
            try connection.send(sent)
            let size =
                switch request {
                case .get: isLine ? 33 : 39
                case .increment: isLine ? 8 : 10
                case .overwrite, .insert: isLine ? 3 : 5
                }
            _ = try connection.receive(exactly: pipeline * size)
        }
    }

    private func bytes(of request: AllocationTests.Request, _ isLine: Bool) -> [UInt8] {
        switch request {
        case .get: get(isLine)
        case .increment: isLine ? Array("INCR number\n".utf8) : MarkedChange.array("INCR", "number")
        case .overwrite, .insert: set("key:\(request == .insert ? next : 0)", isLine: isLine)
        }
    }

    private func get(_ isLine: Bool) -> [UInt8] {
        isLine ? Array("GET key:000000000\n".utf8) : MarkedChange.array("GET", "key:000000000")
    }

    private func set(_ key: String, isLine: Bool) -> [UInt8] {
        isLine
            ? Array("SET \(key) ".utf8) + AllocationClient.value + [0x0a]
            : MarkedChange.array([Array("SET".utf8), Array(key.utf8), AllocationClient.value])
    }
}
