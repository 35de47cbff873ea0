// A server inside the tests' process, so that a test can control its disk.

import Foundation
import Logging
import Server
import Store
import SystemPackage
import TestSupport

/// A server on a thread of its own, on a disk whose syncs can be held.
final class ServerThread: @unchecked Sendable {
    let gate: SyncGate
    private let condition = NSCondition()
    private var started: (port: UInt16, stop: ShutdownRequest)?
    private var startFailure: StartError?
    private var end: StoreError??

    private let mayRun = DispatchSemaphore(value: 0)

    /// Starts a server and waits until it listens.
    /// - Parameters:
    ///   - waits: whether it takes no turn before `go`.
    ///   - wallClock: microseconds since 1970, where it is not to be the machine's clock.
    ///   - maxMemory: in bytes; as usual where it is nil.
    ///   - follows: whether it is a follower.
    init(
        data: String, waits: Bool = false, wallClock: (@Sendable () -> UInt64)? = nil, maxMemory: Int? = nil,
        follows: Bool = false
    ) throws {
        let disk = TestDisk()
        gate = disk.gate
        if !waits { go() }
        var configuration = Configuration()
        configuration.port = 0
        configuration.data = FilePath(data)
        configuration.maxMemory = maxMemory
        configuration.replication.isFollower = follows
        Thread.detachNewThread { [configuration] in self.run(configuration, disk, wallClock) }
        try condition.withLock {
            while started == nil {
                if let startFailure { throw startFailure }
                condition.wait()
            }
        }
    }

    deinit {
        gate.open()
        started?.stop.make()
        go()
    }

    /// Lets it take its turns.
    func go() { mayRun.signal() }

    private func run(_ configuration: Configuration, _ disk: TestDisk, _ wallClock: (@Sendable () -> UInt64)?) {
        do throws(StartError) {
            let failure = try serve(configuration, disk, wallClock)
            // The server is released by now, and with it its lock on the data file.
            publish { end = .some(failure) }
        } catch {
            publish { startFailure = error }
        }
    }

    private func serve(
        _ configuration: Configuration, _ disk: TestDisk, _ wallClock: (@Sendable () -> UInt64)?
    ) throws(StartError) -> StoreError? {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server =
            if let wallClock {
                try Server(configuration, disk: disk, wallClock: wallClock, log: log)
            } else {
                try Server(configuration, disk: disk, log: log)
            }
        publish { started = (server.port, server.shutdownRequest) }
        mayRun.wait()
        return server.run()
    }

    private func publish(_ body: () -> Void) {
        condition.withLock {
            body()
            condition.broadcast()
        }
    }

    var port: UInt16 { condition.withLock { started?.port ?? 0 } }

    func connect() throws -> WireConnection { try WireConnection(port: port) }

    /// Waits until the server has ended.
    /// - Returns: what `run` returned.
    func wait() -> StoreError? {
        condition.withLock {
            while true {
                if let end { return end }
                condition.wait()
            }
        }
    }

    func requestStop() { condition.withLock { started }?.stop.make() }

    /// Asks it to stop, and waits until it has.
    func stop() -> StoreError? {
        requestStop()
        return wait()
    }
}
