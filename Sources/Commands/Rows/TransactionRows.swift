// Commands about transactions.

extension Catalog {
    static let transactions: [CommandSpec] = [
        CommandSpec(
            .multi, "MULTI", "Begins a transaction: later requests are queued until EXEC.", .connection,
            traits: .connection, categories: [.fast, .transaction],
            replies: "`OK`.", errors: "`ERR MULTI calls can not be nested`.",
            since: "0.1.0"),
        CommandSpec(
            .exec, "EXEC", "", 0...0, needs: "no arguments",
            "Runs the queued requests as one atomic change, and lists their replies.", .connection,
            traits: .connection, categories: [.slow, .transaction], replyBound: .data,
            complexity: "That of the queued requests together",
            replies:
                "The list of their replies; null (a line: `ERROR: Not run: a watched key has changed`) if a watched key has changed. A failed request does not undo the others.",
            errors:
                "`ERR EXEC without MULTI`; `EXECABORT` if a request was refused when it was queued, or all of them cannot run now.",
            since: "0.1.0"),
        CommandSpec(
            .discard, "DISCARD", "Drops the queued requests, and ends the transaction.", .connection,
            traits: .connection, categories: [.fast, .transaction],
            replies: "`OK`.", errors: "`ERR DISCARD without MULTI`.",
            since: "0.1.0"),
        CommandSpec(
            .watch, "WATCH", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Makes the next EXEC run only if none of the keys has changed.", .connection, keys: .all.used(.read),
            traits: [.data, .connection], categories: [.fast, .transaction],
            complexity: "O(N) for N keys", replies: "`OK`.",
            errors: "`ERR WATCH inside MULTI is not allowed`; more than 10,000 watched keys.",
            since: "0.1.0"),
        CommandSpec(
            .unwatch, "UNWATCH", "Forgets the watched keys.", .connection, traits: .connection,
            categories: [.fast, .transaction],
            complexity: "O(N) for N watched keys", replies: "`OK`.",
            since: "0.1.0"),
    ]
}
