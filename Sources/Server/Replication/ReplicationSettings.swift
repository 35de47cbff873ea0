// The part of a server's configuration that is about replication.

import Bytes

/// The settings of replication when a server starts.
package struct ReplicationSettings: Sendable {
    /// Whether this server follows: it takes changes from its leader and none from clients.
    package var isFollower = false
    /// Where this server's followers are.
    package var followers: [Endpoint] = []
    /// What a reply to a change waits for.
    package var acks = AckPolicy.local
    /// How long it waits for followers before it becomes an error, in milliseconds.
    package var ackTimeout = 1000
    /// After so much silence a connection counts as lost, in milliseconds.
    package var timeout = 10_000
    /// Whether a leader of another history, or with fewer changes, may replace what is here. It is set aside, not deleted.
    package var adoptsHistory = false

    package init() {}
}
