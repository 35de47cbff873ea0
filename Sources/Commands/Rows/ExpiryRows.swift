// Commands about the time when pairs expire.

extension Catalog {
    private static let times = "EX <seconds>|PX <milliseconds>|EXAT <unix seconds>|PXAT <unix milliseconds>"

    static let expiry: [CommandSpec] = [
        CommandSpec(
            .msetex, "MSETEX", "<numkeys> <key> <value> … [NX|XX] [\(times)|KEEPTTL]", 3...CommandSpec.any,
            needs: "a number of keys, and so many keys and values",
            "Sets several keys in one atomic change, with one time when they expire.", .strings,
            keys: .counted.used(.write), traits: [.data, .change, .storesValues], categories: [.write, .string, .slow],
            complexity: "O(N) for N keys",
            replies: "1 if the keys were set, otherwise 0 (a line: `OK`, `ERROR: Not set: …`, with the reason).",
            errors:
                "`ERR invalid numkeys value`; `ERR wrong number of key-value pairs`; `ERR invalid expire time in 'msetex' command`.",
            since: "0.1.0"),
        CommandSpec(
            .getex, "GETEX", "<key> [\(times)|PERSIST]", 1...CommandSpec.any, needs: "a key",
            "Returns the value of a key, and changes when it expires.", .strings, lineArity: 1...3,
            keys: .one.used(.both),
            traits: [.data, .change], categories: [.write, .string, .fast], answer: .value, replyBound: .value,
            replies: "The value; null (a line: `ERROR: Key not found`) if the key does not exist.",
            errors:
                "`ERR invalid expire time in 'getex' command`; a syntax error for options that contradict each other.",
            since: "0.1.0"),
        CommandSpec(
            .setex, "SETEX", "<key> <seconds> <value>", 3...3, needs: "a key, a number of seconds and a value",
            "Sets a key to a value that expires.", .strings, form: .rest(afterWords: 2),
            keys: .oneWithLaterValue.used(.write),
            traits: [.data, .change, .storesValues], categories: [.write, .string, .slow], replies: "`OK`.",
            errors: "`ERR invalid expire time in 'setex' command` for a time of 0 or less.", since: "0.1.0"),
        CommandSpec(
            .psetex, "PSETEX", "<key> <milliseconds> <value>", 3...3,
            needs: "a key, a number of milliseconds and a value", "Sets a key to a value that expires.", .strings,
            form: .rest(afterWords: 2), keys: .oneWithLaterValue.used(.write), traits: [.data, .change, .storesValues],
            categories: [.write, .string, .slow], replies: "`OK`.",
            errors: "`ERR invalid expire time in 'psetex' command` for a time of 0 or less.", since: "0.1.0"),
        setting(.expire, "EXPIRE", "<seconds>", needs: "seconds", "Makes a key expire in so many seconds."),
        setting(
            .pexpire, "PEXPIRE", "<milliseconds>", needs: "milliseconds",
            "Makes a key expire in so many milliseconds."),
        setting(
            .expireat, "EXPIREAT", "<unix seconds>", needs: "a Unix time in seconds",
            "Makes a key expire at a Unix time in seconds."),
        setting(
            .pexpireat, "PEXPIREAT", "<unix milliseconds>", needs: "a Unix time in milliseconds",
            "Makes a key expire at a Unix time in milliseconds."),
        CommandSpec(
            .persist, "PERSIST", "<key>", 1...1, needs: "a key", "Makes a key never expire.", .keys,
            keys: .one.used(.write),
            traits: [.data, .change], categories: [.keyspace, .write, .fast],
            replies:
                "1 if the key expired before, otherwise 0 (a line: `OK`, `ERROR: Not changed: the key never expires`, `ERROR: Key not found`).",
            since: "0.1.0"),
        asking(.ttl, "TTL", "Returns in how many seconds a key expires."),
        asking(.pttl, "PTTL", "Returns in how many milliseconds a key expires."),
        asking(.expiretime, "EXPIRETIME", "Returns when a key expires, as Unix time in seconds."),
        asking(.pexpiretime, "PEXPIRETIME", "Returns when a key expires, as Unix time in milliseconds."),
    ]

    private static func setting(
        _ command: Command, _ name: String, _ time: String, needs: String, _ summary: String
    ) -> CommandSpec {
        CommandSpec(
            command, name, "<key> \(time) [NX|XX|GT|LT]", 2...CommandSpec.any, needs: "a key and \(needs)", summary,
            .keys,
            lineArity: 2...4, keys: .one.used(.write), traits: [.data, .change],
            categories: [.keyspace, .write, .fast],
            replies:
                "1 if the time was set, otherwise 0 (a line: `OK`, `ERROR: Key not found`, `ERROR: Not set: …`, with the reason). A time in the past removes the key.",
            errors:
                "`ERR value is not an integer or out of range`; `ERR invalid expire time in '\(name.lowercased())' command`; `ERR Unsupported option …`; options that are not compatible.",
            since: "0.1.0")
    }

    private static func asking(_ command: Command, _ name: String, _ summary: String) -> CommandSpec {
        CommandSpec(
            command, name, "<key>", 1...1, needs: "a key", summary, .keys, keys: .one.used(.read), traits: .data,
            categories: [.keyspace, .read, .fast],
            replies:
                "The number; -1 if the key never expires, -2 if it does not exist (a line: `never`, `ERROR: Key not found`).",
            since: "0.1.0")
    }
}
