// Requests that wait for something that is not a change of their own: until a change is committed, is on the disk, or is with so many
// followers. Each stands in a heap by what it waits for, so however many wait, a turn looks at the first of each heap alone.

/// What a deferred request waits for.
package enum WakeCondition: Equatable, Sendable {
    /// Changes up to this one are committed.
    case committed(UInt64)
    /// Changes up to this one are on this server's disk.
    case durable(UInt64)
    /// So many followers have applied changes up to this one.
    case applied(UInt64, by: Int)
    /// So many followers have changes up to this one on their disks.
    case acknowledged(UInt64, by: Int)
}

/// How far everything is that can be waited for. Of followers the furthest comes first.
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

/// Who waits for what, and until when.
package struct WaitLists {
    /// A heap with the least key first.
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
            precondition(!entries.isEmpty, "nobody waits in this heap")
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

        /// Takes out what has a key of up to `key`.
        mutating func take(upTo key: UInt64) -> [UInt64] {
            var tickets: [UInt64] = []
            while let first = entries.first, first.key <= key {
                removeFirst()
                tickets.append(first.ticket)
            }
            return tickets
        }

        mutating func keep(where isKept: (UInt64) -> Bool) {
            // What is sorted is a heap.
            entries = entries.filter { isKept($0.ticket) }.sorted { $0.key < $1.key }
        }
    }

    private var committed = Heap()
    private var durable = Heap()
    /// By how many followers.
    private var applied: [Int: Heap] = [:]
    private var acknowledged: [Int: Heap] = [:]
    private var deadlines = Heap()
    /// Who holds a ticket. Entries of heaps whose ticket nobody holds any more are passed over.
    private var holders: [UInt64: Int] = [:]
    private var lastTicket: UInt64 = 0
    private var entryCount = 0

    package init() {}

    package var isEmpty: Bool { holders.isEmpty }
    package var count: Int { holders.count }
    /// Entries that heaps have, those that are passed over among them.
    package var size: Int { entryCount }

    /// Has somebody wait until one of several things has come about.
    /// - Parameters:
    ///   - holder: whom `wake` is told for it.
    ///   - deadline: when it is woken in any case; nil for never.
    /// - Returns: the ticket with which it can stop waiting.
    package mutating func add(_ holder: Int, for conditions: [WakeCondition], until deadline: Int?) -> UInt64 {
        precondition(!conditions.isEmpty || deadline != nil, "somebody waits for nothing, and for ever")
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

    /// Stops waiting.
    package mutating func remove(_ ticket: UInt64) {
        if holders.removeValue(forKey: ticket) != nil { dropOldIfDue() }
    }

    /// Drops entries that are passed over, when they are most of all.
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

    /// When somebody is to be woken at the latest; nil where nobody is.
    package mutating func nextDeadline() -> Int? {
        while let first = deadlines.first, holders[first.ticket] == nil {
            deadlines.removeFirst()
            entryCount -= 1
        }
        return deadlines.first.map { Int($0.key) }
    }

    /// Wakes those that have waited for what has come about, and those whose time is over. They wait no longer.
    /// - Returns: who they are.
    package mutating func wake(_ progress: Progress, at now: Int) -> [Int] {
        var tickets = committed.take(upTo: progress.committed) + durable.take(upTo: progress.durable)
        // Whoever waits for more followers than there are is not even looked at.
        for count in 0...progress.applied.count {
            tickets += applied[count]?.take(upTo: count == 0 ? .max : progress.applied[count - 1]) ?? []
        }
        for count in 0...progress.acknowledged.count {
            tickets += acknowledged[count]?.take(upTo: count == 0 ? .max : progress.acknowledged[count - 1]) ?? []
        }
        tickets += deadlines.take(upTo: UInt64(max(now, 0)))
        entryCount -= tickets.count
        assert(entryCount >= 0, "more are woken than waited")
        let woken = tickets.compactMap { holders.removeValue(forKey: $0) }
        dropOldIfDue()
        return woken
    }
}
