// Who may take how much memory. The limit is not looked at for each request: a look measures what is used and grants half
// of what is left to requests, which note what they take at most, and half to buffers. Only when a half is used up is
// there another look. So far from the limit nothing is measured, and close to it everything.

import Reactor
import Synchronization
import Wire

/// What a server may still take. Sizes are in bytes. Used from one thread; what changes is atomic all the same, because
/// that is read without Swift's checks for exclusive access, which would cost a request more than all the rest.
struct MemoryBudget: ~Copyable {
    private let wanted: Mutex<Int?>
    private let current: Mutex<MemoryLimit>
    private let size: Atomic<Int>
    /// What requests may still take of the last grant.
    private let granted = Atomic<Int>(0)
    /// Where buffers and connections take more than this, it is time to look.
    private let trigger = Atomic<Int>(-1)

    private let refused = Atomic<Int>(0)
    /// Whether the log has been told that the limit is reached, and not yet that it no longer is.
    private let reached = Atomic<Bool>(false)
    /// There is no use in asking connections to give memory back before they take more than this.
    private let reliefTrigger = Atomic<Int>(0)

    /// - Parameter wanted: what the options say; see `Configuration.maxMemory`.
    init(wanted: Int?) {
        let limit = MemoryLimit(wanted: wanted, memory: MachineMemory.find(read: SystemText.read))
        self.wanted = Mutex(wanted)
        current = Mutex(limit)
        size = Atomic(limit.size ?? .max)
    }

    /// Where the limit comes from.
    var origin: MemoryLimit { current.withLock { $0 } }

    /// What everything together may take; `Int.max` where there is no limit.
    var limit: Int { size.load(ordering: .relaxed) }

    /// Sets another limit. What is granted of the last one stays so until the next look, which has to follow.
    /// - Returns: false where nothing else is wanted than before.
    func change(to wanted: Int?) -> Bool {
        guard self.wanted.withLock({ $0 }) != wanted else { return false }
        self.wanted.withLock { $0 = wanted }
        let limit = MemoryLimit(wanted: wanted, memory: MachineMemory.find(read: SystemText.read))
        current.withLock { $0 = limit }
        size.store(limit.size ?? .max, ordering: .relaxed)
        reliefTrigger.store(0, ordering: .relaxed)
        return true
    }

    /// The limit as STATS and Redis say it: 0 where there is none.
    var shownLimit: Int { limit == .max ? 0 : limit }

    /// Requests that were refused for want of memory.
    var refusals: Int { refused.load(ordering: .relaxed) }

    func countRefusal() {
        refused.add(1, ordering: .relaxed)
    }

    // MARK: Grants

    /// A request that is granted memory may make a bucket grow as well, and the directory.
    private static let slack = 64 << 10

    /// Takes what a request can need at most out of the grant.
    /// - Returns: whether there was so much; where not, the request has to be looked at.
    @inline(__always)
    func hasRoom(for arguments: Arguments) -> Bool {
        // A pair takes less than 48 bytes beside its own, or a page for 32 of them: see `Allocation` and `Bucket`.
        let size = arguments.extent
        let left = granted.load(ordering: .relaxed) &- size &- size &>> 5 &- arguments.count &* 48
        guard left >= 0 else { return false }
        granted.store(left, ordering: .relaxed)
        return true
    }

    /// Whether it is time to look again, when buffers and connections take `size`.
    @inline(__always)
    func isLookDue(_ size: Int) -> Bool { size > trigger.load(ordering: .relaxed) }

    /// Grants what there is.
    /// - Parameters:
    ///   - used: what everything takes.
    ///   - buffers: what buffers and connections take of that.
    func grant(used: Int, buffers: Int) {
        let left = limit - used
        granted.store(max(left / 2 - MemoryBudget.slack, 0), ordering: .relaxed)
        // At the limit each turn looks, for the time when there is room again.
        trigger.store(
            reached.load(ordering: .relaxed) ? -1 : buffers + max(left / 2, inputReserve / 4), ordering: .relaxed)
    }

    // MARK: Relief

    /// The excess that is allowed before clients with half a request have to go: a large `DEL` still gets through, and a
    /// large `SET` gets its answer.
    var inputReserve: Int { max(limit / 16, 2 << 20) }
    /// The excess that is allowed before clients that do not take their replies have to go.
    var outputReserve: Int { max(limit / 8, 4 << 20) }

    /// How far buffers and connections go beyond what the store leaves of the limit. A store that is itself over the limit
    /// leaves nothing, and takes nothing away from their reserves: reads and deletes go on.
    func excess(store: Int, buffers: Int) -> Int {
        buffers - max(limit - store, 0)
    }

    /// Whether connections have to give memory back, and may be able to.
    func needsRelief(store: Int, buffers: Int) -> Bool {
        excess(store: store, buffers: buffers) > inputReserve && buffers > reliefTrigger.load(ordering: .relaxed)
    }

    /// Notes what buffers and connections take. What there was no use in asking for falls with it: whoever has given memory back and
    /// takes it again is asked again.
    func noteBuffers(_ size: Int) {
        let mark = size + inputReserve / 4
        if mark < reliefTrigger.load(ordering: .relaxed) { reliefTrigger.store(mark, ordering: .relaxed) }
    }

    /// Notes that connections have given back what they could.
    func relieved(store: Int, buffers: Int) {
        let isEnough = excess(store: store, buffers: buffers) <= inputReserve
        reliefTrigger.store(isEnough ? 0 : buffers + inputReserve / 4, ordering: .relaxed)
    }

    // MARK: News

    /// What there is to tell.
    enum News {
        case isReached
        case isLeft
    }

    /// Below this the limit counts as left, so that one pair that comes and goes makes no news.
    private var nearLimit: Int { limit - limit / 16 }

    /// Whether the log has been told that the limit is reached, and not yet that it no longer is.
    var isReached: Bool { reached.load(ordering: .relaxed) }

    /// Whether so much is no less than what counts as left.
    func isNear(_ used: Int) -> Bool { used >= nearLimit }

    /// What there is to tell when so much is used.
    /// - Parameter isRefused: whether a request has just been refused.
    func news(used: Int, isRefused: Bool) -> News? {
        if reached.load(ordering: .relaxed) {
            guard used < nearLimit else { return nil }
            reached.store(false, ordering: .relaxed)
            return .isLeft
        }
        guard used > limit || isRefused && used >= nearLimit else { return nil }
        reached.store(true, ordering: .relaxed)
        // So that the next turn looks.
        trigger.store(-1, ordering: .relaxed)
        return .isReached
    }
}
