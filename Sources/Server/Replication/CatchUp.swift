// What a follower must do before its leader can send it the log, decided from both greetings.

import LogFormat
import Store

/// How a follower reaches the position where its leader begins to send.
package enum CatchUp: Equatable, Sendable {
    /// It is at that position.
    case none
    /// It is empty, and adopts the leader's history.
    case adoptHistory(ChainPosition)
    /// It has changes that the leader lacks. They are quarantined.
    case cutBack(ChainPosition)
    /// The leader sends a snapshot.
    case install(ChainPosition)
    /// It cannot follow this leader.
    case refuse(String)

    /// - Parameters:
    ///   - position: the end of this server's log.
    ///   - isSameHistory: whether both data sets have the same history.
    package init(to start: FeedStart, from position: ChainPosition, isSameHistory: Bool) {
        switch start {
        case .snapshot(let start): self = .install(start)
        case .continues(position) where isSameHistory: self = .none
        case .continues(let start) where start.seq == 0 && position.seq == 0: self = .adoptHistory(start)
        case .continues(let start) where start.seq < position.seq && isSameHistory: self = .cutBack(start)
        case .continues(let start):
            self = .refuse("it continues after change \(start.seq), and this server's last is \(position.seq)")
        }
    }
}
