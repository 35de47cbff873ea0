// The memory of all connections together. A connection that needs much reserves it first, and waits if there is not enough, in
// order of arrival. So connections never hold more than their share of the limit,
// except for one turn's replies.
//
//     0 ──────────────────────────────── pool ──── +1 turn ──── +2 turns ──── +3 turns
//     large and long replies, reserved ──┤         │            │             │
//     large requests, reserved ────────────────────┤            │             │
//     small replies and requests, not reserved ─────────────────┤             │
//     beginnings of requests: not read ───────────────────────────────────────┤ refused beyond this

/// The account of all connections. Sizes are in bytes. It has no side effects, and knows connections only by number.
package struct MemoryLedger {
    /// The purpose of a reservation.
    package enum Purpose: Int, CaseIterable, Sendable {
        /// A large reply, or the next step of a long one.
        case reply
        /// The rest of a large request. Replies leave room for it, so that readers never block writers.
        case request
        /// Anything too small to be reserved: permission to run requests and to be read.
        case small
    }

    private struct Want {
        let id: Int
        let size: Int
    }

    /// Smaller amounts need no reservation: a small reply, the beginning of a small request.
    package static let smallSize = 64 << 10
    /// A connection that holds no more than this is always served.
    package static let tinySize = 4 << 10

    /// The memory that connections may hold.
    package private(set) var pool: Int
    /// The memory that one turn's replies may take.
    package private(set) var turnSize: Int
    /// The part of the limit that the store leaves, at least the pool. One connection at a time may hold that much.
    private var whole: Int
    /// The memory held, except by the one connection that holds more than the pool.
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

    /// Changes the pool's size. Memory that is held stays held.
    package mutating func change(pool: Int) {
        precondition(pool > 0, "connections have no memory")
        self.pool = pool
        turnSize = MemoryLedger.turnSize(of: pool)
        whole = max(whole, pool)
    }

    /// Sets the part of the limit that the store leaves.
    package mutating func note(left: Int) { whole = max(min(left, .max >> 1), pool) }

    // MARK: Memory held

    /// The memory that all connections hold.
    package var held: Int { inside + outside }

    /// The memory that the others may hold beside the one connection that holds more than the pool.
    private var room: Int { outsider == nil ? pool : min(max(whole - outside, turnSize), pool) }

    /// The level up to which reservations for a purpose are granted.
    private func bound(_ purpose: Purpose) -> Int { room + purpose.rawValue * turnSize }

    /// Whether connections that hold little may continue.
    package var isFull: Bool { inside > bound(.small) }
    /// Whether not even the beginning of a small request may be kept.
    package var isOverfull: Bool { inside > bound(.small) + turnSize }
    /// Whether half of the pool is held, so that no connection should keep spare memory.
    package var isTight: Bool { inside > pool / 2 }

    /// Notes that a connection holds `now` instead of `before`, regardless of reservations.
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

    // MARK: Reserving

    /// Whether an amount can never be granted.
    package func isTooMuch(_ size: Int) -> Bool { size > whole }

    /// Reserves memory. A reply larger than the pool is granted alone, so that every value can be read.
    /// - Parameters:
    ///   - charge: the memory that the connection holds.
    ///   - waits: whether the connection waits if there is not enough; see `next`.
    /// - Returns: whether the memory is granted and counted.
    package mutating func ask(
        _ size: Int, _ purpose: Purpose, for id: Int, charge: Int, waits: Bool = true
    ) -> Bool {
        assert(size >= 0 && charge >= 0, "less than nothing is asked for")
        if queues[purpose.rawValue].isEmpty, take(size, purpose, for: id, charge: charge) { return true }
        if waits { queues[purpose.rawValue].append(Want(id: id, size: size)) }
        return false
    }

    private enum Place { case none, inside, outside }

    /// The account from which an amount can be granted.
    private func place(_ size: Int, _ purpose: Purpose, for id: Int, charge: Int) -> Place {
        if id == outsider { return held + size <= whole + turnSize ? .outside : .none }
        if inside + size <= bound(purpose) { return .inside }
        // More than the pool: one connection at a time, beside the memory of the others.
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

    /// Grants memory to the first connection that waits for a purpose, if there is enough.
    /// - Parameter charge: the memory that a connection holds; nil if it no longer waits.
    /// - Returns: the connection that continues, and the additional memory.
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

    /// Removes the connections that wait for a purpose and could not be granted it now even as the first.
    /// - Parameter charge: the memory that a connection holds; nil if it no longer waits.
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

    /// Whether the first connection of any purpose cannot be granted what it waits for.
    package func isBlocked(charge: (Int) -> Int) -> Bool {
        Purpose.allCases.contains { purpose in
            guard let first = queues[purpose.rawValue].first else { return false }
            return place(first.size, purpose, for: first.id, charge: charge(first.id)) == .none
        }
    }

    /// Whether any connection waits.
    package var isWaitedFor: Bool { queues[0].count + queues[1].count + queues[2].count > 0 }

    package func waiting(for purpose: Purpose) -> Int { queues[purpose.rawValue].count }
}
