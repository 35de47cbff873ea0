// Commands about scripts.

extension Catalog {
    // Those that only remove pairs may use the reserve of a full disk; those that add any ask for room themselves.
    private static let traits: Traits = [.data, .change, .shrink, .hidden]

    static let scripts: [CommandSpec] = [
        CommandSpec(
            .eval, "EVAL", "<script> <numkeys> [<key> …] [<argument> …]", 2...CommandSpec.any,
            needs: "a script and the number of its keys",
            "Runs one of the scripts that libraries have for locks and counters; docs/locks.md lists them.", .server,
            keys: .ofScript.used(.both),
            traits: traits, categories: [.write, .slow, .scripting], replies: "What the script returns.",
            errors: "A script that is not known; fewer keys or arguments than it reads; what its commands report.",
            since: "0.1.0"),
        CommandSpec(
            .evalsha, "EVALSHA", "<sha1> <numkeys> [<key> …] [<argument> …]", 2...CommandSpec.any,
            needs: "a script's digest and the number of its keys",
            "Runs a script that EVAL or SCRIPT LOAD has brought, named by the SHA-1 digest of its text.", .server,
            keys: .ofScript.used(.both),
            traits: traits, categories: [.write, .slow, .scripting], replies: "What the script returns.",
            errors: "`NOSCRIPT` if no such script was sent since the start; those of EVAL.", since: "0.1.0"),
        CommandSpec(
            .script, "SCRIPT", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Manages the scripts that EVALSHA runs.", .server, traits: [.effect, .hidden], categories: [.slow],
            since: "0.1.0"),
        CommandSpec(
            .scriptLoad, "LOAD", of: .script, "<script>", 1...1, needs: "a script",
            "Keeps a script for EVALSHA, and returns its digest.", .server, traits: .effect,
            categories: [.slow, .scripting],
            complexity: "O(N) for N bytes of the script", replies: "The SHA-1 digest: 40 hexadecimal digits.",
            errors: "A script that is not known.", since: "0.1.0"),
        CommandSpec(
            .scriptExists, "EXISTS", of: .script, "<sha1> …", 1...CommandSpec.any, needs: "one or more digests",
            "Tells for each digest whether EVALSHA knows its script: 1 or 0.", .server,
            categories: [.slow, .scripting],
            replyBound: .request, complexity: "O(N) for N digests", replies: "A list of 1 or 0.",
            since: "0.1.0"),
        CommandSpec(
            .scriptFlush, "FLUSH", of: .script, "[ASYNC|SYNC]", 0...1, needs: "ASYNC, SYNC or nothing",
            "Forgets the scripts.", .server, traits: .effect, categories: [.slow, .scripting], replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .scriptHelp, "HELP", of: .script, "Shows the usage of SCRIPT.", .server, traits: .hidden,
            categories: [.slow, .scripting], replyBound: .bytes(1024),
            replies: "A list of lines.", since: "0.1.0"),
    ]
}
