// The settings of replication.

import Bytes

/// The settings of replication when a server starts.
package struct ReplicationSettings: Sendable {
    /// Whether this server is a follower: it accepts changes from its leader and none from clients.
    package var isFollower = false
    /// The addresses of this server's followers.
    package var followers: [Endpoint] = []
    /// The acknowledgements that the reply to a change waits for.
    package var acks = AckPolicy.local
    /// The time after which a reply that waits for followers becomes an error, in milliseconds.
    package var ackTimeout = 1000
    /// A connection without a message for this time counts as lost, in milliseconds.
    package var timeout = 10_000
    /// Whether a leader of another history, or with fewer changes, may replace this data set, which is quarantined, not deleted.
    package var adoptsHistory = false

    /// The secrets by which servers know each other: the first is used, all are accepted.
    package var secrets: [LinkSecret] = []

    package init() {}
}
