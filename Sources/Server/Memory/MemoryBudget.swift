// What pairs may take. The limit is not looked at for each request: a look measures what the store takes and allows half of what is
// left to requests, which note what they take at most. Only when that is used up is there another look. So far from the limit
// nothing is measured, and close to it everything. What connections hold has an account of its own (`MemoryLedger`).

import Reactor
import Synchronization
import Wire

/// How a memory limit is divided.
package struct MemoryShares: Equatable, Sendable {
    /// What pairs may take, and what connections may hold; in bytes.
    package let store, pool: Int
    /// What may wait for the log writer, in bytes; it may have as much again under way.
    package let log: Int

    /// What a small limit is for pairs alone: connections and log then have the least of theirs beside it.
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

/// What a store may still take. Sizes are in bytes. Used from one thread; what changes is atomic all the same, because
/// that is read without Swift's checks for exclusive access, which would cost a request more than all the rest.
package final class MemoryBudget {
    private let wanted: Mutex<Int?>
    private let current: Mutex<MemoryLimit>
    private let size: Atomic<Int>
    private let storeSize: Atomic<Int>
    /// What requests may still take until the next look.
    private let quota = Atomic<Int>(0)

    private let refused = Atomic<Int>(0)
    /// Whether the log has been told that the limit is reached, and not yet that it no longer is.
    private let reached = Atomic<Bool>(false)

    /// - Parameter wanted: what the options say; see `Configuration.maxMemory`.
    package init(wanted: Int?) {
        let limit = MemoryLimit(wanted: wanted, memory: MachineMemory.find(read: SystemText.read))
        self.wanted = Mutex(wanted)
        current = Mutex(limit)
        size = Atomic(limit.size ?? .max)
        storeSize = Atomic(MemoryShares(limit: limit.size).store)
    }

    /// Where the limit comes from.
    var origin: MemoryLimit { current.withLock { $0 } }

    /// What everything together may take; `Int.max` where there is no limit.
    var limit: Int { size.load(ordering: .relaxed) }
    /// What pairs may take of that.
    var storeLimit: Int { storeSize.load(ordering: .relaxed) }
    var shares: MemoryShares { MemoryShares(limit: origin.size) }

    /// Sets another limit. The quota of the last one stays until the next look, which has to follow.
    /// - Returns: false where nothing else is wanted than before.
    func change(to wanted: Int?) -> Bool {
        guard self.wanted.withLock({ $0 }) != wanted else { return false }
        self.wanted.withLock { $0 = wanted }
        let limit = MemoryLimit(wanted: wanted, memory: MachineMemory.find(read: SystemText.read))
        current.withLock { $0 = limit }
        size.store(limit.size ?? .max, ordering: .relaxed)
        storeSize.store(MemoryShares(limit: limit.size).store, ordering: .relaxed)
        return true
    }

    /// The limit as STATS and Redis say it: 0 where there is none.
    var shownLimit: Int { limit == .max ? 0 : limit }

    /// Requests that were refused for want of memory.
    package var refusals: Int { refused.load(ordering: .relaxed) }

    func countRefusal() {
        refused.add(1, ordering: .relaxed)
    }

    // MARK: Quota

    /// A request within the quota may make a bucket grow as well, and the directory.
    private static let slack = 64 << 10

    /// Takes what a request can need at most out of the quota.
    /// - Returns: whether there was so much; where not, the request has to be looked at.
    @inline(__always)
    func hasRoom(for arguments: Arguments) -> Bool { hasRoom(forPairs: arguments.count, of: arguments.extent) }

    /// As above, for pairs of so many bytes together.
    @inline(__always)
    func hasRoom(forPairs count: Int, of size: Int) -> Bool {
        // A pair takes less than 48 bytes beside its own, or a page for 32 of them: see `Allocation` and `Bucket`.
        let left = quota.load(ordering: .relaxed) &- size &- size &>> 5 &- count &* 48
        guard left >= 0 else { return false }
        quota.store(left, ordering: .relaxed)
        return true
    }

    /// Renews the quota.
    /// - Parameter used: what the store takes.
    func renewQuota(used: Int) {
        assert(used >= 0, "the store takes less than nothing")
        quota.store(max((storeLimit - used) / 2 - MemoryBudget.slack, 0), ordering: .relaxed)
    }

    // MARK: News

    /// What there is to tell.
    package enum News {
        case isReached
        case isLeft
    }

    /// Below this the limit counts as left, so that one pair that comes and goes makes no news.
    private var nearLimit: Int { storeLimit - storeLimit / 16 }

    /// Whether the log has been told that the limit is reached, and not yet that it no longer is.
    var isReached: Bool { reached.load(ordering: .relaxed) }

    /// What there is to tell when the store takes so much.
    /// - Parameter isRefused: whether a request has just been refused.
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
