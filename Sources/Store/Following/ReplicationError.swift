// Invalid input from the other side of a replication link. Nothing invalid reaches the table or the log.

/// Why bytes from a leader or follower cannot be used.
package enum ReplicationError: Error, Equatable, Sendable {
    /// Not a line that is allowed at this point of the stream.
    case malformed(expected: String, found: String)
    /// The other side speaks another version of the stream, or sends files of another version.
    case otherVersion(expected: String, found: String)
    /// A record that does not follow the newest one: one was omitted or repeated.
    case outOfOrder(expected: UInt64, found: UInt64)
    /// A line that is not as it was written, or that this version does not understand.
    case damaged(expected: String, found: String)
    /// A change that the log cannot be cut back to.
    case notACheckpoint(UInt64)
    /// What came could not be stored.
    case disk(StoreError)
}

extension ReplicationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let expected, let found):
            "Cannot follow the replication stream: expected \(expected), found \(found); see that the other side is a Puffin"
        case .otherVersion(let expected, let found):
            "Cannot follow the replication stream: expected \(expected), found \(found); use the same Puffin on both sides"
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
