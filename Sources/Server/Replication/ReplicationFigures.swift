// The figures of replication: in STATS with Puffin's names, in INFO with the names that Redis' tools look for.

import Bytes
import Store

extension Replication {
    /// Names and values for STATS.
    var figures: [(String, String)] {
        [("role", roleName), ("server_id", "\(server.id)"), ("ack", "\(settings.acks)")]
            + (isFollower ? leaderFigures : []) + followerFigures
    }

    private var leaderFigures: [(String, String)] {
        [
            ("leader", leaderAddress ?? "unknown"),
            ("leader_id", leader?.id.map { "\($0)" } ?? "unknown"),
            ("leader_link", leader?.stateName ?? "down"),
            ("leader_seq", String(leaderSeq)),
            ("stale_milliseconds", staleness.map { String($0) } ?? "unknown"),
        ]
    }

    private var followerFigures: [(String, String)] {
        var figures = [("followers", String(followers.count))]
        let newest = server.store.position.seq
        for (index, follower) in followers.enumerated() {
            let name = "follower_\(index + 1)"
            figures += [
                (name, "\(follower.endpoint)"),
                (name + "_id", follower.id.map { "\($0)" } ?? "unknown"),
                (name + "_state", follower.stateName),
                (name + "_acknowledged", String(follower.acknowledged)),
                (name + "_behind", String(newest - min(newest, follower.acknowledged))),
                (name + "_behind_bytes", String(follower.remainingSize)),
                (name + "_sent_bytes", String(follower.sentSize)),
            ]
        }
        return figures
    }

    /// The Replication section of INFO.
    var redisFigures: [(String, String)] {
        let seq = String(server.store.position.seq)
        var figures = [("role", redisRole)]
        if isFollower {
            let place = leaderAddress.flatMap { try? Endpoint(parsing: $0) }
            figures += [
                ("master_host", place?.host ?? ""), ("master_port", String(place?.port ?? 0)),
                ("master_link_status", leader?.isFollowing == true ? "up" : "down"),
                ("master_sync_in_progress", leader.map { !$0.isFollowing } ?? false ? "1" : "0"),
                ("slave_read_only", "1"), ("slave_repl_offset", seq),
                ("puffin_stale_milliseconds", staleness.map { String($0) } ?? "unknown"),
            ]
        }
        figures.append(("connected_slaves", String(followers.count { $0.isFeeding })))
        for (index, follower) in followers.filter({ $0.isFeeding }).enumerated() {
            figures.append(
                (
                    "slave\(index)",
                    "ip=\(follower.endpoint.host),port=\(follower.endpoint.port),state=online,"
                        + "offset=\(follower.acknowledged),lag=\(follower.silence / 1000)"
                ))
        }
        return figures + [("master_replid", server.store.history), ("master_repl_offset", seq)]
    }

    /// Redis' name of the role.
    var redisRole: String { isFollower ? "slave" : "master" }
}
