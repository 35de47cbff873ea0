// Commands about the server, its snapshots and its slow requests.

extension Catalog {
    static let server: [CommandSpec] = [
        CommandSpec(
            .help, "HELP", "Lists the commands.", .server, traits: .hidden, categories: .admin,
            replyBound: .bytes(64 << 10),
            since: "0.1.0"),
        CommandSpec(
            .stats, "STATS", "Shows the server's figures.", .server, traits: .urgent, categories: .admin,
            answer: .pairs,
            replyBound: .bytes(64 << 10), since: "0.1.0"),
        CommandSpec(
            .time, "TIME", "Returns Unix time: seconds, and microseconds within the second.", .server,
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .info, "INFO", "[<section> …]", 0...CommandSpec.any, needs: "sections or nothing",
            "Shows the server's figures in Redis' words, for Redis tools.", .server, traits: .urgent,
            categories: .admin,
            answer: .text,
            replyBound: .bytes(64 << 10), since: "0.1.0"),
        CommandSpec(
            .config, "CONFIG", nil, 1...CommandSpec.any, needs: "GET and a pattern",
            "Shows settings in Redis' words, for Redis tools.", .server, traits: [.effect, .urgent, .hidden],
            categories: .admin,
            answer: .pairs, since: "0.1.0"),
        CommandSpec(
            .configGet, "GET", of: .config, "<pattern> …", 1...CommandSpec.any, needs: "one or more patterns",
            "Lists the settings that match, in Redis' words.", .server, traits: .urgent, categories: .admin,
            answer: .pairs,
            replyBound: .bytes(64 << 10), since: "0.1.0"),
        CommandSpec(
            .command, "COMMAND", nil, 0...CommandSpec.any, needs: "a subcommand or nothing",
            "Describes the commands, for Redis clients.", .server, traits: .hidden, categories: .admin,
            replyBound: .bytes(64 << 10),
            since: "0.1.0"),
        CommandSpec(
            .commandCount, "COUNT", of: .command, "Counts the commands.", .server, categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .commandInfo, "INFO", of: .command, "<name> …", 0...CommandSpec.any, needs: "commands' names",
            "Describes the named commands as COMMAND does; null for one that does not exist.", .server,
            categories: .admin,
            replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .commandDocs, "DOCS", of: .command, "", 0...CommandSpec.any, needs: "commands' names or nothing",
            "Returns an empty list, for Redis clients.", .server, categories: .admin, since: "0.1.0"),
        CommandSpec(
            .compact, "COMPACT", "Starts merging the log into the snapshot; STATS shows the progress.", .server,
            traits: [.effect, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .bgrewriteaof, "BGREWRITEAOF", "Starts COMPACT, for Redis clients.", .server, traits: [.effect, .hidden],
            categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .bgsave, "BGSAVE", "[SCHEDULE]", 0...1, needs: "SCHEDULE or nothing", "Starts COMPACT, for Redis clients.",
            .server, traits: [.effect, .hidden], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .lastsave, "LASTSAVE",
            "Returns when the last snapshot was begun, in Unix seconds; 0 if this server has made none.", .server,
            traits: .hidden,
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .slowlog, "SLOWLOG", nil, 1...2, needs: "a subcommand", "Shows the latest slow requests, newest first.",
            .server, traits: [.effect, .urgent], categories: .admin, answer: .rows, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .slowlogGet, "GET", of: .slowlog, "[<count>]", 0...1, needs: "a number or nothing",
            "Lists the latest slow requests, newest first (10 by default; -1 for all that are kept).", .server,
            traits: .urgent,
            categories: .admin,
            answer: .rows, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .slowlogLen, "LEN", of: .slowlog, "Counts the slow requests that are kept.", .server, traits: .urgent,
            categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .slowlogReset, "RESET", of: .slowlog, "Forgets the slow requests.", .server, traits: [.effect, .urgent],
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .slowlogHelp, "HELP", of: .slowlog, "Shows the usage of SLOWLOG.", .server, traits: [.urgent, .hidden],
            categories: .admin,
            replyBound: .bytes(1024), since: "0.1.0"),
    ]
}
