// One pass of the event loop, in phases of a fixed order. The order gives each phase its guarantees: a request runs
// before the turn's changes are committed, a reply is sent after the commit, and an object that was released in a turn
// lives until its end.

/// The phases of a turn, in order.
package enum Phase: UInt8, CaseIterable, Sendable {
    /// libevent reports the ready descriptors; no bytes are read.
    case collect
    /// Bytes are received and requests run: new ones first, then deferred ones.
    case run
    /// The turn's changes go to the log.
    case commit
    /// Replies whose changes are committed are released.
    case release
    /// The log goes to followers, acknowledgements go to the leader.
    case send
    /// Released replies go to the sockets.
    case flush
    /// Closed connections are retired, and memory is freed.
    case bury
}

/// The current turn. Used from one thread. A class of its own with private or plain state only, so that the compiler
/// omits run-time exclusivity checks.
package final class Turn {
    private var current = Phase.bury
    private var lists = MemberLists<Session>()
    /// The lists that have members. Read several times a turn; a plain integer needs no exclusivity check.
    private var used: Membership = []
    /// Whether requests are read; false in the second step of a shutdown.
    var takesRequests = true

    package init() {}

    /// The current phase.
    package var phase: Phase { current }

    /// Begins the next phase.
    /// - Precondition: it follows the current one.
    package func enter(_ next: Phase) {
        let isNext = next == .collect ? current == .bury : next.rawValue == current.rawValue + 1
        precondition(isNext, "a turn's phase is out of order")
        current = next
    }

    // MARK: Lists

    /// Schedules a flush of a session at the end of the turn.
    @inline(__always)
    func touch(_ session: Session) { add(session, to: .touched) }

    /// Puts a session on a list, unless it is on it.
    func add(_ session: Session, to list: Membership) {
        if lists.add(session, to: list) { used.formUnion(list) }
    }

    /// Whether a list is empty.
    @inline(__always)
    func isEmpty(_ list: Membership) -> Bool { used.isDisjoint(with: list) }

    func members(of list: Membership) -> [Session] { lists.members(of: list) }

    /// Takes a list's members. `giveBack` accepts the array after use.
    func take(_ list: Membership) -> [Session] {
        guard !isEmpty(list) else { return [] }
        used.subtract(list)
        return lists.take(list)
    }

    func giveBack(_ sessions: inout [Session]) { lists.giveBack(&sessions) }

    /// Removes sessions whose streams are closed from every list.
    func bury() -> [Session] {
        let dead = lists.bury()
        used.subtract(.retired)
        for list in Membership.all where lists.isEmpty(list) { used.subtract(list) }
        return dead
    }

    func removeAll() {
        lists.removeAll()
        used = []
    }

    /// Checks that lists and sessions agree.
    /// - Returns: the inconsistencies; empty if there are none.
    func check(_ sessions: some Sequence<Session>) -> [String] { lists.check(sessions) }
}
