// A server in the process of a test: on a disk in memory, its workers a list, its clients at the other ends of socket pairs. The test
// takes the turns, so what happens in which of them is the same each time.

import Bytes
import Logging
import Server
import Store
import SystemPackage
import TestSupport
import Testing

/// A server that a test turns.
final class SteppedServer {
    let server: Server
    private let background: SeededBackground

    init(
        seed: UInt64 = 1, durability: Durability = .always, disk: any Disk = MemoryDisk(),
        adjust: (inout Configuration) -> Void = { _ in }
    ) throws {
        background = SeededBackground(seed: seed)
        var configuration = Configuration()
        configuration.port = 0
        configuration.data = "data/puffin.json"
        configuration.store.durability = durability
        configuration.store.layout.preallocation = 4096
        configuration.store.layout.reserve = 0
        configuration.store.seed = seed
        configuration.maxMemory = 0
        adjust(&configuration)
        server = try Server(
            configuration, disk: disk, background: background,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        server.begin()
        while !server.isServing { turn() }
    }

    /// Takes turns. After each of them lists, sums and sessions have to say the same.
    func turn(_ count: Int = 1) {
        for _ in 0..<count {
            server.takeTurn(waits: false)
            #expect(server.check() == [])
        }
    }

    /// Has workers do some of their jobs.
    func work(_ count: Int = .max) {
        var left = count
        while left > 0, background.step() != nil { left -= 1 }
    }

    /// Takes turns until a client has got so many bytes, with the workers at work in between.
    func run(until client: SteppedClient, has size: Int) {
        // As many turns as no reply takes.
        for _ in 0..<1000 where client.receive() < size {
            work()
            turn()
        }
    }

    /// Stops as a signal does.
    func stop() {
        server.shutdownRequest.make()
        while !server.isFinished {
            work()
            turn()
        }
        #expect(server.end() == nil)
        #expect(server.heldMemory == 0 && server.clientCount == 0)
    }
}

/// A client of such a server.
final class SteppedClient {
    let id: Int
    private var connection: WireConnection?
    private(set) var received: [UInt8] = []

    init(_ server: SteppedServer) throws {
        let (connection, descriptor) = try WireConnection.pair()
        self.connection = connection
        id = server.server.connect(descriptor)
    }

    func send(_ text: String) throws { try connection?.send(text) }

    /// Takes what has come.
    /// - Returns: bytes that have come so far.
    @discardableResult
    func receive() -> Int {
        received += connection?.receiveWithoutWaiting() ?? []
        return received.count
    }

    /// What has come since the last call.
    func take() -> String {
        receive()
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    func hangUp() { connection = nil }
}
