// How a server ends: in good order, or because the log has failed.

import Bytes
import Logging
import Reactor
import Store

extension Server {
    // MARK: Ending

    /// Whether a stop has begun.
    var isStopping: Bool { stopping.hasBegun }
    /// Whether requests are read.
    var takesRequests: Bool { stopping.takesRequests }

    var isFinished: Bool {
        if loadFailure != nil { return true }
        if let failure = store.failure { return hasFailed && (!failure.leavesReads || isStopped) }
        return isStopped
    }

    /// Whether a stop was asked for, and nothing has to be waited for any longer.
    private var isStopped: Bool {
        guard isStopping, !takesRequests else { return false }
        if store.isWriting || store.hasPending {
            // What waits for space, or for its folder, is not waited for any longer.
            if stopping.isOverdue && store.isObstructed { store.giveUpWaiting() }
            return false
        }
        return sessions.values.allSatisfy { $0.isSettled } || stopping.isOverdue
    }

    /// No more connections are taken, and in a moment no more requests; those that were are answered.
    func stop() {
        guard !isStopping else { return }
        log.info("Stopping: \(counted(sessions.count, "client")) connected")
        stopping.begin(receivedSize: statistics.receivedSize, hasClients: !sessions.isEmpty)
        listeners.pause()
        // It also makes the loop look at the deadline if nothing happens.
        timers.append(
            Timer(loop, every: Stopping.interval) { [unowned self] in
                guard stopping.look(receivedSize: statistics.receivedSize) else { return }
                for session in sessions.values { session.stream.isReading = false }
            })
    }

    /// The log can no longer be trusted: nobody who waits for it may hear that it worked.
    func fail(_ failure: StoreError) {
        if !hasFailed {
            let consequence =
                failure.leavesReads ? "changes are refused until the server is stopped" : "the server ends"
            log.critical("The log cannot be written, so \(consequence): \(failure)")
        }
        hasFailed = true
        // Their errors have to be flushed, though nothing has happened on their connections.
        for session in waiting { touch(session) }
        let (durable, attempted) = (store.durable, store.attempted)
        for session in touched {
            session.failHeld(ends: !failure.leavesReads) { seq in
                if seq > attempted { return .notWritten(failure) }
                if seq > durable { return .unknownOutcome(failure) }
                return .leftAlone(by: replication.missingAcknowledgements(of: seq), failure)
            }
        }
        waiting.removeAll()
    }

    func close() -> StoreError? {
        let isLoaded = store.isLoaded
        replication.close()
        metrics = nil
        parked.removeAll()
        parkedTimer = nil
        if store.failure == nil { store.close() }
        newcomers.close()
        for session in sessions.values { session.close() }
        // Sessions hold the server; without them, whoever made it and lets go of it frees the port and the data file.
        sessions.removeAll()
        touched.removeAll()
        waiting.removeAll()
        unfinished.removeAll()
        retired.removeAll()
        let failure = loadFailure ?? store.failure
        if failure == nil {
            log.info(
                isLoaded
                    ? "Stopped: \(counted(store.count, "pair")), everything through change \(store.durable) is on disk"
                    : "Stopped while loading; nothing was changed")
        }
        return failure
    }
}
