// What waits for the audit's thread. Bounded: a disk that hangs must not take the server's memory.

import Audit
import Synchronization

/// Events of the server's turns that are not written yet, the oldest first. Used by the loop and by the audit's thread; it never blocks.
final class AuditQueue: Sendable {
    /// The events of one turn, as far as there was room for them.
    struct Entry: Sendable {
        let events: [AuditEvent]
        /// Whether they are wanted on the disk at once.
        let syncs: Bool
        let receipt: AuditReceipt
        /// Unix milliseconds.
        let time: UInt64
        /// Events that there was no room for, before these.
        let lossBefore: Loss?
    }

    /// Events that there was no room for.
    struct Loss: Sendable {
        var count: UInt64
        /// When the first of them was lost, in Unix milliseconds.
        let since: UInt64
    }

    private struct State {
        var entries: [Entry] = []
        /// Events in `entries`, and those that the thread has taken and not finished.
        var waiting = 0
        /// Events lost since an entry was added.
        var loss: Loss?
        /// Events lost since the start.
        var lost: UInt64 = 0
        /// Whether there was no room for an event since the queue was empty.
        var hasOverflowed = false
    }

    private let state = Mutex(State())

    /// The most events that wait: some 20 MiB.
    static let limit = 65_536

    /// How full it is, and how many events it had no room for since the start.
    var level: (waiting: Int, lost: UInt64) { state.withLock { ($0.waiting, $0.lost) } }

    /// What became of events that were added.
    enum Addition {
        case complete
        /// Some or all of them are lost; `isFirst` if it is the first time since the queue was empty.
        case overflowed(isFirst: Bool)
    }

    /// Adds the events of a turn. Those that there is no room for are lost and counted.
    /// - Parameters:
    ///   - syncs: whether they are wanted on the disk at once.
    ///   - receipt: says that they are lost if one of them is.
    ///   - now: Unix milliseconds.
    func add(_ events: [AuditEvent], syncs: Bool, _ receipt: AuditReceipt, at now: UInt64) -> Addition {
        let (lost, isFirst) = state.withLock { state in
            let kept = min(events.count, max(AuditQueue.limit - state.waiting, 0))
            if kept > 0 {
                state.entries.append(
                    Entry(
                        events: kept == events.count ? events : Array(events[..<kept]), syncs: syncs, receipt: receipt,
                        time: now, lossBefore: state.loss))
                state.loss = nil
                state.waiting += kept
            }
            let lost = events.count - kept
            guard lost > 0 else { return (0, false) }
            state.loss = Loss(count: (state.loss?.count ?? 0) + UInt64(lost), since: state.loss?.since ?? now)
            state.lost += UInt64(lost)
            defer { state.hasOverflowed = true }
            return (lost, !state.hasOverflowed)
        }
        guard lost > 0 else { return .complete }
        receipt.set(false)
        return .overflowed(isFirst: isFirst)
    }

    /// Takes everything that waits, and the loss behind it. `finish` tells that it is done with.
    func take() -> (entries: [Entry], loss: Loss?) {
        state.withLock { state in
            let taken = (state.entries, state.loss)
            (state.entries, state.loss) = ([], nil)
            return taken
        }
    }

    /// The thread is done with an entry.
    func finish(_ entry: Entry) {
        state.withLock { state in
            state.waiting -= entry.events.count
            if state.waiting == 0 { state.hasOverflowed = false }
        }
    }
}
