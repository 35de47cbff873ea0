// What hands the table's pairs over, from the reactor, which walks the table (`TableWalk`), to the compactor's thread, which
// sorts them. One chunk lies between them at most, so that memory is bounded: the walk waits where the thread is behind.

import Bytes
import Dispatch
import Synchronization

/// The pairs of one walk through the table, in chunks of `StoredChange`s. A pair that is changed during the walk may be
/// missing, be there twice, or have any value that it had: the log behind the walk's beginning says what it has.
final class TableDump: Sendable {
    /// How it ends.
    enum End: Sendable {
        /// Every pair has been handed over and the log is sealed behind them: at this change or later. The time of that change is in
        /// Unix milliseconds.
        case sealed(through: UInt64, timestamp: UInt64)
        /// The log cannot be sealed.
        case failed(StoreError)
        case cancelled
    }

    private struct Mailbox: ~Copyable, Sendable {
        var pairs = ByteBuffer()
        var isOpen = false
        var end: End?
    }

    /// About how many bytes of pairs there will be.
    let expectedSize: Int
    private let mailbox = Mutex(Mailbox())
    private let signal = DispatchSemaphore(value: 0)
    private let progress: @Sendable () -> Void

    /// - Parameter progress: called on the thread when the walk can begin, or go on.
    init(expectedSize: Int, progress: @escaping @Sendable () -> Void) {
        self.expectedSize = expectedSize
        self.progress = progress
    }

    // MARK: The reactor

    /// Whether the thread has begun to take pairs, and so has chosen where in the log it will go on behind them: no pair may
    /// be looked at before.
    var isOpen: Bool { mailbox.withLock { $0.isOpen } }

    /// Hands `pairs` over; an empty buffer comes back.
    /// - Returns: false where the thread has to take the ones before first.
    func give(_ pairs: inout ByteBuffer) -> Bool {
        let isTaken = mailbox.withLock { mailbox in
            guard mailbox.pairs.isEmpty else { return false }
            swap(&mailbox.pairs, &pairs)
            return true
        }
        if isTaken { signal.signal() }
        return isTaken
    }

    /// Says that no more pairs come, and why; only the first time counts.
    func end(_ end: End) {
        mailbox.withLock { $0.end = $0.end ?? end }
        signal.signal()
    }

    // MARK: The thread

    /// Waits for the next chunk, and exchanges `pairs` for it.
    /// - Returns: nil where there was one; else how the dump has ended.
    func take(_ pairs: inout ByteBuffer) -> End? {
        pairs.removeAll()
        while true {
            let end = mailbox.withLock { mailbox -> End? in
                mailbox.isOpen = true
                if case .sealed? = mailbox.end {} else if let end = mailbox.end { return end }
                guard !mailbox.pairs.isEmpty else { return mailbox.end }
                swap(&mailbox.pairs, &pairs)
                return nil
            }
            if let end { return end }
            progress()
            if !pairs.isEmpty { return nil }
            signal.wait()
        }
    }
}
