// Commands about the connection itself.

extension Catalog {
    static let connection: [CommandSpec] = [
        CommandSpec(
            .ping, "PING", "[<text>]", 0...1, needs: "a text or nothing", "Returns PONG, or the text.", .connection,
            form: .rest(afterWords: 0), categories: [.fast, .connection], replyBound: .request,
            replies: "`PONG`, or the text.",
            since: "0.1.0"),
        CommandSpec(
            .echo, "ECHO", "<text>", 1...1, needs: "a text", "Returns the text.", .connection,
            form: .rest(afterWords: 0),
            categories: [.fast, .connection], replyBound: .request,
            replies: "The text.",
            since: "0.1.0"),
        CommandSpec(
            .quit, "QUIT", "", 0...CommandSpec.any, needs: "no arguments", "Closes the connection.", .connection,
            lineArity: 0...0,
            traits: [.connection, .hidden], categories: [.fast, .connection],
            replies: "`OK`, then the connection is closed.",
            since: "0.1.0"),
        CommandSpec(
            .reset, "RESET", "Resets the connection to its initial state: no name, RESP2, replies on, no transaction.",
            .connection,
            traits: [.connection, .hidden], categories: [.fast, .connection],
            replies: "`RESET`.",
            since: "0.1.0"),
        CommandSpec(
            .auth, "AUTH", "[<user>] <password>", 1...CommandSpec.any, needs: "a password",
            "Logs in, by a password or a token; without a user as default, or as the one that a token names.",
            .connection, traits: [.connection, .later, .hidden], categories: [.fast, .connection],
            complexity: "O(1), some 300 ms by a worker for a password that was not checked before",
            replies: "`OK`.",
            errors: "`WRONGPASS` whatever was wrong, and not at once; too many logins that are being checked.",
            since: "0.1.0"),
        CommandSpec(
            .select, "SELECT", "0", 1...1, needs: "a database number",
            "Selects a database, for Redis clients: 0 is the only one.", .connection, traits: [.connection, .hidden],
            categories: [.fast, .connection],

            replies: "`OK`.", errors: "`ERR DB index is out of range` for another than 0.",
            since: "0.1.0"),
        CommandSpec(
            .hello, "HELLO", "[2|3 [AUTH <user> <password>] [SETNAME <name>]]", 0...CommandSpec.any,
            needs: "a protocol version or nothing",
            "Selects the RESP version, logs in, and describes the server, for Redis clients.", .connection,
            traits: [.connection, .hidden],
            categories: [.fast, .connection],
            answer: .pairs,
            replies: "A map: server, version, proto, id, mode, role, modules.",
            errors: "`NOPROTO unsupported protocol version`; those of `AUTH`.",
            since: "0.1.0"),
        CommandSpec(
            .client, "CLIENT", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Shows or sets a property of this connection.", .connection, traits: [.connection, .hidden],
            categories: [.slow],
            since: "0.1.0"),
        CommandSpec(
            .clientID, "ID", of: .client, "Returns the connection's number.", .connection, traits: .connection,
            categories: [.slow, .connection],

            replies: "A number that no other connection of this start has.",
            since: "0.1.0"),
        CommandSpec(
            .clientGetName, "GETNAME", of: .client, "Returns the connection's name, as set by SETNAME.", .connection,
            traits: .connection,
            categories: [.slow, .connection],

            replies: "The name; null (a line: an empty value) if there is none.",
            since: "0.1.0"),
        CommandSpec(
            .clientSetName, "SETNAME", of: .client, "<name>", 1...1, needs: "a name",
            "Sets the connection's name.", .connection, traits: .connection, categories: [.slow, .connection],

            replies: "`OK`.", errors: "A name with blanks or control characters.",
            since: "0.1.0"),
        CommandSpec(
            .clientSetInfo, "SETINFO", of: .client, "<attribute> <value>", 2...2, needs: "an attribute and a value",
            "Is accepted and ignored, for Redis clients.", .connection, traits: .connection,
            categories: [.slow, .connection],

            replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .clientInfo, "INFO", of: .client, "Describes this connection.", .connection,
            traits: .connection, categories: [.slow, .connection], answer: .text, replyBound: .bytes(1024),
            replies: "A text: one line of `CLIENT LIST`.",
            since: "0.1.0"),
        CommandSpec(
            .clientList, "LIST", of: .client, "[TYPE <type>|ID <id> …]", 0...CommandSpec.any,
            needs: "TYPE and a type, ID and numbers, or nothing", "Lists the connections.",
            .connection,
            categories: [.admin, .slow, .dangerous, .connection, .monitor], answer: .text, replyBound: .data,
            complexity: "O(N) for N connections",
            replies:
                "A text (a line: a list): a line for each connection, with `id`, `addr`, `name`, `age` and `idle` in seconds, and the bytes that it holds.",
            errors: "An unknown type; an id that is no number.",
            since: "0.1.0"),
        CommandSpec(
            .clientKill, "KILL", of: .client,
            "<host:port>|[ID <id>] [ADDR <host:port>] [TYPE <type>] [USER <user>] [SKIPME yes|no]",
            1...CommandSpec.any, needs: "an address, or options with values",
            "Closes connections; with options, returns how many.", .connection,
            traits: [.effect, .loopback],
            categories: [.admin, .slow, .dangerous, .connection, .operate],
            complexity: "O(N) for N connections",
            replies: "With an address `OK`; with options the number of connections.",
            errors: "`ERR No such client`; refused for clients of other machines.",
            since: "0.1.0"),
        CommandSpec(
            .clientReply, "REPLY", of: .client, "ON|OFF|SKIP", 1...1, needs: "ON, OFF or SKIP",
            "Turns replies on or off; SKIP drops the next one.", .connection, traits: .connection,
            categories: [.slow, .connection],
            replies: "`ON` answers `OK`, the others nothing.",
            since: "0.1.0"),
        CommandSpec(
            .clientNoEvict, "NO-EVICT", of: .client, "ON|OFF", 1...1, needs: "ON or OFF",
            "Is accepted and ignored, for Redis clients.", .connection,
            traits: [.connection, .hidden], categories: [.admin, .slow, .dangerous, .connection],
            replies: "`OK`.",
            since: "0.1.0"),
        CommandSpec(
            .clientHelp, "HELP", of: .client, "Shows the usage of CLIENT.", .connection,
            traits: [.connection, .hidden],
            categories: [.slow, .connection], replyBound: .bytes(4096),
            replies: "A list of lines.",
            since: "0.1.0"),
    ]
}
