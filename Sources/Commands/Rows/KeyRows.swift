// Commands on keys.

extension Catalog {
    static let keys: [CommandSpec] = [
        CommandSpec(
            .del, "DEL", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Removes keys.", .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all.used(.write),
            traits: [.data, .change, .shrink], categories: [.keyspace, .write, .slow],
            answer: .deleted,
            complexity: "O(N) for N keys",
            replies: "The number of keys that existed (a line, which takes one key: `OK` or `ERROR: Key not found`).",
            since: "0.1.0"),
        CommandSpec(
            .delete, "DELETE", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Removes keys.", .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all.used(.write),
            traits: [.data, .change, .shrink], categories: [.keyspace, .write, .slow],
            answer: .deleted,
            complexity: "O(N) for N keys", replies: "As `DEL`.",
            since: "0.1.0"),
        CommandSpec(
            .unlink, "UNLINK", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Is DEL, for Redis clients.",
            .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all.used(.write),
            traits: [.data, .change, .shrink, .hidden], categories: [.keyspace, .write, .fast], answer: .deleted,
            complexity: "O(N) for N keys", replies: "As `DEL`.",
            since: "0.1.0"),
        CommandSpec(
            .touch, "TOUCH", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Is EXISTS, for Redis clients.",
            .keys, keys: .all.used(.read), traits: [.data, .hidden], categories: [.keyspace, .read, .fast],
            complexity: "O(N) for N keys", replies: "As `EXISTS`.",
            since: "0.1.0"),
        CommandSpec(
            .type, "TYPE", "<key>", 1...1, needs: "a key", "Returns string, or none if the key does not exist.", .keys,
            keys: .one.used(.read), traits: .data, categories: [.keyspace, .read, .fast],
            replies: "`string`, or `none`.",
            since: "0.1.0"),
        CommandSpec(
            .exists, "EXISTS", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Counts how many of the keys exist.", .keys, keys: .all.used(.read), traits: .data,
            categories: [.keyspace, .read, .fast],
            complexity: "O(N) for N keys",
            replies: "The number of keys that exist; a key that is given twice counts twice.",
            since: "0.1.0"),
        CommandSpec(
            .keys, "KEYS", "[<pattern>]", 1...1, needs: "a pattern or nothing",
            "Lists every key that matches a pattern, such as user:*.", .keys, lineArity: 0...1, traits: .data,
            categories: [.keyspace, .read, .slow, .dangerous],
            replyBound: .data,
            complexity: "O(N) for N pairs of the server; a part of them each turn",
            replies: "A list of keys, in no order.",
            errors: "Inside `EXEC`, an error if there are more than 10,000 pairs; a pattern longer than 128 KiB.",
            since: "0.1.0"),
        CommandSpec(
            .scan, "SCAN", "<cursor> [MATCH <pattern>|PREFIX <prefix>] [COUNT <count>] [TYPE <type>]",
            1...CommandSpec.any,
            needs: "a cursor, 0 at first", "Lists some keys after a cursor, and the next cursor; 0 ends the scan.",
            .keys, lineArity: 1...7, traits: [.data, .local], categories: [.keyspace, .read, .slow], replyBound: .data,
            complexity: "O(1) for each call, O(N) for N pairs for a whole scan",
            replies:
                "A list of two: the next cursor, and a list of keys (a line: one list that begins with the cursor). A key that exists throughout is returned at least once.",
            errors: "`ERR invalid cursor`; a syntax error for an unknown option.",
            since: "0.1.0"),
        CommandSpec(
            .range, "RANGE", "PREFIX <prefix>|FROM <key> [TO <key>] [AFTER <key>] [LIMIT <count>] [REVERSE] [VALUES]",
            2...CommandSpec.any, needs: "PREFIX and a prefix, or FROM and a key",
            "Lists keys in byte order, from a key on or with a prefix; needs the setting storage.index.", .keys,
            lineArity: 2...10, traits: .data, categories: [.keyspace, .read, .slow], replyBound: .data,
            complexity: "O(log(N) + M) for N pairs and M listed keys",
            replies: "A list of keys; with `VALUES` each is followed by its value.",
            errors:
                "`ERR RANGE needs the ordered index: …` without it, `ERR The index is being built: …` until it is there.",
            since: "0.1.0"),
        CommandSpec(
            .randomkey, "RANDOMKEY", "Returns a random key.", .keys, traits: [.data, .local],
            categories: [.keyspace, .read, .slow],
            answer: .value, replyBound: .value,
            replies: "A key; null (a line: `ERROR: Key not found`) if there is none.",
            since: "0.1.0"),
        CommandSpec(
            .rename, "RENAME", "<key> <new key>", 2...2, needs: "a key and its new name",
            "Renames a key and replaces the new key.", .keys, keys: .two.used(.both, later: .write),
            traits: [.data, .change],
            categories: [.keyspace, .write, .slow],
            complexity: "O(N) for N bytes of the value", replies: "`OK`.", errors: "`ERR no such key`.",
            since: "0.1.0"),
        CommandSpec(
            .renamenx, "RENAMENX", "<key> <new key>", 2...2, needs: "a key and its new name",
            "Renames a key if the new key does not exist.", .keys, keys: .two.used(.both, later: .write),
            traits: [.data, .change],
            categories: [.keyspace, .write, .fast],
            complexity: "O(N) for N bytes of the value",
            replies:
                "1 if the key was renamed, 0 if the new key exists (a line: `OK`, `ERROR: Not renamed: the new key exists`).",
            errors: "`ERR no such key`.",
            since: "0.1.0"),
        CommandSpec(
            .copy, "COPY", "<key> <new key> [DB 0] [REPLACE]", 2...CommandSpec.any,
            needs: "a key, and the key to copy it to",
            "Copies a value to another key; REPLACE also if that key exists.",
            .keys, lineArity: 2...5, keys: .two.used(.read, later: .write), traits: [.data, .change],
            categories: [.keyspace, .write, .slow],
            complexity: "O(N) for N bytes of the value",
            replies:
                "1 if the value was copied, otherwise 0 (a line: `OK`, `ERROR: Not copied: the new key exists`, `ERROR: Key not found`).",
            errors:
                "`ERR source and destination objects are the same`; `ERR DB index is out of range` for another database than 0.",
            since: "0.1.0"),
        CommandSpec(
            .object, "OBJECT", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Describes how Redis would store a value.",
            .keys, traits: .hidden, categories: [.slow], since: "0.1.0"),
        CommandSpec(
            .objectEncoding, "ENCODING", of: .object, "<key>", 1...1, needs: "a key",
            "Returns int, embstr or raw, as Redis would store the value.", .keys, keys: .second.used(.read),
            traits: .data,
            categories: [.keyspace, .read, .slow],
            answer: .value,
            replies: "`int`, `embstr` or `raw`; null if the key does not exist.",
            since: "0.1.0"),
        CommandSpec(
            .objectRefcount, "REFCOUNT", of: .object, "<key>", 1...1, needs: "a key", "Returns 1.", .keys,
            keys: .second.used(.read),
            traits: .data, categories: [.keyspace, .read, .slow], answer: .value,
            replies: "1; null if the key does not exist.",
            since: "0.1.0"),
        CommandSpec(
            .objectHelp, "HELP", of: .object, "Shows the usage of OBJECT.", .keys, traits: .hidden,
            categories: [.keyspace, .slow],
            replyBound: .bytes(1024),
            replies: "A list of lines.",
            since: "0.1.0"),
        CommandSpec(
            .memory, "MEMORY", nil, 1...CommandSpec.any, needs: "a subcommand", "Shows the memory of a key.", .keys,
            categories: [.slow], since: "0.1.0"),
        CommandSpec(
            .memoryUsage, "USAGE", of: .memory, "<key> [SAMPLES <count>]", 1...CommandSpec.any, needs: "a key",
            "Returns the bytes of memory that a key and its value take.", .keys, keys: .second.used(.read),
            traits: .data,
            categories: [.read, .slow],
            answer: .value,
            replies: "Bytes, with the pair's share of the table; null if the key does not exist.",
            since: "0.1.0"),
        CommandSpec(
            .memoryHelp, "HELP", of: .memory, "Shows the usage of MEMORY.", .keys, traits: .hidden,
            categories: [.slow],
            replyBound: .bytes(1024),
            replies: "A list of lines.",
            since: "0.1.0"),
        CommandSpec(
            .dbsize, "DBSIZE", "Counts the pairs.", .keys, traits: [.data, .hidden],
            categories: [.keyspace, .read, .fast, .monitor],

            replies: "A number.",
            since: "0.1.0"),
        CommandSpec(
            .count, "COUNT", "Counts the pairs.", .keys, traits: .data,
            categories: [.keyspace, .read, .fast, .monitor],
            replies: "A number.",
            since: "0.1.0"),
        CommandSpec(
            .flushall, "FLUSHALL", "[ASYNC|SYNC]", 0...CommandSpec.any, needs: "ASYNC, SYNC or nothing",
            "Removes every pair.", .keys, lineArity: 0...1, traits: [.data, .change, .shrink, .clears],
            categories: [.keyspace, .write, .slow, .dangerous, .clear],

            complexity: "O(1); memory is freed later, in steps", replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .flushdb, "FLUSHDB", "[ASYNC|SYNC]", 0...CommandSpec.any, needs: "ASYNC, SYNC or nothing",
            "Removes every pair.", .keys, lineArity: 0...1, traits: [.data, .change, .shrink, .clears, .hidden],
            categories: [.keyspace, .write, .slow, .dangerous, .clear],

            complexity: "O(1); memory is freed later, in steps", replies: "`OK`.",
            since: "0.1.0"),
    ]
}
