// Commands about the server, its snapshots and its slow requests.

extension Catalog {
    static let server: [CommandSpec] = [
        CommandSpec(
            .help, "HELP", "The commands.", .server, traits: .hidden, categories: .admin, replyBound: .bytes(64 << 10),
            since: "0.1.0"),
        CommandSpec(
            .stats, "STATS", "What the server holds and has done.", .server, traits: .urgent, categories: .admin,
            answer: .pairs,
            replyBound: .bytes(64 << 10), since: "0.1.0"),
        CommandSpec(
            .time, "TIME", "Unix time: seconds, and microseconds within the second.", .server, categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .info, "INFO", "[<section> …]", 0...CommandSpec.any, needs: "sections or nothing",
            "For Redis tools: what STATS says, in their words.", .server, traits: .urgent, categories: .admin,
            answer: .text,
            replyBound: .bytes(64 << 10), since: "0.1.0"),
        CommandSpec(
            .config, "CONFIG", nil, 1...CommandSpec.any, needs: "a subcommand",
            "The settings: what they are, and other values for those that need no restart.", .server,
            traits: [.effect, .urgent, .hidden],
            categories: .admin,
            answer: .pairs, since: "0.1.0"),
        CommandSpec(
            .configGet, "GET", of: .config, "<pattern> …", 1...CommandSpec.any, needs: "one or more patterns",
            "The settings that match: by their own names, and those that Redis tools ask for by Redis'.", .server,
            traits: .urgent, categories: .admin, answer: .pairs,
            replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .configSet, "SET", of: .config, "<setting> <value> …", 2...CommandSpec.any,
            needs: "settings and values, one after the other",
            "Changes settings that need no restart, until the configuration is read again.", .server,
            traits: [.effect, .urgent, .loopback], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .configResetStat, "RESETSTAT", of: .config, "Begins the counts of INFO's section Stats anew.", .server,
            traits: [.effect, .urgent, .loopback], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .configHelp, "HELP", of: .config, "How CONFIG is used.", .server, traits: [.urgent, .hidden],
            categories: .admin, replyBound: .bytes(1024), since: "0.1.0"),
        CommandSpec(
            .command, "COMMAND", nil, 0...CommandSpec.any, needs: "a subcommand or nothing",
            "For Redis clients: the commands, described.", .server, traits: .hidden, categories: .admin,
            replyBound: .bytes(64 << 10),
            since: "0.1.0"),
        CommandSpec(
            .commandCount, "COUNT", of: .command, "How many commands there are.", .server, categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .commandInfo, "INFO", of: .command, "<name> …", 0...CommandSpec.any, needs: "commands' names",
            "The named commands, described as COMMAND does; nothing for one that does not exist.", .server,
            categories: .admin,
            replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .commandDocs, "DOCS", of: .command, "[<name> …]", 0...CommandSpec.any, needs: "commands' names or nothing",
            "What the commands do, since when, and what their arguments are.", .server, categories: .admin,
            replyBound: .bytes(256 << 10), since: "0.1.0"),
        CommandSpec(
            .commandList, "LIST", of: .command, "[FILTERBY MODULE <name>|ACLCAT <category>|PATTERN <pattern>]",
            0...CommandSpec.any, needs: "FILTERBY, what by, and a name, or nothing", "The names of the commands.",
            .server,
            categories: .admin, replyBound: .bytes(16 << 10), since: "0.1.0"),
        CommandSpec(
            .commandGetKeys, "GETKEYS", of: .command, "<request>", 2...CommandSpec.any, needs: "a request",
            "The keys of a request.", .server, categories: .admin, replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .commandHelp, "HELP", of: .command, "How COMMAND is used.", .server, traits: .hidden, categories: .admin,
            replyBound: .bytes(2048), since: "0.1.0"),
        CommandSpec(
            .function, "FUNCTION", nil, 1...CommandSpec.any, needs: "a subcommand",
            "For Redis clients: there are no functions.",
            .server, traits: .hidden, categories: .admin, since: "0.1.0"),
        CommandSpec(
            .functionFlush, "FLUSH", of: .function, "[ASYNC|SYNC]", 0...CommandSpec.any,
            needs: "ASYNC, SYNC or nothing",
            "For Redis clients: there are no functions to remove.", .server, traits: .hidden, categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .compact, "COMPACT", "Begins to merge the log into the snapshot; STATS says how far it is.", .server,
            traits: [.effect, .urgent], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .bgrewriteaof, "BGREWRITEAOF", "For Redis clients: COMPACT.", .server, traits: [.effect, .hidden],
            categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .bgsave, "BGSAVE", "[SCHEDULE]", 0...1, needs: "SCHEDULE or nothing", "For Redis clients: COMPACT.",
            .server, traits: [.effect, .hidden], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .save, "SAVE", "For Redis clients: COMPACT, answered when the snapshot is made.", .server,
            traits: [.effect, .later, .hidden], categories: .admin, since: "0.1.0"),
        CommandSpec(
            .lastsave, "LASTSAVE",
            "When the last snapshot was begun, in Unix seconds; 0 where this server has made none.", .server,
            traits: .hidden,
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .slowlog, "SLOWLOG", nil, 1...2, needs: "a subcommand", "The last requests that took long, newest first.",
            .server, traits: [.effect, .urgent], categories: .admin, answer: .rows, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .slowlogGet, "GET", of: .slowlog, "[<count>]", 0...1, needs: "a number or nothing",
            "The last requests that took long, newest first (10; -1 for all that are kept).", .server, traits: .urgent,
            categories: .admin,
            answer: .rows, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .slowlogLen, "LEN", of: .slowlog, "How many are kept.", .server, traits: .urgent, categories: .admin,
            since: "0.1.0"),
        CommandSpec(
            .slowlogReset, "RESET", of: .slowlog, "Forget them.", .server, traits: [.effect, .urgent],
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .slowlogHelp, "HELP", of: .slowlog, "How SLOWLOG is used.", .server, traits: [.urgent, .hidden],
            categories: .admin,
            replyBound: .bytes(1024), since: "0.1.0"),
    ]
}
