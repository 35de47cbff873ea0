// Commands on values.

extension Catalog {
    static let strings: [CommandSpec] = [
        CommandSpec(
            .get, "GET", "<key>", 1...1, needs: "a key", "Returns the value of a key.", .strings, keys: .one,
            traits: .data,
            categories: .read,
            answer: .value, replyBound: .value, since: "0.1.0"),
        CommandSpec(
            .set, "SET", "<key> <value>", 2...CommandSpec.any, needs: "a key and a value",
            "Sets a key to a value.", .strings, lineArity: 2...2, form: .rest(afterWords: 1), keys: .one,
            traits: [.data, .change, .storesValues], categories: .write, since: "0.1.0"),
        CommandSpec(
            .mget, "MGET", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Returns the values of several keys.",
            .strings, keys: .all, traits: .data, categories: .read, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .mset, "MSET", "<key> <value> …", 2...CommandSpec.any, needs: "keys and values, one after the other",
            "Sets several keys in one atomic change.", .strings, keys: .everySecond,
            traits: [.data, .change, .storesValues], categories: .write, since: "0.1.0"),
    ]
}
