// Commands about leaders and followers.

extension Catalog {
    static let replication: [CommandSpec] = [
        CommandSpec(
            .replicate, "REPLICATE", "<greeting>", 1...1, needs: "a leader's greeting",
            "Between servers: a leader greets its follower.", .replication, form: .rest(afterWords: 0),
            traits: [.takesConnection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .role, "ROLE", "Leader or follower, of whom, and how far.", .replication, traits: .urgent,
            categories: .admin,
            // 1,024 followers, each with a host name of 253 bytes.
            replyBound: .bytes(384 << 10), since: "0.1.0"),
        CommandSpec(
            .promote, "PROMOTE", "[FORCE]", 0...1, needs: "FORCE or nothing",
            "Makes this follower the leader; FORCE also where it does not have all that its leader had.", .replication,
            traits: [.effect, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .demote, "DEMOTE", "Makes this leader a follower of whatever leader connects to it.", .replication,
            traits: [.effect, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .follow, "FOLLOW", "<host:port>", 1...1, needs: "an address",
            "Makes this server a follower of the leader at an address, which it asks to connect.", .replication,
            traits: [.effect, .later, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            // A server that asks on its own behalf adds its id after the address.
            .follower, "FOLLOWER", nil, 2...3, needs: "ADD or REMOVE, and an address",
            "Has one follower more, or one less, from now on and after a restart.", .replication,
            traits: [.effect, .later, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .followerAdd, "ADD", of: .follower, "<host:port>", 1...2, needs: "an address",
            "Has one follower more, from now on and after a restart.", .replication,
            traits: [.effect, .later, .urgent],
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .followerRemove, "REMOVE", of: .follower, "<host:port>", 1...1, needs: "an address",
            "Has one follower less, from now on and after a restart.", .replication, traits: [.effect, .urgent],
            categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .handover, "HANDOVER", "<host:port> [<milliseconds>]", 1...2,
            needs: "a follower's address, and how long it may take or nothing",
            "Makes a follower the leader and this leader its follower, without losing a change.", .replication,
            traits: [.effect, .later, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .wait, "WAIT", "<followers> <milliseconds>", 2...2, needs: "a number of followers and a time",
            "Waits until so many followers have applied all changes so far; how many have.", .replication,
            traits: .later,
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .waitaof, "WAITAOF", "<0|1> <followers> <milliseconds>", 3...3,
            needs: "0 or 1, a number of followers and a time",
            "Waits until all changes so far are on this disk and on those of so many followers.", .replication,
            traits: .later,
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .after, "AFTER", "<seq> <request>", 2...CommandSpec.any, needs: "the number of a change, and a request",
            "Runs a request once this server has that change: to read one's writes from a follower.", .replication,
            lineArity: 2...2, form: .rest(afterWords: 1), traits: [.effect, .later], categories: .admin,
            replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .seq, "SEQ", "The number of the newest change, for AFTER: what this connection has changed is in it.",
            .replication, traits: [.data, .local], categories: .read, since: "0.1.0"),
    ]
}
