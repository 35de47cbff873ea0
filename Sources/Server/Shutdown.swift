// How a server ends: a clean shutdown, or a failure of the log.

import Bytes
import Logging
import Reactor
import Store

/// The end of a server. Used on the loop's thread.
final class Shutdown {
    private unowned let server: Server
    private var steps = ShutdownSteps()
    /// Whether waiting requests were answered with the log's failure. The log fails on another thread, at any time in a turn; the
    /// server ends only after those answers.
    private var hasFailed = false
    private var timer: Timer?

    init(_ server: Server) { self.server = server }

    /// Whether a stop has begun.
    var isStopping: Bool { steps.hasBegun }

    /// Whether the shutdown is complete.
    var isFinished: Bool {
        if case .failed = server.state { return true }
        if let failure = server.store.failure { return hasFailed && (!failure.leavesReads || isStopped) }
        return isStopped
    }

    /// Whether a stop was requested and nothing must be waited for.
    private var isStopped: Bool {
        guard isStopping, !steps.takesRequests else { return false }
        let (store, isOverdue) = (server.store, steps.isOverdue(at: server.clock.milliseconds))
        if store.isWriting || store.hasPending {
            // Changes that wait for disk space or for the data folder are given up.
            if isOverdue && store.isObstructed { store.failObstructedWrites() }
            return false
        }
        return isOverdue || server.connections.all.allSatisfy { $0.isSettled }
    }

    /// Accepts no further connections and, soon after, no further requests. Accepted requests are answered.
    func stop(at now: Int) {
        guard !isStopping else { return }
        let connections = server.connections
        server.log.info("Stopping: \(counted(connections.count, "client")) connected")
        steps.begin(receivedSize: server.statistics.receivedSize, hasClients: !connections.isEmpty, at: now)
        server.turn.takesRequests = steps.takesRequests
        server.listeners.pause()
        server.supervision.serviceManager?.stopping(server.serviceStatus)
        // The timer also makes the loop check the deadline while nothing else happens.
        timer = Timer(server.loop, every: ShutdownSteps.interval) { [unowned self] in look() }
    }

    private func look() {
        guard steps.look(receivedSize: server.statistics.receivedSize, at: server.clock.milliseconds) else { return }
        server.turn.takesRequests = false
        server.changes.close()
        for session in server.connections.clients { session.stream.isReading = false }
    }

    /// Handles a failed log: no waiting request may be answered with success.
    func fail(_ failure: StoreError) {
        if !hasFailed {
            let consequence =
                failure.leavesReads ? "changes are refused until the server is stopped" : "the server ends"
            server.log.critical("The log cannot be written, so \(consequence): \(failure)")
        }
        hasFailed = true
        let (turn, replication) = (server.turn, server.replication)
        // Flush their errors, although nothing has happened on their connections.
        let waiting = turn.take(.waiting)
        for session in waiting { turn.touch(session) }
        let (durable, attempted) = (server.store.durable, server.store.attempted)
        for session in turn.members(of: .touched) {
            session.failHeld(ends: !failure.leavesReads) { seq in
                if seq > attempted { return .notWritten(failure) }
                if seq > durable { return .unknownOutcome(failure) }
                return .leftAlone(by: replication.missingAcknowledgements(of: seq), failure)
            }
        }
    }

    /// Closes everything.
    /// - Returns: why loading or closing the log failed; nil after a clean end.
    func close() -> StoreError? {
        let store = server.store
        let isLoaded = store.isLoaded
        timer = nil
        server.replication.close()
        if store.failure == nil { store.close() }
        server.connections.close()
        server.turn.removeAll()
        var failure = store.failure
        if case .failed(let error) = server.state { failure = error }
        if failure == nil {
            server.log.info(
                isLoaded
                    ? "Stopped: \(counted(store.count, "pair")), everything through change \(store.durable) is on disk"
                    : "Stopped while loading; nothing was changed")
        }
        return failure
    }
}
