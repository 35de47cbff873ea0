// Commands about leaders and followers.

extension Catalog {
    static let replication: [CommandSpec] = [
        CommandSpec(
            .prove, "PROVE", "<proof>", 1...1, needs: "a line of the exchange",
            "Proves that a server knows replication.secret, between servers.", .replication,
            form: .rest(afterWords: 0), traits: [.connection, .hidden, .noMulti], categories: [.fast, .connection],
            replies: "What follows is the protocol between servers: [replication.md](replication.md).",
            errors: "`NOAUTH …` where the proof is wrong; the connection ends.",
            since: "0.2.0"),
        CommandSpec(
            .replicate, "REPLICATE", "<greeting>", 1...1, needs: "a leader's greeting",
            "Greets a follower, between servers.", .replication, form: .rest(afterWords: 0),
            traits: [.takesConnection, .hidden, .noMulti], categories: [.admin, .slow, .dangerous, .replicate],
            replies: "What follows is the protocol between servers: [replication.md](replication.md).",
            since: "0.1.0"),
        CommandSpec(
            .role, "ROLE", "Shows whether the server leads or follows, whom, and up to which change.", .replication,
            traits: .urgent,
            categories: [.admin, .fast, .dangerous, .monitor],
            // 1,024 followers, each with a host name of 253 bytes.
            replyBound: .bytes(384 << 10),
            complexity: "O(N) for N followers",
            replies:
                "As Redis: `master`, the newest change, and each follower; or `slave`, the leader's host and port, the link's state, and the newest change. A line says `leader` and `follower`.",
            since: "0.1.0"),
        CommandSpec(
            .promote, "PROMOTE", "[FORCE]", 0...1, needs: "FORCE or nothing",
            "Makes this follower the leader; FORCE allows losing changes of the old leader.", .replication,
            traits: [.effect, .urgent, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`.", errors: "`ERR Not promoted: …` with the reason.",
            since: "0.1.0"),
        CommandSpec(
            .demote, "DEMOTE", "Makes this leader a follower of any leader that connects to it.", .replication,
            traits: [.effect, .urgent, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .follow, "FOLLOW", "<host:port>", 1...1, needs: "an address",
            "Makes this server a follower of the leader at an address, and asks that leader to connect.", .replication,
            traits: [.effect, .later, .urgent, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`, once it follows that leader.", errors: "An address that does not answer or is no leader.",
            since: "0.1.0"),
        CommandSpec(
            // A server that asks on its own behalf adds its id after the address.
            .follower, "FOLLOWER", nil, 2...3, needs: "ADD or REMOVE, and an address",
            "Adds or removes a follower, permanently.", .replication,
            traits: [.effect, .later, .urgent, .noMulti], categories: [.slow], since: "0.1.0"),
        CommandSpec(
            .followerAdd, "ADD", of: .follower, "<host:port>", 1...2, needs: "an address",
            "Adds a follower, permanently.", .replication,
            traits: [.effect, .later, .urgent],
            categories: [.admin, .slow, .dangerous, .operate, .replicate],
            replies: "`OK`.", errors: "An address that does not answer, or is this server's own.",
            since: "0.1.0"),
        CommandSpec(
            .followerRemove, "REMOVE", of: .follower, "<host:port>", 1...1, needs: "an address",
            "Removes a follower, permanently.", .replication, traits: [.effect, .urgent],
            categories: [.admin, .slow, .dangerous, .operate, .replicate],

            replies: "`OK`.", errors: "An address that is no follower's.",
            since: "0.1.0"),
        CommandSpec(
            .handover, "HANDOVER", "<host:port> [<milliseconds>]", 1...2,
            needs: "a follower's address, and how long it may take or nothing",
            "Makes a follower the leader and this leader its follower, without losing a change.", .replication,
            traits: [.effect, .later, .urgent, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`, once that follower leads.",
            errors: "`ERR Not handed over: …` with the reason; this server then still leads.",
            since: "0.1.0"),
        CommandSpec(
            .wait, "WAIT", "<followers> <milliseconds>", 2...2, needs: "a number of followers and a time",
            "Waits until a number of followers have applied all changes so far; returns how many have.", .replication,
            traits: .later,
            categories: [.slow, .connection],
            replies:
                "The number of followers that have them, when there are enough or the time is over. A time of 0 has no limit.",
            since: "0.1.0"),
        CommandSpec(
            .waitaof, "WAITAOF", "<0|1> <followers> <milliseconds>", 3...3,
            needs: "0 or 1, a number of followers and a time",
            "Waits until all changes so far are on this disk and on those of a number of followers.", .replication,
            traits: .later,
            categories: [.slow, .blocking, .connection],
            replies:
                "A list of two: 1 if this server's disk has them, otherwise 0; and the number of followers' disks.",
            since: "0.1.0"),
        CommandSpec(
            .after, "AFTER", "<seq> <request>", 2...CommandSpec.any, needs: "the number of a change, and a request",
            "Runs a request once this server has a change: to read your own writes from a follower.", .replication,
            lineArity: 2...2, form: .rest(afterWords: 1), traits: [.effect, .later, .noMulti],
            categories: [.slow, .blocking, .connection],
            replyBound: .data,
            complexity: "That of the request", replies: "What the request is answered with.",
            errors: "`BEHIND` if the change has not come within a second.",
            since: "0.1.0"),
        CommandSpec(
            .seq, "SEQ", "Returns the number of the newest change, for AFTER; it covers this connection's changes.",
            .replication, traits: [.data, .local], categories: [.read, .fast],
            replies: "A number; inside `EXEC`, that of the transaction if it changes anything.",
            since: "0.1.0"),
        CommandSpec(
            .changes, "CHANGES", "<prefix> [FROM <token>] [LIMIT <count> [WAIT <milliseconds>]]", 1...7,
            needs: "a prefix of keys, and options",
            "Sends each committed change of keys with a prefix, from a token on; with LIMIT as one reply.",
            .replication, traits: [.data, .later, .local, .connection, .noMulti],
            categories: [.read, .slow, .blocking], replyBound: .data,
            complexity: "O(N) for N bytes of the log behind the token",
            replies:
                "With `LIMIT` a list: the token to go on from, and the changes. Without, the connection is a feed: each "
                + "change is a push in RESP3, a reply in RESP2, a JSON object in a line.",
            errors: "`COMPACTED` with the oldest token that is kept; `DIVERGED` for a token of another history.",
            since: "0.1.0"),
        CommandSpec(
            .unchanges, "UNCHANGES", "Ends this connection's feed of changes.", .replication,
            traits: [.connection, .noMulti], categories: [.fast, .connection], replies: "`OK`.", since: "0.1.0"),
    ]
}
