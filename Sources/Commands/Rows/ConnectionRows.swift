// Commands about the connection itself.

extension Catalog {
    static let connection: [CommandSpec] = [
        CommandSpec(
            .ping, "PING", "[<text>]", 0...1, needs: "a text or nothing", "Returns PONG, or the text.", .connection,
            form: .rest(afterWords: 0), categories: .connection, replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .echo, "ECHO", "<text>", 1...1, needs: "a text", "Returns the text.", .connection,
            form: .rest(afterWords: 0),
            categories: .connection, replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .quit, "QUIT", "", 0...CommandSpec.any, needs: "no arguments", "Closes the connection.", .connection,
            lineArity: 0...0,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .reset, "RESET", "Resets the connection to its initial state: no name, RESP2, replies on, no transaction.",
            .connection,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .auth, "AUTH", "[<user>] <password>", 1...CommandSpec.any, needs: "a password",
            "Answers as Redis without passwords, for Redis clients.", .connection,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .select, "SELECT", "0", 1...1, needs: "a database number",
            "Selects a database, for Redis clients: 0 is the only one.", .connection, traits: [.connection, .hidden],
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .hello, "HELLO", "[2|3 [SETNAME <name>]]", 0...CommandSpec.any, needs: "a protocol version or nothing",
            "Selects the RESP version and describes the server, for Redis clients.", .connection,
            traits: [.connection, .hidden],
            categories: .connection,
            answer: .pairs, since: "0.1.0"),
        CommandSpec(
            .client, "CLIENT", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Shows or sets a property of this connection.", .connection, traits: [.connection, .hidden],
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientID, "ID", of: .client, "Returns the connection's number.", .connection, traits: .connection,
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientGetName, "GETNAME", of: .client, "Returns the connection's name, as set by SETNAME.", .connection,
            traits: .connection,
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientSetName, "SETNAME", of: .client, "<name>", 1...1, needs: "a name",
            "Sets the connection's name.", .connection, traits: .connection, categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientSetInfo, "SETINFO", of: .client, "<attribute> <value>", 2...2, needs: "an attribute and a value",
            "Is accepted and ignored, for Redis clients.", .connection, traits: .connection, categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientInfo, "INFO", of: .client, "Describes this connection.", .connection,
            traits: .connection, categories: .connection, answer: .text, replyBound: .bytes(1024), since: "0.1.0"),
        CommandSpec(
            .clientList, "LIST", of: .client, "[TYPE <type>|ID <id> …]", 0...CommandSpec.any,
            needs: "TYPE and a type, ID and numbers, or nothing", "Lists the connections.",
            .connection,
            categories: .admin, answer: .text, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .clientKill, "KILL", of: .client,
            "<host:port>|[ID <id>] [ADDR <host:port>] [TYPE <type>] [USER <user>] [SKIPME yes|no]",
            1...CommandSpec.any, needs: "an address, or options with values",
            "Closes connections; with options, returns how many.", .connection,
            traits: [.effect, .loopback],
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .clientReply, "REPLY", of: .client, "ON|OFF|SKIP", 1...1, needs: "ON, OFF or SKIP",
            "Turns replies on or off; SKIP drops the next one.", .connection, traits: .connection,
            categories: .connection, since: "0.1.0"),
        CommandSpec(
            .clientNoEvict, "NO-EVICT", of: .client, "ON|OFF", 1...1, needs: "ON or OFF",
            "Is accepted and ignored, for Redis clients.", .connection,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .clientHelp, "HELP", of: .client, "Shows the usage of CLIENT.", .connection,
            traits: [.connection, .hidden],
            categories: .connection, replyBound: .bytes(4096), since: "0.1.0"),
    ]
}
