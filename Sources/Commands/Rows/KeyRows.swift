// Commands on keys.

extension Catalog {
    static let keys: [CommandSpec] = [
        CommandSpec(
            .del, "DEL", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Removes keys.", .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all,
            traits: [.data, .change, .shrink], categories: .write,
            answer: .deleted, since: "0.1.0"),
        CommandSpec(
            .delete, "DELETE", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Removes keys.", .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all,
            traits: [.data, .change, .shrink], categories: .write,
            answer: .deleted, since: "0.1.0"),
        CommandSpec(
            .exists, "EXISTS", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Counts how many of the keys exist.", .keys, keys: .all, traits: .data, categories: .read, since: "0.1.0"),
        CommandSpec(
            .keys, "KEYS", "[<pattern>]", 1...1, needs: "a pattern or nothing",
            "Lists every key that matches a pattern, such as user:*.", .keys, lineArity: 0...1, traits: .data,
            categories: .read,
            replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .scan, "SCAN", "<cursor> [MATCH <pattern>] [COUNT <count>] [TYPE <type>]", 1...CommandSpec.any,
            needs: "a cursor, 0 at first", "Lists some keys after a cursor, and the next cursor; 0 ends the scan.",
            .keys, lineArity: 1...7, traits: [.data, .local], categories: .read, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .dbsize, "DBSIZE", "Counts the pairs.", .keys, traits: [.data, .hidden], categories: .read,
            since: "0.1.0"),
        CommandSpec(
            .count, "COUNT", "Counts the pairs.", .keys, traits: .data, categories: .read, since: "0.1.0"),
        CommandSpec(
            .flushall, "FLUSHALL", "[ASYNC|SYNC]", 0...CommandSpec.any, needs: "ASYNC, SYNC or nothing",
            "Removes every pair.", .keys, lineArity: 0...1, traits: [.data, .change, .shrink, .clears],
            categories: .write,
            since: "0.1.0"),
        CommandSpec(
            .flushdb, "FLUSHDB", "[ASYNC|SYNC]", 0...CommandSpec.any, needs: "ASYNC, SYNC or nothing",
            "Removes every pair.", .keys, lineArity: 0...1, traits: [.data, .change, .shrink, .clears, .hidden],
            categories: .write,
            since: "0.1.0"),
    ]
}
