// What can be wrong with what the other side of a replication link sends. Nothing that is wrong reaches the table or the log.

/// Why bytes from a leader or follower cannot be used.
package enum ReplicationError: Error, Equatable, Sendable {
    /// Not a line that stands at this place of the stream.
    case malformed(expected: String, found: String)
    /// The other side speaks another version of the stream.
    case otherVersion(found: String)
    /// A record that does not follow the newest one: one was left out, or came twice.
    case outOfOrder(expected: UInt64, found: UInt64)
    /// A line that is not as it was written, or says nothing that this version knows.
    case damaged(expected: String, found: String)
    /// No place that the log can be cut back to, by its number.
    case notACheckpoint(UInt64)
    /// What came could not be kept.
    case disk(StoreError)
}

extension ReplicationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let expected, let found):
            "Cannot follow the replication stream: expected \(expected), found \(found); see that the other side is a Puffin"
        case .otherVersion(let found):
            "Cannot follow the replication stream: expected version 1 of it, found \(found); use the same Puffin on both sides"
        case .outOfOrder(let expected, let found):
            "Cannot apply a replicated change: expected seq \(expected), found seq \(found); the link restarts"
        case .damaged(let expected, let found):
            "Cannot use a replicated line: expected \(expected), found \(found); the link restarts"
        case .notACheckpoint(let seq):
            "Cannot cut the log back to seq \(seq): no segment begins behind it that the snapshot does not hold; "
                + "the link restarts"
        case .disk(let error):
            error.description
        }
    }
}
