// Commands about the server, its snapshots and its slow requests.

extension Catalog {
    static let server: [CommandSpec] = [
        CommandSpec(
            .help, "HELP", "[<command> [<subcommand>]]", 0...2, needs: "a command or nothing",
            "Lists the commands, or explains one.", .server, traits: .hidden, categories: [.slow, .connection],
            replyBound: .bytes(64 << 10),

            complexity: "O(N) for N commands",
            replies:
                "A list of lines: usage and summary of each command; with a name, all that the catalog says of it.",
            errors: "An unknown name.",
            since: "0.1.0"),
        CommandSpec(
            .stats, "STATS", "Shows the server's figures.", .server, traits: .urgent,
            categories: [.slow, .dangerous, .monitor],
            answer: .pairs,
            replyBound: .bytes(64 << 10),
            replies:
                "A map of names and figures (a line: a list, `name value`); [metrics.md](metrics.md) explains them.",
            since: "0.1.0"),
        CommandSpec(
            .time, "TIME", "Returns Unix time: seconds, and microseconds within the second.", .server,
            categories: [.fast],

            replies: "A list of two numbers, as texts.",
            since: "0.1.0"),
        CommandSpec(
            .info, "INFO", "[<section> …]", 0...CommandSpec.any, needs: "sections or nothing",
            "Shows the server's figures in Redis' words, for Redis tools.", .server, traits: .urgent,
            categories: [.slow, .dangerous, .monitor],
            answer: .text,
            replyBound: .bytes(64 << 10),
            replies: "A text.",
            since: "0.1.0"),
        CommandSpec(
            .config, "CONFIG", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Shows settings, and changes those that need no restart.", .server,
            traits: [.effect, .urgent, .hidden, .noMulti],
            categories: [.slow],
            answer: .pairs, since: "0.1.0"),
        CommandSpec(
            .configGet, "GET", of: .config, "<pattern> …", 1...CommandSpec.any, needs: "one or more patterns",
            "Lists the settings that match, by their own names and by Redis'.", .server,
            traits: .urgent, categories: [.admin, .slow, .dangerous, .monitor], answer: .pairs,
            replyBound: .data,
            complexity: "O(N) for N settings", replies: "A map of names and values.",
            errors: "A pattern longer than 128 KiB.",
            since: "0.1.0"),
        CommandSpec(
            .configSet, "SET", of: .config, "<setting> <value> …", 2...CommandSpec.any,
            needs: "settings and values, one after the other",
            "Changes settings that need no restart, until the next reload.", .server,
            traits: [.effect, .urgent, .loopback], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`; either all settings are changed or none.",
            errors: "`ERR CONFIG SET failed …` with the reason; refused for clients of other machines.",
            since: "0.1.0"),
        CommandSpec(
            .configResetStat, "RESETSTAT", of: .config, "Resets the counts of INFO's section Stats.", .server,
            traits: [.effect, .urgent, .loopback], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`.", errors: "Refused for clients of other machines.",
            since: "0.1.0"),
        CommandSpec(
            .configHelp, "HELP", of: .config, "Shows the usage of CONFIG.", .server, traits: [.urgent, .hidden],
            categories: [.slow], replyBound: .bytes(1024),
            replies: "A list of lines.",
            since: "0.1.0"),
        CommandSpec(
            .command, "COMMAND", nil, 0...CommandSpec.any, needs: "a subcommand or nothing",
            "Describes the commands, for Redis clients.", .server, traits: .hidden, categories: [.slow, .connection],
            replyBound: .bytes(64 << 10),

            complexity: "O(N) for N commands",
            replies:
                "A list: for each command its name, arity, flags, first and last key and their step, and categories.",
            since: "0.1.0"),
        CommandSpec(
            .commandCount, "COUNT", of: .command, "Counts the commands.", .server, categories: [.slow, .connection],

            replies: "A number.",
            since: "0.1.0"),
        CommandSpec(
            .commandInfo, "INFO", of: .command, "<name> …", 0...CommandSpec.any, needs: "commands' names",
            "Describes the named commands as COMMAND does; null for one that does not exist.", .server,
            categories: [.slow, .connection],
            replyBound: .request,
            complexity: "O(N) for N names", replies: "A list, as `COMMAND`.",
            since: "0.1.0"),
        CommandSpec(
            .commandDocs, "DOCS", of: .command, "[<name> …]", 0...CommandSpec.any, needs: "commands' names or nothing",
            "Describes the commands and their arguments, for redis-cli.", .server, categories: [.slow, .connection],
            replyBound: .bytes(256 << 10),
            complexity: "O(N) for N commands",
            replies: "A map: of each command its summary, since, group, complexity, and arguments.",
            since: "0.1.0"),
        CommandSpec(
            .commandList, "LIST", of: .command, "[FILTERBY MODULE <name>|ACLCAT <category>|PATTERN <pattern>]",
            0...CommandSpec.any, needs: "FILTERBY, what by, and a name, or nothing", "Lists the names of the commands.",
            .server,
            categories: [.slow, .connection], replyBound: .bytes(16 << 10),
            complexity: "O(N) for N commands", replies: "A list of names.",
            since: "0.1.0"),
        CommandSpec(
            .commandGetKeys, "GETKEYS", of: .command, "<request>", 2...CommandSpec.any, needs: "a request",
            "Lists the keys of a request.", .server, categories: [.slow, .connection], replyBound: .request,
            complexity: "O(N) for N arguments", replies: "A list of keys.",
            errors: "`ERR Invalid command specified`; `ERR The command has no key arguments`.",
            since: "0.1.0"),
        CommandSpec(
            .commandHelp, "HELP", of: .command, "Shows the usage of COMMAND.", .server, traits: .hidden,
            categories: [.slow, .connection],
            replyBound: .bytes(2048),
            replies: "A list of lines.",
            since: "0.1.0"),
        CommandSpec(
            .function, "FUNCTION", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Manages functions, for Redis clients: there are none.",
            .server, traits: .hidden, categories: [.slow], since: "0.1.0"),
        CommandSpec(
            .functionFlush, "FLUSH", of: .function, "[ASYNC|SYNC]", 0...CommandSpec.any,
            needs: "ASYNC, SYNC or nothing",
            "Is accepted and ignored, for Redis clients.", .server, traits: .hidden,
            categories: [.write, .slow, .scripting],

            replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .compact, "COMPACT", "Starts merging the log into the snapshot; STATS shows the progress.", .server,
            traits: [.effect, .urgent, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`, once a compaction has begun.",
            errors: "`ERR A compaction is under way`, with its progress.",
            since: "0.1.0"),
        CommandSpec(
            .bgrewriteaof, "BGREWRITEAOF", "Starts COMPACT, for Redis clients.", .server,
            traits: [.effect, .hidden, .noMulti],
            categories: [.admin, .slow, .dangerous, .operate],

            replies: "`Background append only file rewriting started`.",
            errors: "`ERR Background append only file rewriting already in progress`.",
            since: "0.1.0"),
        CommandSpec(
            .bgsave, "BGSAVE", "[SCHEDULE]", 0...1, needs: "SCHEDULE or nothing", "Starts COMPACT, for Redis clients.",
            .server, traits: [.effect, .hidden, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`Background saving started`.", errors: "`ERR Background save already in progress`.",
            since: "0.1.0"),
        CommandSpec(
            .save, "SAVE", "Runs COMPACT and waits for the snapshot, for Redis clients.", .server,
            traits: [.effect, .later, .hidden, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            complexity: "O(N) for N pairs, by a worker", replies: "`OK`, once the snapshot is on disk.",
            errors: "`ERR Background save already in progress`.",
            since: "0.1.0"),
        CommandSpec(
            .lastsave, "LASTSAVE",
            "Returns when the last snapshot was begun, in Unix seconds; 0 if this server has made none.", .server,
            traits: .hidden,
            categories: [.admin, .fast, .dangerous, .monitor],
            replies: "Unix seconds.",
            since: "0.1.0"),
        CommandSpec(
            .hotkeys, "HOTKEYS", "[<count>]", 0...1, needs: "a number of keys or nothing",
            "Lists the keys that are requested most; the server samples requests for ten seconds after each HOTKEYS.",
            .server, traits: [.urgent, .local], categories: [.slow, .dangerous, .monitor], answer: .rows,
            replyBound: .bytes(256 << 10),
            complexity: "O(1); while it samples, some 5,000 keys a second are counted",
            replies:
                "A list (of 10 keys, or as many as asked for, 100 at most): key, requests a second, changes a second; the most requested first (a line: requests, changes, key). The first answer is empty: it begins the sampling. The numbers are lower bounds, averages of some ten seconds.",
            errors: "A count that is not from 1 to 100.",
            since: "0.1.0"),
        CommandSpec(
            .shutdown, "SHUTDOWN", "[NOSAVE|SAVE] [NOW] [FORCE]", 0...CommandSpec.any, needs: "options or nothing",
            "Stops the server as SIGTERM does; the options, for Redis clients, change nothing.", .server,
            traits: [.effect, .urgent, .loopback, .noMulti], categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK` in a line; none in RESP, where the connection ends.",
            errors: "Options that are unknown, or exclude each other.", since: "0.1.0"),
        CommandSpec(
            .slowlog, "SLOWLOG", nil, 1...2, needs: "a subcommand", "Shows the latest slow requests, newest first.",
            .server, traits: [.effect, .urgent], categories: [.slow], answer: .rows, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .slowlogGet, "GET", of: .slowlog, "[<count>]", 0...1, needs: "a number or nothing",
            "Lists the latest slow requests, newest first (10 by default; -1 for all that are kept).", .server,
            traits: .urgent,
            categories: [.admin, .slow, .dangerous, .monitor],
            answer: .rows, replyBound: .data,
            complexity: "O(N) for N requests returned",
            replies:
                "A list: for each request its number, Unix time, microseconds, arguments, the client's address and name; [metrics.md](metrics.md) explains more.",
            since: "0.1.0"),
        CommandSpec(
            .slowlogLen, "LEN", of: .slowlog, "Counts the slow requests that are kept.", .server, traits: .urgent,
            categories: [.admin, .slow, .dangerous, .monitor],

            replies: "A number.",
            since: "0.1.0"),
        CommandSpec(
            .slowlogReset, "RESET", of: .slowlog, "Forgets the slow requests.", .server, traits: [.effect, .urgent],
            categories: [.admin, .slow, .dangerous, .operate],
            replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .slowlogHelp, "HELP", of: .slowlog, "Shows the usage of SLOWLOG.", .server, traits: [.urgent, .hidden],
            categories: [.slow],
            replyBound: .bytes(1024),
            replies: "A list of lines.",
            since: "0.1.0"),
    ]
}
