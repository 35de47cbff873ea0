// One pass of the loop, in parts that come in one order. What a part may do, and what it may rely on, follows from its place: a
// request runs before the turn's changes are committed, a reply is sent after that, and an object that a part has let go of is
// there until the turn is over.

/// The parts of a turn, in their order.
package enum Phase: UInt8, CaseIterable, Sendable {
    /// libevent notes who is ready; nothing is read.
    case collect
    /// Bytes are received and requests run: those that come, then those that had to wait.
    case run
    /// The turn's changes go to the log.
    case commit
    /// Replies whose changes are committed are let go.
    case release
    /// The log goes to followers, acknowledgements go to the leader.
    case send
    /// What is released goes to the sockets.
    case flush
    /// Closed connections are let go of, and memory is given back.
    case bury
}

/// The turn under way. Used from one thread. An object of its own with nothing but state that is private or plain, so that Swift sees that no two
/// accesses to it overlap, and checks none at run time.
package final class Turn {
    private var current = Phase.bury
    private var lists = MemberLists<Session>()
    /// The lists that anybody is on. Asked several times a turn; a plain number needs no check for overlapping accesses.
    private var used: Membership = []
    /// Whether requests are read: not in the second step of a stop.
    var takesRequests = true

    package init() {}

    /// Which part is under way.
    package var phase: Phase { current }

    /// Begins the next part.
    /// - Precondition: it is the next one.
    package func enter(_ next: Phase) {
        let isNext = next == .collect ? current == .bury : next.rawValue == current.rawValue + 1
        precondition(isNext, "a turn's parts come in one order")
        current = next
    }

    // MARK: Lists

    /// Has the end of the turn flush a session.
    @inline(__always)
    func touch(_ session: Session) { add(session, to: .touched) }

    /// Puts a session on a list, unless it is on it.
    func add(_ session: Session, to list: Membership) {
        if lists.add(session, to: list) { used.formUnion(list) }
    }

    /// Whether nobody is on a list.
    @inline(__always)
    func isEmpty(_ list: Membership) -> Bool { used.isDisjoint(with: list) }

    func members(of list: Membership) -> [Session] { lists.members(of: list) }

    /// Empties a list, whose memory `giveBack` takes once its members are done with.
    func take(_ list: Membership) -> [Session] {
        guard !isEmpty(list) else { return [] }
        used.subtract(list)
        return lists.take(list)
    }

    func giveBack(_ sessions: inout [Session]) { lists.giveBack(&sessions) }

    /// Takes sessions whose streams are closed off every list.
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

    /// Looks whether lists and sessions say the same.
    /// - Returns: what is wrong; nothing where all is well.
    func check(_ sessions: some Sequence<Session>) -> [String] { lists.check(sessions) }
}
