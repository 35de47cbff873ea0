// How a server ends: in good order, or because the log has failed.

import Bytes
import Logging
import Reactor
import Store

/// The end of a server. Used on the loop's thread.
final class Shutdown {
    private unowned let server: Server
    private var steps = ShutdownSteps()
    /// Whether those who waited have been told that the log has failed. It fails on another thread, at any time in a turn; the
    /// server ends only after this.
    private var hasFailed = false
    private var timer: Timer?

    init(_ server: Server) { self.server = server }

    /// Whether a stop has begun.
    var isStopping: Bool { steps.hasBegun }

    /// Whether nothing is left to be done.
    var isFinished: Bool {
        if case .failed = server.state { return true }
        if let failure = server.store.failure { return hasFailed && (!failure.leavesReads || isStopped) }
        return isStopped
    }

    /// Whether a stop was asked for, and nothing has to be waited for any longer.
    private var isStopped: Bool {
        guard isStopping, !steps.takesRequests else { return false }
        let (store, isOverdue) = (server.store, steps.isOverdue(at: server.clock.milliseconds))
        if store.isWriting || store.hasPending {
            // What waits for space, or for its folder, is not waited for any longer.
            if isOverdue && store.isObstructed { store.failObstructedWrites() }
            return false
        }
        return isOverdue || server.connections.all.allSatisfy { $0.isSettled }
    }

    /// No more connections are taken, and in a moment no more requests; those that were are answered.
    func stop(at now: Int) {
        guard !isStopping else { return }
        let connections = server.connections
        server.log.info("Stopping: \(counted(connections.count, "client")) connected")
        steps.begin(receivedSize: server.statistics.receivedSize, hasClients: !connections.isEmpty, at: now)
        server.turn.takesRequests = steps.takesRequests
        server.listeners.pause()
        // It also makes the loop look at the deadline if nothing happens.
        timer = Timer(server.loop, every: ShutdownSteps.interval) { [unowned self] in look() }
    }

    private func look() {
        guard steps.look(receivedSize: server.statistics.receivedSize, at: server.clock.milliseconds) else { return }
        server.turn.takesRequests = false
        for session in server.connections.all { session.stream.isReading = false }
    }

    /// The log can no longer be trusted: no waiting request may be answered with success.
    func fail(_ failure: StoreError) {
        if !hasFailed {
            let consequence =
                failure.leavesReads ? "changes are refused until the server is stopped" : "the server ends"
            server.log.critical("The log cannot be written, so \(consequence): \(failure)")
        }
        hasFailed = true
        let (turn, replication) = (server.turn, server.replication)
        // Their errors have to be flushed, though nothing has happened on their connections.
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
    /// - Returns: why the data could not be loaded, or the log not be ended cleanly; nil where all went well.
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
