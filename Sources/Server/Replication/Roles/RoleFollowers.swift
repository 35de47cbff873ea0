// The followers of a server: their connections, their ids, and their acknowledgements.

import Bytes
import Store

extension Roles {
    /// One follower.
    package struct Follower: Equatable, Sendable {
        package let number: Int
        package let endpoint: Endpoint
        /// Its id by its last greeting; nil before that, or if its version has none.
        package internal(set) var id: ServerID?
        /// The newest changes on its disk and in its table by its last acknowledgement, also while it is disconnected.
        package internal(set) var durable: UInt64 = 0
        package internal(set) var applied: UInt64 = 0
        var phase = Phase.away
        /// The address of the connection; several names may lead to it.
        var address: String?
        /// Whether an attempt to connect has ended, in success or failure.
        var hasBeenTried = false
        /// The times of the greeting, of its last message, and of the last end of feeding.
        var greetingTime = 0
        var heardTime = 0
        var lossTime = -1

        enum Phase: Sendable { case away, greeting, feeding }

        /// Whether the log is being sent to it.
        package var isFeeding: Bool { phase == .feeding }

        /// A follower without a message for this time counts as lost; it sends a heartbeat each second.
        static let freshTime = 2000

        /// Whether its link was up and in use when another link sent its greeting at `time`.
        func wasThere(_ id: ServerID, since time: Int, now: Int) -> Bool {
            self.id == id && (isFeeding ? now - heardTime < Follower.freshTime : lossTime >= time)
        }
    }

    /// The follower with a number; nil if it was removed.
    package func follower(_ number: Int) -> Follower? { followers.first { $0.number == number } }

    private func index(of number: Int) -> Int? { followers.firstIndex { $0.number == number } }

    // MARK: Adding and removing

    /// Adds a follower. A known one is dialed now.
    /// - Returns: its number; nil if the note can hold no more.
    @discardableResult
    mutating func add(_ endpoint: Endpoint) -> Int? {
        if let known = followers.first(where: { $0.endpoint == endpoint }) {
            effects.append(.hurry(known.number))
            return known.number
        }
        guard followers.count < RoleNote.followerLimit else {
            say(.error, "Follower \(endpoint) is left out: \(RoleNote.followerLimit) followers are the limit")
            return nil
        }
        lastNumber += 1
        followers.append(Follower(number: lastNumber, endpoint: endpoint))
        effects.append(.dial(lastNumber, endpoint))
        return lastNumber
    }

    /// - Returns: false if there is none at this address.
    mutating func remove(_ endpoint: Endpoint) -> Bool {
        guard let index = followers.firstIndex(where: { $0.endpoint == endpoint }) else { return false }
        effects.append(.drop(followers.remove(at: index).number))
        return true
    }

    // MARK: What links report

    mutating func connected(_ number: Int, _ address: String) {
        guard let index = index(of: number) else { return }
        if let other = followers.first(where: { $0.number != number && $0.address == address }) {
            return drop(followers[index], sameAs: other)
        }
        followers[index].phase = .greeting
        followers[index].address = address
        (followers[index].greetingTime, followers[index].heardTime) = (now, now)
        effects.append(.greet(number))
    }

    mutating func answered(_ number: Int, _ hello: FollowerHello) {
        guard let index = index(of: number), followers[index].phase == .greeting else { return }
        followers[index].heardTime = now
        followers[index].hasBeenTried = true
        if let id = hello.id, !identify(index, id) { return }
        (followers[index].durable, followers[index].applied) = (0, 0)
        followers[index].phase = .feeding
        effects.append(.feed(number, hello))
    }

    mutating func acknowledged(_ number: Int, _ durable: UInt64, _ applied: UInt64) {
        guard let index = index(of: number), followers[index].isFeeding else { return }
        followers[index].heardTime = now
        // No follower can have changes that this server lacks.
        guard durable <= applied, applied <= log.position.seq else {
            return retry(index, "it acknowledges change \(applied), the newest is \(log.position.seq)")
        }
        (followers[index].durable, followers[index].applied) = (durable, applied)
    }

    mutating func lost(_ number: Int) {
        guard let index = index(of: number) else { return }
        if followers[index].isFeeding { followers[index].lossTime = now }
        followers[index].phase = .away
        followers[index].address = nil
        followers[index].hasBeenTried = true
    }

    private mutating func retry(_ index: Int, _ reason: String) {
        effects.append(.retry(followers[index].number, reason: reason))
        lost(followers[index].number)
    }

    /// Resets the acknowledgements: they belong to a data set that was replaced.
    mutating func forgetAcknowledgements() {
        for index in followers.indices { (followers[index].durable, followers[index].applied) = (0, 0) }
    }

    // MARK: Identity

    /// Sets a follower's id.
    /// - Returns: false if the link must end: it leads to this server, or to the follower of another link.
    private mutating func identify(_ index: Int, _ id: ServerID) -> Bool {
        let follower = followers[index]
        if id == self.id {
            dropItself(follower)
            return false
        }
        // A follower keeps one connection from a leader: it closed the other link's when it received this greeting.
        if let other = followers.first(where: {
            $0.number != follower.number && $0.wasThere(id, since: follower.greetingTime, now: now)
        }) {
            drop(follower, sameAs: other)
            return false
        }
        let isNew = follower.id != id
        followers[index].id = id
        for other in followers.indices where other != index {
            if followers[other].id == id && followers[other].isFeeding {
                retry(other, "its follower is connected under another name")
            }
            // A restarted server has a new id, and may have been the follower of any link that is down. What that
            // follower has acknowledged would count twice.
            if !followers[other].isFeeding && (isNew || followers[other].id == id) {
                (followers[other].durable, followers[other].applied) = (0, 0)
            }
        }
        return true
    }

    /// Drops a second link to the same follower: it would count twice.
    private mutating func drop(_ follower: Follower, sameAs other: Follower) {
        say(.info, "Follower \(follower.endpoint) is \(other.endpoint) under another name: counted once")
        _ = remove(follower.endpoint)
    }

    /// Drops a link that leads back to this server.
    private mutating func dropItself(_ follower: Follower) {
        say(.error, "Follower \(follower.endpoint) is this server itself: left out; remove it from the followers")
        _ = remove(follower.endpoint)
        noteAgain()
        answerRequests(for: follower.number, .itself(follower.endpoint))
    }
}
