// A server inside the process of the tests, so that a test can be its disk.

import Foundation
import Logging
import Server
import Store
import SystemPackage
import TestSupport

/// A server with metrics enabled, on a thread of its own.
final class WatchedThread: @unchecked Sendable {
    let disk = TestDisk()
    private let condition = NSCondition()
    private var started: (port: UInt16, metricsPort: UInt16, stop: ShutdownRequest)?
    private var hasEnded = false

    /// Starts a server and waits until it listens.
    init(data: String, configure: @Sendable (inout Configuration) -> Void = { _ in }) throws {
        var configuration = Configuration()
        configuration.port = 0
        configuration.http.isEnabled = true
        configuration.http.port = 0
        configuration.data = FilePath(data)
        configure(&configuration)
        let wanted = configuration
        Thread.detachNewThread { self.run(wanted) }
        try condition.withLock {
            while started == nil {
                if hasEnded { throw WireError(description: "the server did not start") }
                condition.wait()
            }
        }
    }

    private func run(_ configuration: Configuration) {
        defer { publish { hasEnded = true } }
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        guard let server = try? Server(configuration, disk: disk, log: log), let port = server.httpPort else {
            return
        }
        publish { started = (server.port, port, server.shutdownRequest) }
        _ = server.run()
    }

    private func publish(_ body: () -> Void) {
        condition.withLock {
            body()
            condition.broadcast()
        }
    }

    func connect() throws -> WireConnection { try WireConnection(port: started?.port ?? 0) }

    func client() throws -> HTTPClient { try HTTPClient(port: started?.metricsPort ?? 0) }

    func get(_ path: String) throws -> HTTPAnswer { try httpGet(path, port: started?.metricsPort ?? 0) }

    func samples() throws -> [String: Double] { parsedSamples(try get("/metrics").body) }

    /// Lets syncs continue, asks it to stop, and waits for its end.
    func stop() {
        disk.gate.open()
        disk.mend()
        started?.stop.make()
        condition.withLock { while !hasEnded { condition.wait() } }
    }
}
