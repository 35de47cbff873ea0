// The reactor's part of a compaction from the table: copies every pair, so few at a time that nobody waits for it.

import Bytes

/// One walk through the table. Used from the store's thread, between changes.
final class TableWalk {
    /// What can be done next.
    enum Step {
        case goOn
        /// Nothing, before the compactor has taken what there is.
        case wait
        /// Everything is handed over.
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

    /// Copies pairs for some 60 µs, a part of a bucket after the other.
    /// - Parameter clock: what tells nanoseconds.
    func advance(by clock: any Background) -> Step {
        let end = clock.now + budget.walkTime
        var next = step()
        while case .goOn = next, clock.now < end { next = step() }
        return next
    }

    private func step() -> Step {
        guard run.isOpen else { return .wait }
        if !isAtEnd && chunk.count < budget.chunkSize { copy() }
        if chunk.count >= budget.chunkSize || isAtEnd && !chunk.isEmpty {
            guard run.give(&chunk) else { return .wait }
            chunk.trim(above: 2 * budget.chunkSize)
        }
        return isAtEnd && chunk.isEmpty ? .end : .goOn
    }

    private func copy() {
        table.touchPairs(at: cursor)
        cursor = table.scan(from: cursor, size: budget.stepSize, buckets: 1) { pair in
            let size = chunk.count
            // Whether it is plain is for the thread to find out.
            chunk.append(stored: pair.change, isPlain: false)
            return chunk.count - size
        }
        isAtEnd = cursor == 0
    }
}
