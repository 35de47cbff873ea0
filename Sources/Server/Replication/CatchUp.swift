// What a follower has to do before its leader can send it the log, decided from the greetings of both.

import LogFormat
import Store

/// How a follower gets to where its leader begins to send.
package enum CatchUp: Equatable, Sendable {
    /// It is there.
    case none
    /// It is empty, and takes the name of the leader's data set.
    case adoptHistory(ChainPosition)
    /// It has changes that the leader does not have: they are quarantined.
    case cutBack(ChainPosition)
    /// The leader sends a snapshot.
    case install(ChainPosition)
    /// There is no way.
    case refuse(String)

    /// - Parameters:
    ///   - position: where this server's log ends.
    ///   - isSameHistory: whether the leader's data set is this one.
    package init(to start: FeedStart, from position: ChainPosition, isSameHistory: Bool) {
        switch start {
        case .snapshot(let start): self = .install(start)
        case .continues(position) where isSameHistory: self = .none
        case .continues(let start) where start.seq == 0 && position.seq == 0: self = .adoptHistory(start)
        case .continues(let start) where start.seq < position.seq && isSameHistory: self = .cutBack(start)
        case .continues(let start):
            self = .refuse("it goes on behind change \(start.seq), and this server's last is \(position.seq)")
        }
    }
}
