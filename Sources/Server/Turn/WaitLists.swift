// Wait lists of deferred requests: until a change is committed, is on disk, or is replicated to a number of followers.
// Each condition has a min-heap, so a turn examines only the first entry of each heap, however many requests wait.

/// The condition of a deferred request.
package enum WakeCondition: Equatable, Sendable {
    /// Changes up to this one are committed.
    case committed(UInt64)
    /// Changes up to this one are on this server's disk.
    case durable(UInt64)
    /// So many followers have applied changes up to this one.
    case applied(UInt64, by: Int)
    /// So many followers have changes up to this one on their disks.
    case acknowledged(UInt64, by: Int)

    /// Never met: who makes the reply wakes the request.
    static let owner = WakeCondition.committed(.max)
}

/// The progress of every condition. Followers' values are in descending order.
package struct Progress {
    package var committed: UInt64 = 0
    package var durable: UInt64 = 0
    package var applied: [UInt64] = []
    package var acknowledged: [UInt64] = []

    package init() {}

    package func meets(_ condition: WakeCondition) -> Bool {
        switch condition {
        case .committed(let seq): committed >= seq
        case .durable(let seq): durable >= seq
        case .applied(let seq, let count): count <= 0 || count <= applied.count && applied[count - 1] >= seq
        case .acknowledged(let seq, let count):
            count <= 0 || count <= acknowledged.count && acknowledged[count - 1] >= seq
        }
    }
}

/// The waiting holders, their conditions and deadlines.
package struct WaitLists {
    /// A min-heap of keys.
    private struct Heap {
        private(set) var entries: [(key: UInt64, ticket: UInt64)] = []

        var first: (key: UInt64, ticket: UInt64)? { entries.first }

        mutating func add(_ key: UInt64, _ ticket: UInt64) {
            entries.append((key, ticket))
            var index = entries.count - 1
            while index > 0, entries[(index - 1) / 2].key > entries[index].key {
                entries.swapAt(index, (index - 1) / 2)
                index = (index - 1) / 2
            }
        }

        mutating func removeFirst() {
            precondition(!entries.isEmpty, "the heap is empty")
            entries.swapAt(0, entries.count - 1)
            entries.removeLast()
            var index = 0
            while true {
                var least = index
                for child in [2 * index + 1, 2 * index + 2] where child < entries.count {
                    if entries[child].key < entries[least].key { least = child }
                }
                guard least != index else { return }
                entries.swapAt(index, least)
                index = least
            }
        }

        /// Removes the entries with a key of at most `key`.
        mutating func take(upTo key: UInt64) -> [UInt64] {
            var tickets: [UInt64] = []
            while let first = entries.first, first.key <= key {
                removeFirst()
                tickets.append(first.ticket)
            }
            return tickets
        }

        mutating func keep(where isKept: (UInt64) -> Bool) {
            // A sorted array is a heap.
            entries = entries.filter { isKept($0.ticket) }.sorted { $0.key < $1.key }
        }
    }

    private var committed = Heap()
    private var durable = Heap()
    /// By the number of followers.
    private var applied: [Int: Heap] = [:]
    private var acknowledged: [Int: Heap] = [:]
    private var deadlines = Heap()
    /// The holder of each ticket. Heap entries with a ticket that is not in here are stale and skipped.
    private var holders: [UInt64: Int] = [:]
    private var lastTicket: UInt64 = 0
    private var entryCount = 0

    package init() {}

    package var isEmpty: Bool { holders.isEmpty }
    package var count: Int { holders.count }
    /// The number of heap entries, stale ones included.
    package var size: Int { entryCount }

    /// Registers a holder to be woken when one of several conditions is met.
    /// - Parameters:
    ///   - holder: the identity that `wake` returns.
    ///   - deadline: when it is woken at the latest; nil for never.
    /// - Returns: the ticket that cancels the wait.
    package mutating func add(_ holder: Int, for conditions: [WakeCondition], until deadline: Int?) -> UInt64 {
        precondition(!conditions.isEmpty || deadline != nil, "a wait without condition and deadline")
        lastTicket += 1
        holders[lastTicket] = holder
        for condition in conditions {
            switch condition {
            case .committed(let seq): committed.add(seq, lastTicket)
            case .durable(let seq): durable.add(seq, lastTicket)
            case .applied(let seq, let count): applied[max(count, 0), default: Heap()].add(seq, lastTicket)
            case .acknowledged(let seq, let count): acknowledged[max(count, 0), default: Heap()].add(seq, lastTicket)
            }
        }
        if let deadline { deadlines.add(UInt64(max(deadline, 0)), lastTicket) }
        entryCount += conditions.count + (deadline == nil ? 0 : 1)
        return lastTicket
    }

    /// Cancels a wait.
    package mutating func remove(_ ticket: UInt64) {
        if holders.removeValue(forKey: ticket) != nil { dropOldIfDue() }
    }

    /// Drops stale entries when they outnumber the others.
    private mutating func dropOldIfDue() {
        guard entryCount > 4 * holders.count + 64 else { return }
        let holders = holders
        let isKept = { (ticket: UInt64) in holders[ticket] != nil }
        committed.keep(where: isKept)
        durable.keep(where: isKept)
        deadlines.keep(where: isKept)
        for count in applied.keys { applied[count]?.keep(where: isKept) }
        for count in acknowledged.keys { acknowledged[count]?.keep(where: isKept) }
        applied = applied.filter { $0.value.first != nil }
        acknowledged = acknowledged.filter { $0.value.first != nil }
        entryCount =
            committed.entries.count + durable.entries.count + deadlines.entries.count
            + applied.values.reduce(0) { $0 + $1.entries.count }
            + acknowledged.values.reduce(0) { $0 + $1.entries.count }
    }

    /// The earliest deadline; nil if there is none.
    package mutating func nextDeadline() -> Int? {
        while let first = deadlines.first, holders[first.ticket] == nil {
            deadlines.removeFirst()
            entryCount -= 1
        }
        return deadlines.first.map { Int($0.key) }
    }

    /// Removes the holders with a condition that is met or a deadline that has passed.
    /// - Returns: those holders.
    package mutating func wake(_ progress: Progress, at now: Int) -> [Int] {
        var tickets = committed.take(upTo: progress.committed) + durable.take(upTo: progress.durable)
        // Conditions on more followers than are connected cannot be met and are skipped.
        for count in 0...progress.applied.count {
            tickets += applied[count]?.take(upTo: count == 0 ? .max : progress.applied[count - 1]) ?? []
        }
        for count in 0...progress.acknowledged.count {
            tickets += acknowledged[count]?.take(upTo: count == 0 ? .max : progress.acknowledged[count - 1]) ?? []
        }
        tickets += deadlines.take(upTo: UInt64(max(now, 0)))
        entryCount -= tickets.count
        assert(entryCount >= 0, "more entries removed than added")
        let woken = tickets.compactMap { holders.removeValue(forKey: $0) }
        dropOldIfDue()
        return woken
    }
}
