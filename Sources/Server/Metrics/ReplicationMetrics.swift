// The metrics of replication. A leader reports each of its followers, a follower itself.

import Bytes
import Reactor
import Store

extension Replication {
    func appendMetrics(to page: inout MetricsText) {
        page.begin("puffin_role", .gauge, "The server's role: 1 for the one that it has.")
        for name in ["leader", "follower"] { page.sample("puffin_role", "role", name, .flag(name == roleName)) }
        page.info(
            "puffin_ack_policy_info", "How many followers a reply to a change waits for.", "policy", "\(settings.acks)")
        if isFollower { appendLeader(to: &page) }
        let followers = followers
        page.gauge("puffin_followers", "Followers of this server.", .number(followers.count))
        page.gauge(
            "puffin_followers_connected", "Followers that are being sent the log.",
            .number(followers.count { $0.isFeeding }))
        if !followers.isEmpty { append(followers, to: &page) }
    }

    private func appendLeader(to page: inout MetricsText) {
        let newest = leaderSeq
        page.gauge(
            "puffin_leader_connected", "Whether this follower is applying its leader's log.",
            .flag(leader?.isFollowing == true))
        page.gauge(
            "puffin_replication_lag_changes", "Known changes of the leader that this follower lacks.",
            .unsigned(newest - min(newest, server.store.position.seq)))
        page.gauge(
            "puffin_replication_lag_seconds", "How long ago this follower last had everything that its leader had.",
            staleness.map { .milliseconds($0) })
    }

    private func append(_ followers: [FollowerStatus], to page: inout MetricsText) {
        let newest = server.store.position.seq
        append(followers, "puffin_follower_connected", .gauge, "Whether it is being sent the log.", to: &page) {
            .flag($0.isFeeding)
        }
        append(followers, "puffin_follower_acknowledged_seq", .gauge, "The newest change on its disk.", to: &page) {
            .unsigned($0.acknowledged)
        }
        append(followers, "puffin_follower_lag_changes", .gauge, "Changes that are not on its disk.", to: &page) {
            .unsigned(newest - min(newest, $0.acknowledged))
        }
        append(followers, "puffin_follower_lag_bytes", .gauge, "Bytes of the log not yet sent to it.", to: &page) {
            .number($0.remainingSize)
        }
        append(
            followers, "puffin_follower_lag_seconds", .gauge,
            "How long a change takes to reach its disk.",
            to: &page
        ) { .milliseconds($0.lag) }
        append(followers, "puffin_follower_sent_bytes_total", .counter, "Bytes sent to it.", to: &page) {
            .number($0.sentSize)
        }
    }

    private func append(
        _ followers: [FollowerStatus], _ name: String, _ kind: MetricsText.Kind, _ help: String,
        to page: inout MetricsText,
        value: (FollowerStatus) -> MetricsText.Value
    ) {
        page.begin(name, kind, help)
        for follower in followers { page.sample(name, "follower", "\(follower.endpoint)", value(follower)) }
    }
}
