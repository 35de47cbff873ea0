// What connections hold together, and who has to wait before it may hold more. Whoever needs much asks before memory is taken; who
// asks for what is not there waits, first come first served. So what connections hold never goes beyond what is set apart for
// them, but for one turn's replies.
//
//     0 ──────────────────────────────── pool ──── +1 turn ──── +2 turns ──── +3 turns
//     replies that ask, long replies ────┤         │            │             │
//     requests that ask ───────────────────────────┤            │             │
//     whatever is too small to ask ─────────────────────────────┤             │
//     beginnings of requests: waited for ─────────────────────────────────────┤ refused from here on

/// The account of all connections. Sizes are in bytes. Pure: it knows connections by their numbers alone.
package struct MemoryLedger {
    /// What memory is asked for.
    package enum Purpose: Int, CaseIterable, Sendable {
        /// A large reply, or a long one's next step.
        case reply
        /// The rest of a large request. Readers leave room for it, so that they can never stop writers.
        case request
        /// Whatever is too small to ask: the right to run requests and to be read.
        case small
    }

    private struct Want {
        let id: Int
        let size: Int
    }

    /// Less than this is not asked for: a small reply, the beginning of a small request.
    package static let smallSize = 64 << 10
    /// Whoever holds no more than this is always served.
    package static let tinySize = 4 << 10

    /// What connections may hold.
    package private(set) var pool: Int
    /// What one turn's replies may take.
    package private(set) var turnSize: Int
    /// What the store leaves of the limit, the pool at least: one connection may hold that much, as long as no other does.
    private var whole: Int
    /// What is held, but for the one connection that holds more than the pool has.
    package private(set) var inside = 0
    private var outside = 0
    package private(set) var outsider: Int?
    private var queues = InlineArray<3, [Want]>(repeating: [])

    package init(pool: Int) {
        self.pool = pool
        whole = pool
        turnSize = MemoryLedger.turnSize(of: pool)
    }

    private static func turnSize(of pool: Int) -> Int { min(pool / 8, 8 << 20) }

    /// Has another size from now on. What is held stays.
    package mutating func change(pool: Int) {
        precondition(pool > 0, "connections have no memory")
        self.pool = pool
        turnSize = MemoryLedger.turnSize(of: pool)
        whole = max(whole, pool)
    }

    /// Says what the store leaves of the limit.
    package mutating func note(left: Int) { whole = max(min(left, .max >> 1), pool) }

    // MARK: What is held

    /// What all connections hold.
    package var held: Int { inside + outside }

    /// What the others may hold beside the one that holds more than the pool.
    private var room: Int { outsider == nil ? pool : min(max(whole - outside, turnSize), pool) }

    /// Up to where memory is given for a purpose.
    private func bound(_ purpose: Purpose) -> Int { room + purpose.rawValue * turnSize }

    /// Whether whoever holds little may go on.
    package var isFull: Bool { inside > bound(.small) }
    /// Whether even the beginning of a small request is too much.
    package var isOverfull: Bool { inside > bound(.small) + turnSize }
    /// Whether half of the pool is taken, so that nobody should keep memory for later.
    package var isTight: Bool { inside > pool / 2 }

    /// Notes that a connection holds `now` instead of `before`, whatever was asked for.
    package mutating func settle(_ id: Int, from before: Int, to now: Int) {
        assert(before >= 0 && now >= 0, "a connection holds less than nothing")
        defer { assert(isConsistent, "more is given back than was held") }
        guard id == outsider else {
            inside += now - before
            return
        }
        outside += now - before
        if now <= MemoryLedger.smallSize {
            (inside, outside, outsider) = (inside + outside, 0, nil)
        }
    }

    private var isConsistent: Bool { inside >= 0 && outside >= 0 && (outsider != nil || outside == 0) }

    // MARK: Asking

    /// Whether so much can never be had, however long one waits.
    package func isTooMuch(_ size: Int) -> Bool { size > whole }

    /// Asks for memory. A reply is given alone, where there is no other way: each value can be read at some time.
    /// - Parameters:
    ///   - charge: what the connection holds.
    ///   - waits: whether it waits where there is not enough; see `next`.
    /// - Returns: whether it may be taken, and is counted.
    package mutating func ask(
        _ size: Int, _ purpose: Purpose, for id: Int, charge: Int, waits: Bool = true
    ) -> Bool {
        assert(size >= 0 && charge >= 0, "less than nothing is asked for")
        if queues[purpose.rawValue].isEmpty, take(size, purpose, for: id, charge: charge) { return true }
        if waits { queues[purpose.rawValue].append(Want(id: id, size: size)) }
        return false
    }

    private enum Place { case none, inside, outside }

    /// Where so much more can be had.
    private func place(_ size: Int, _ purpose: Purpose, for id: Int, charge: Int) -> Place {
        if id == outsider { return held + size <= whole + turnSize ? .outside : .none }
        if inside + size <= bound(purpose) { return .inside }
        // More than the pool: one at a time, beside what the others hold.
        guard charge + size > pool, outsider == nil else { return .none }
        return held + size <= whole || purpose == .reply && inside - charge <= turnSize ? .outside : .none
    }

    private mutating func take(_ size: Int, _ purpose: Purpose, for id: Int, charge: Int) -> Bool {
        switch place(size, purpose, for: id, charge: charge) {
        case .none: return false
        case .inside: inside += size
        case .outside where id == outsider: outside += size
        case .outside:
            precondition(outsider == nil && charge <= inside, "two connections are outside of the pool")
            (outsider, outside, inside) = (id, charge + size, inside - charge)
        }
        return true
    }

    /// Gives memory to the first of those that wait for a purpose, if there is enough.
    /// - Parameter charge: what a connection holds; nil where it does not wait any more.
    /// - Returns: who may go on, and with how much more than before.
    package mutating func next(_ purpose: Purpose, charge: (Int) -> Int?) -> (id: Int, size: Int)? {
        while let first = queues[purpose.rawValue].first {
            guard let charge = charge(first.id) else {
                queues[purpose.rawValue].removeFirst()
                continue
            }
            guard take(first.size, purpose, for: first.id, charge: charge) else { return nil }
            queues[purpose.rawValue].removeFirst()
            return (first.id, first.size)
        }
        return nil
    }

    /// Takes out those that wait for a purpose and could not have it now, even if they were first.
    /// - Parameter charge: what a connection holds; nil where it does not wait any more.
    package mutating func removeBlocked(_ purpose: Purpose, charge: (Int) -> Int?) -> [Int] {
        var (kept, blocked): ([Want], [Int]) = ([], [])
        for want in queues[purpose.rawValue] {
            guard let charge = charge(want.id) else { continue }
            if place(want.size, purpose, for: want.id, charge: charge) == .none {
                blocked.append(want.id)
            } else {
                kept.append(want)
            }
        }
        queues[purpose.rawValue] = kept
        return blocked
    }

    /// Whether any of those that are first cannot have what they wait for.
    package func isBlocked(charge: (Int) -> Int) -> Bool {
        Purpose.allCases.contains { purpose in
            guard let first = queues[purpose.rawValue].first else { return false }
            return place(first.size, purpose, for: first.id, charge: charge(first.id)) == .none
        }
    }

    /// Whether anybody waits.
    package var isWaitedFor: Bool { queues[0].count + queues[1].count + queues[2].count > 0 }

    package func waiting(for purpose: Purpose) -> Int { queues[purpose.rawValue].count }
}
