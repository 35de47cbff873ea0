// Commands for tests of the server itself. They run only if the setting server.debug_commands allows it.

extension Catalog {
    static let debug: [CommandSpec] = [
        CommandSpec(
            .debug, "DEBUG", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Commands for tests, if server.debug_commands allows them.", .server,
            traits: [.effect, .later, .loopback, .hidden, .noMulti], categories: [.admin, .slow, .dangerous],
            since: "0.1.0"),
        CommandSpec(
            .debugDigest, "DIGEST", of: .debug, "Returns Redis' digest of all pairs; other requests wait meanwhile.",
            .server, categories: [.admin, .slow, .dangerous], complexity: "O(N) for N pairs",
            replies: "40 hexadecimal digits.",
            since: "0.1.0"),
        CommandSpec(
            .debugDigestValue, "DIGEST-VALUE", of: .debug, "<key> …", 0...CommandSpec.any, needs: "keys",
            "Returns Redis' digests of the values of keys.", .server,
            keys: Keys(first: 2, last: -1, step: 1).used(.read),
            traits: .data, categories: [.admin, .slow, .dangerous], replyBound: .data, complexity: "O(N) for N keys",
            replies: "A list of 40 hexadecimal digits each; zeros for a key that does not exist.", since: "0.1.0"),
        CommandSpec(
            .debugLoadAOF, "LOADAOF", of: .debug, "Drops all pairs from memory, and loads them from the files.",
            .server, traits: [.effect, .later], categories: [.admin, .slow, .dangerous],
            complexity: "O(N) for N pairs and changes in the files",
            replies: "`OK`.", errors: "The server has a leader or followers; the files cannot be loaded.",
            since: "0.1.0"),
        CommandSpec(
            .debugLog, "LOG", of: .debug, "<text>", 1...1, needs: "a text", "Writes a text to the server's log.",
            .server, traits: .effect, categories: [.admin, .slow, .dangerous], replies: "`OK`.", since: "0.1.0"),
        CommandSpec(
            .debugProtocol, "PROTOCOL", of: .debug, "<type>", 1...1, needs: "a type of reply",
            "Returns a reply of a RESP type, for tests of client libraries.", .server,
            categories: [.admin, .slow, .dangerous], replies: "An example of the type.",
            errors: "A type that is unknown; any in lines.",
            since: "0.1.0"),
        CommandSpec(
            .debugReload, "RELOAD", of: .debug, "[NOSAVE]", 0...CommandSpec.any, needs: "NOSAVE or nothing",
            "Runs COMPACT, then does as LOADAOF; NOSAVE omits COMPACT.", .server,
            traits: [.effect, .later], categories: [.admin, .slow, .dangerous],
            complexity: "O(N) for N pairs and changes in the files",
            replies: "`OK`.", errors: "Those of LOADAOF.", since: "0.1.0"),
        CommandSpec(
            .debugSetActiveExpire, "SET-ACTIVE-EXPIRE", of: .debug, "0|1", 1...1, needs: "0 or 1",
            "Stops or resumes the removal of expired pairs; reads never return them.", .server,
            traits: .effect, categories: [.admin, .slow, .dangerous], replies: "`OK`.", since: "0.1.0"),
        CommandSpec(
            .debugSleep, "SLEEP", of: .debug, "<seconds>", 1...1, needs: "a number of seconds",
            "Stops the server's thread for this time.", .server, traits: .effect,
            categories: [.admin, .slow, .dangerous],
            replies: "`OK`.", since: "0.1.0"),
        CommandSpec(
            .debugHelp, "HELP", of: .debug, "Shows the usage of DEBUG.", .server, traits: .hidden,
            categories: [.admin, .slow, .dangerous],
            replyBound: .bytes(2048), replies: "A list of lines.", since: "0.1.0"),
    ]
}
