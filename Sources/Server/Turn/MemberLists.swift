// The lists that a session is on. Membership is one bit a list in the session itself, so that a check costs one
// comparison and no session is twice on a list.

/// Lists of sessions, as a set.
package struct Membership: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Sessions that this turn flushes.
    package static let touched = Membership(rawValue: 1)
    /// Sessions with replies that wait for a commit.
    package static let waiting = Membership(rawValue: 2)
    /// Sessions that continue in the next turn.
    package static let unfinished = Membership(rawValue: 4)
    /// Sessions with a deferred request that may be answered now, or is polled.
    package static let deferred = Membership(rawValue: 8)
    /// Sessions whose stream is closed.
    package static let retired = Membership(rawValue: 16)

    /// Sessions with a change that waits for the log writer to catch up.
    package static let throttled = Membership(rawValue: 32)

    static let count = 6
    static let all = (0..<count).map { Membership(rawValue: 1 << UInt8($0)) }
}

/// A type that can be on a list.
package protocol ListMember: AnyObject {
    var membership: Membership { get }
    /// Sets the membership bit of this list.
    /// - Returns: false if it was set already.
    func join(_ list: Membership) -> Bool
    func leave(_ list: Membership)
}

/// The lists. Each is ordered by insertion.
package struct MemberLists<Member: ListMember>: ~Copyable {
    private var lists = InlineArray<6, [Member]>(repeating: [])
    /// Buffers of lists that were taken, for reuse.
    private var spare: [Member] = []

    package init() {}

    private func index(_ list: Membership) -> Int {
        assert(list.rawValue.nonzeroBitCount == 1, "one list at a time")
        return list.rawValue.trailingZeroBitCount
    }

    /// - Returns: false if the member was on the list already.
    @inline(__always)
    @discardableResult
    package mutating func add(_ member: Member, to list: Membership) -> Bool {
        guard member.join(list) else { return false }
        assert(member.membership.contains(list), "a member does not know of its list")
        lists[index(list)].append(member)
        return true
    }

    package func members(of list: Membership) -> [Member] { lists[index(list)] }

    package func isEmpty(_ list: Membership) -> Bool { lists[index(list)].isEmpty }

    package func count(_ list: Membership) -> Int { lists[index(list)].count }

    /// Takes a list's members. `giveBack` accepts the array after use.
    package mutating func take(_ list: Membership) -> [Member] {
        var members: [Member] = []
        swap(&members, &spare)
        swap(&members, &lists[index(list)])
        for member in members { member.leave(list) }
        return members
    }

    /// Keeps the buffer of a list that was taken.
    package mutating func giveBack(_ members: inout [Member]) {
        members.removeAll(keepingCapacity: true)
        if members.capacity > spare.capacity { swap(&members, &spare) }
    }

    /// Removes retired members from every list.
    package mutating func bury() -> [Member] {
        var all: Membership = []
        for member in lists[index(.retired)] { all.formUnion(member.membership) }
        for list in Membership.all where list != .retired && all.contains(list) {
            lists[index(list)].removeAll { member in
                guard member.membership.contains(.retired) else { return false }
                member.leave(list)
                return true
            }
        }
        return take(.retired)
    }

    /// Empties every list.
    package mutating func removeAll() {
        for list in Membership.all { _ = take(list) }
    }

    /// Checks that lists and membership bits agree.
    /// - Returns: the inconsistencies; empty if there are none.
    package func check(_ all: some Sequence<Member>) -> [String] {
        var problems: [String] = []
        var counts = InlineArray<6, Int>(repeating: 0)
        for member in all {
            for list in Membership.all where member.membership.contains(list) { counts[index(list)] += 1 }
        }
        for list in Membership.all {
            let members = members(of: list)
            if Set(members.map { ObjectIdentifier($0) }).count != members.count {
                problems.append("list \(list.rawValue) has a member twice")
            }
            if !members.allSatisfy({ $0.membership.contains(list) }) {
                problems.append("list \(list.rawValue) has a member that does not know of it")
            }
            if counts[index(list)] != members.count {
                problems.append("list \(list.rawValue) has \(members.count) members, \(counts[index(list)]) say so")
            }
        }
        return problems
    }
}
