// Which changes count as committed. The rule is recomputed at each acknowledgement, so a turn costs one
// comparison. In a cluster, Raft's commit index replaces it.

/// The rule by which a server's changes become committed.
package struct CommitRule: Equatable, Sendable {
    /// The newest change acknowledged by enough followers.
    private let limit: UInt64

    /// Only this server's own log decides.
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
