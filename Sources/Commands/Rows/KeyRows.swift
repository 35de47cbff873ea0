// Commands on keys.

extension Catalog {
    static let keys: [CommandSpec] = [
        CommandSpec(
            .del, "DEL", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Removes a key.", .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all,
            traits: [.data, .change, .shrink], categories: .write,
            answer: .deleted, since: "0.1.0"),
        CommandSpec(
            .delete, "DELETE", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "Removes a key.", .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all,
            traits: [.data, .change, .shrink], categories: .write,
            answer: .deleted, since: "0.1.0"),
        CommandSpec(
            .unlink, "UNLINK", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "For Redis clients: DEL.",
            .keys,
            lineArity: 1...1, lineArguments: "<key>", lineNeeds: "a key", keys: .all,
            traits: [.data, .change, .shrink, .hidden], categories: .write, answer: .deleted, since: "0.1.0"),
        CommandSpec(
            .touch, "TOUCH", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "For Redis clients: EXISTS.",
            .keys, keys: .all, traits: [.data, .hidden], categories: .read, since: "0.1.0"),
        CommandSpec(
            .type, "TYPE", "<key>", 1...1, needs: "a key", "string, or none where the key is not there.", .keys,
            keys: .one, traits: .data, categories: .read, since: "0.1.0"),
        CommandSpec(
            .exists, "EXISTS", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "How many of the keys are there.", .keys, keys: .all, traits: .data, categories: .read, since: "0.1.0"),
        CommandSpec(
            .keys, "KEYS", "[<pattern>]", 1...1, needs: "a pattern or nothing",
            "Every key that matches a pattern such as user:*.", .keys, lineArity: 0...1, traits: .data,
            categories: .read,
            replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .scan, "SCAN", "<cursor> [MATCH <pattern>] [COUNT <count>] [TYPE <type>]", 1...CommandSpec.any,
            needs: "a cursor, 0 at first", "Some keys, and the cursor that the next call goes on with; 0 at the end.",
            .keys, lineArity: 1...7, traits: [.data, .local], categories: .read, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .randomkey, "RANDOMKEY", "A key, as good as any.", .keys, traits: [.data, .local], categories: .read,
            answer: .value, replyBound: .value, since: "0.1.0"),
        CommandSpec(
            .rename, "RENAME", "<key> <new key>", 2...2, needs: "a key and its new name",
            "Gives a value to another key, instead of what that had.", .keys, keys: .two, traits: [.data, .change],
            categories: .write, since: "0.1.0"),
        CommandSpec(
            .renamenx, "RENAMENX", "<key> <new key>", 2...2, needs: "a key and its new name",
            "Gives a value to another key, where that is not there.", .keys, keys: .two, traits: [.data, .change],
            categories: .write, since: "0.1.0"),
        CommandSpec(
            .copy, "COPY", "<key> <new key> [DB 0] [REPLACE]", 2...CommandSpec.any,
            needs: "a key, and the key to copy it to",
            "Gives another key the same value; REPLACE also where that is there.",
            .keys, lineArity: 2...5, keys: .two, traits: [.data, .change], categories: .write, since: "0.1.0"),
        CommandSpec(
            .object, "OBJECT", nil, 1...CommandSpec.any, needs: "a subcommand", "How a value would be kept by Redis.",
            .keys, traits: .hidden, categories: .connection, since: "0.1.0"),
        CommandSpec(
            .objectEncoding, "ENCODING", of: .object, "<key>", 1...1, needs: "a key",
            "int, embstr or raw, as Redis would have it.", .keys, keys: .second, traits: .data, categories: .read,
            answer: .value, since: "0.1.0"),
        CommandSpec(
            .objectRefcount, "REFCOUNT", of: .object, "<key>", 1...1, needs: "a key", "1.", .keys, keys: .second,
            traits: .data, categories: .read, answer: .value, since: "0.1.0"),
        CommandSpec(
            .objectHelp, "HELP", of: .object, "How OBJECT is used.", .keys, traits: .hidden, categories: .connection,
            replyBound: .bytes(1024), since: "0.1.0"),
        CommandSpec(
            .memory, "MEMORY", nil, 1...CommandSpec.any, needs: "a subcommand", "What a key takes.", .keys,
            categories: .connection, since: "0.1.0"),
        CommandSpec(
            .memoryUsage, "USAGE", of: .memory, "<key> [SAMPLES <count>]", 1...CommandSpec.any, needs: "a key",
            "Bytes of memory that a key and its value take.", .keys, keys: .second, traits: .data, categories: .read,
            answer: .value, since: "0.1.0"),
        CommandSpec(
            .memoryHelp, "HELP", of: .memory, "How MEMORY is used.", .keys, traits: .hidden, categories: .connection,
            replyBound: .bytes(1024), since: "0.1.0"),
        CommandSpec(
            .dbsize, "DBSIZE", "How many pairs there are.", .keys, traits: [.data, .hidden], categories: .read,
            since: "0.1.0"),
        CommandSpec(
            .count, "COUNT", "How many pairs there are.", .keys, traits: .data, categories: .read, since: "0.1.0"),
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
