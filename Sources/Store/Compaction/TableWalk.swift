// The reactor's part of a compaction from the table: copies every pair, a few per turn.

import Bytes
import LogFormat

/// What the store holds when a walk has ended.
struct WalkEnd: Sendable {
    /// The newest change that a pair of the walk may contain: the log is sealed after it. And its time, in Unix milliseconds.
    let seq: UInt64
    let timestamp: UInt64
    /// What the changes up to that one need.
    let needs: Needs
    /// The notes as of that change. The changes after it until the log is sealed are in the log.
    let notes: Notes
}

/// One walk through the table. Used from the store's thread, between changes.
final class TableWalk {
    /// What to do next.
    enum Step {
        case goOn
        /// Nothing, until the worker has taken what there is.
        case wait
        /// Everything has been handed over.
        case end
    }

    let run: CompactionRun
    private let table: Table
    private let budget: CompactionBudget
    private var cursor: UInt64 = 0
    private var isAtEnd = false
    private var chunk = ByteBuffer()

    init(_ table: Table, budget: CompactionBudget, to run: CompactionRun) {
        self.table = table
        self.budget = budget
        self.run = run
    }

    /// Copies pairs for about 60 µs, part of a bucket at a time.
    /// - Parameter clock: the source of nanoseconds.
    func advance(by clock: any Background) -> Step {
        let end = clock.now + budget.walkTime
        var next = step()
        while case .goOn = next, clock.now < end { next = step() }
        return next
    }

    private func step() -> Step {
        guard run.takesPairs else { return .wait }
        if !isAtEnd && chunk.count < budget.chunkSize { copy() }
        if chunk.count >= budget.chunkSize || isAtEnd && !chunk.isEmpty {
            run.give(&chunk)
            chunk.trim(above: 2 * budget.chunkSize)
        }
        return isAtEnd && chunk.isEmpty ? .end : .goOn
    }

    private func copy() {
        table.touchPairs(at: ScanCursor(number: cursor))
        cursor = table.scan(from: cursor, size: budget.stepSize, buckets: 1) { pair in
            let size = chunk.count
            // The worker finds out whether it is plain.
            chunk.append(stored: .set(key: pair.key, value: pair.value, expires: pair.expires), isPlain: false)
            return chunk.count - size
        }
        isAtEnd = cursor == 0
    }
}
