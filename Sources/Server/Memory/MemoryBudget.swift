// The memory of pairs. The limit is not checked for each request: a check measures the store's memory and allows requests a quota,
// half of what is left, from which they deduct the most that they can take. The next check comes when the quota is used up. So far
// from the limit nothing is measured, and close to it every request is. Connections have an account of their own (`MemoryLedger`).

import Reactor
import Synchronization
import Wire

/// The shares of a memory limit.
package struct MemoryShares: Equatable, Sendable {
    /// The shares of pairs and of connections, in bytes.
    package let store, pool: Int
    /// The size of the log writer's queue, in bytes; as much again may be in the course of being written.
    package let log: Int

    /// Up to this size a limit is for pairs alone; connections and the log have their minimum in addition.
    private static let leastStore = 24 << 20
    private static let poolSizes = 8 << 20...1 << 30
    private static let logSizes = 1 << 20...16 << 20

    /// - Parameter limit: nil for none.
    package init(limit: Int?) {
        guard let limit else {
            (store, pool, log) = (.max, .max >> 3, .max)
            return
        }
        log = min(max(limit / 32, MemoryShares.logSizes.lowerBound), MemoryShares.logSizes.upperBound)
        pool = min(max(limit / 4, MemoryShares.poolSizes.lowerBound), MemoryShares.poolSizes.upperBound)
        store = max(limit - pool - 2 * log, min(limit, MemoryShares.leastStore))
        assert(store > 0 && pool > 0, "a share of the memory limit is empty")
    }
}

/// The memory that a store may still take. Sizes are in bytes. Used from one thread; the state is atomic all the same, because
/// atomics need no exclusivity checks, which would cost a request more than all the rest.
package final class MemoryBudget {
    private let wanted: Mutex<Int?>
    private let current: Mutex<MemoryLimit>
    private let size: Atomic<Int>
    private let storeSize: Atomic<Int>
    /// The rest of the quota.
    private let quota = Atomic<Int>(0)

    private let refused = Atomic<Int>(0)
    /// Whether the log says that the limit is reached, and not yet that there is room again.
    private let reached = Atomic<Bool>(false)

    /// - Parameter wanted: the configured limit; see `Configuration.maxMemory`.
    package init(wanted: Int?) {
        let limit = MemoryLimit(wanted: wanted, memory: MachineMemory.find(read: SystemText.read))
        self.wanted = Mutex(wanted)
        current = Mutex(limit)
        size = Atomic(limit.size ?? .max)
        storeSize = Atomic(MemoryShares(limit: limit.size).store)
    }

    /// The source of the limit.
    var origin: MemoryLimit { current.withLock { $0 } }

    /// The limit for everything together; `Int.max` if there is none.
    var limit: Int { size.load(ordering: .relaxed) }
    /// The share of pairs.
    var storeLimit: Int { storeSize.load(ordering: .relaxed) }
    var shares: MemoryShares { MemoryShares(limit: origin.size) }

    /// Sets another limit. The present quota stays until the next check, which must follow.
    /// - Returns: false if the configured limit is unchanged.
    func change(to wanted: Int?) -> Bool {
        guard self.wanted.withLock({ $0 }) != wanted else { return false }
        self.wanted.withLock { $0 = wanted }
        let limit = MemoryLimit(wanted: wanted, memory: MachineMemory.find(read: SystemText.read))
        current.withLock { $0 = limit }
        size.store(limit.size ?? .max, ordering: .relaxed)
        storeSize.store(MemoryShares(limit: limit.size).store, ordering: .relaxed)
        return true
    }

    /// The limit as in STATS and in Redis: 0 if there is none.
    var shownLimit: Int { limit == .max ? 0 : limit }

    /// Requests refused for lack of memory.
    package var refusals: Int { refused.load(ordering: .relaxed) }

    func countRefusal() {
        refused.add(1, ordering: .relaxed)
    }

    // MARK: Quota

    /// A request within the quota may also make a bucket and the directory grow.
    private static let slack = 64 << 10

    /// Deducts the most that a request can take from the quota.
    /// - Returns: whether the quota sufficed; if not, the limit must be checked.
    @inline(__always)
    func hasRoom(for arguments: Arguments) -> Bool { hasRoom(forPairs: arguments.count, of: arguments.extent) }

    /// The same, for pairs of a total size.
    @inline(__always)
    func hasRoom(forPairs count: Int, of size: Int) -> Bool {
        // A pair takes less than 64 bytes beyond its content, or a page for 32 pairs: see `Allocation`, `Bucket` and `OrderedIndex`.
        let left = quota.load(ordering: .relaxed) &- size &- size &>> 5 &- count &* 64
        guard left >= 0 else { return false }
        quota.store(left, ordering: .relaxed)
        return true
    }

    /// Renews the quota.
    /// - Parameter used: the store's memory.
    func renewQuota(used: Int) {
        assert(used >= 0, "the store takes less than nothing")
        quota.store(max((storeLimit - used) / 2 - MemoryBudget.slack, 0), ordering: .relaxed)
    }

    // MARK: Log messages

    /// A message for the log.
    package enum News {
        case isReached
        case isLeft
    }

    /// Below this the limit no longer counts as reached. The hysteresis keeps a single pair from logging over and over.
    private var nearLimit: Int { storeLimit - storeLimit / 16 }

    /// Whether the log says that the limit is reached, and not yet that there is room again.
    var isReached: Bool { reached.load(ordering: .relaxed) }

    /// The message for the log when the store takes an amount.
    /// - Parameter isRefused: whether a request was just refused.
    func news(used: Int, isRefused: Bool) -> News? {
        if reached.load(ordering: .relaxed) {
            guard used < nearLimit else { return nil }
            reached.store(false, ordering: .relaxed)
            return .isLeft
        }
        guard used > storeLimit || isRefused && used >= nearLimit else { return nil }
        reached.store(true, ordering: .relaxed)
        return .isReached
    }
}
