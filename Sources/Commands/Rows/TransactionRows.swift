// Commands about transactions.

extension Catalog {
    static let transactions: [CommandSpec] = [
        CommandSpec(
            .multi, "MULTI", "Begins a transaction: later requests are queued until EXEC.", .connection,
            traits: .connection, categories: .connection, since: "0.1.0"),
        CommandSpec(
            .exec, "EXEC", "", 0...0, needs: "no arguments",
            "Runs the queued requests as one atomic change, and lists their replies.", .connection,
            traits: .connection, categories: .connection, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .discard, "DISCARD", "Drops the queued requests, and ends the transaction.", .connection,
            traits: .connection, categories: .connection, since: "0.1.0"),
        CommandSpec(
            .watch, "WATCH", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Makes the next EXEC run only if none of the keys has changed.", .connection, keys: .all,
            traits: [.data, .connection], categories: .read, since: "0.1.0"),
        CommandSpec(
            .unwatch, "UNWATCH", "Forgets the watched keys.", .connection, traits: .connection,
            categories: .connection, since: "0.1.0"),
    ]
}
