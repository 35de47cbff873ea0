// Which changes count as committed: a value that is made anew when a follower acknowledges something, so that a turn costs one
// comparison. Raft's commit index takes its place in a cluster.

/// The rule by which a server's changes become committed.
package struct CommitRule: Equatable, Sendable {
    /// The newest change that enough followers have.
    private let limit: UInt64

    /// This server's own log alone decides.
    package static let local = CommitRule(.local, [])

    /// - Parameter positions: the newest change that each follower has acknowledged, in any order.
    package init(_ policy: AckPolicy, _ positions: [UInt64]) {
        limit = policy.acknowledged(positions)
    }

    /// The newest committed change.
    /// - Parameter local: the newest change that this server's log allows to be committed.
    @inline(__always)
    package func committed(local: UInt64) -> UInt64 { min(local, limit) }
}
