// Shared state of the compaction's thread and the reactor.

import Synchronization

/// The progress of a compaction; read from any thread.
package final class CompactionProgress: Sendable {
    private let total = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    private let cancelled = Atomic<Bool>(false)

    package init() {}

    /// From 0 to 100.
    package var percent: Int {
        let total = total.load(ordering: .relaxed)
        return total == 0 ? 0 : min(done.load(ordering: .relaxed) * 100 / total, 100)
    }

    /// Makes the compaction end as soon as it can, with no change.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func expect(_ size: Int) { total.store(size, ordering: .relaxed) }
    func add(_ size: Int) { done.add(size, ordering: .relaxed) }
}
