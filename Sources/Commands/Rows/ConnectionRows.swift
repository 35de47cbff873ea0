// Commands about the connection itself.

extension Catalog {
    static let connection: [CommandSpec] = [
        CommandSpec(
            .ping, "PING", "[<text>]", 0...1, needs: "a text or nothing", "PONG, or the text.", .connection,
            form: .rest(afterWords: 0), categories: .connection, replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .echo, "ECHO", "<text>", 1...1, needs: "a text", "The text.", .connection, form: .rest(afterWords: 0),
            categories: .connection, replyBound: .request, since: "0.1.0"),
        CommandSpec(
            .quit, "QUIT", "", 0...CommandSpec.any, needs: "no arguments", "Ends the connection.", .connection,
            lineArity: 0...0,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .reset, "RESET", "Makes the connection as it was when it began: no name, RESP2, replies.", .connection,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .auth, "AUTH", "[<user>] <password>", 1...CommandSpec.any, needs: "a password",
            "For Redis clients: there are no passwords, and one user, default.", .connection,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .select, "SELECT", "0", 1...1, needs: "a database number",
            "For Redis clients: there is one database, 0.", .connection, traits: [.connection, .hidden],
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .hello, "HELLO", "[2|3 [SETNAME <name>]]", 0...CommandSpec.any, needs: "a protocol version or nothing",
            "For Redis clients: the RESP version, and who answers.", .connection, traits: [.connection, .hidden],
            categories: .connection,
            answer: .pairs, since: "0.1.0"),
        CommandSpec(
            .client, "CLIENT", nil, 1...CommandSpec.any, needs: "a subcommand",
            "What the server knows of this connection.", .connection, traits: [.connection, .hidden],
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientID, "ID", of: .client, "The connection's number.", .connection, traits: .connection,
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientGetName, "GETNAME", of: .client, "The connection's name, as SETNAME has set it.", .connection,
            traits: .connection,
            categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientSetName, "SETNAME", of: .client, "<name>", 1...1, needs: "a name",
            "Names the connection.", .connection, traits: .connection, categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientSetInfo, "SETINFO", of: .client, "<attribute> <value>", 2...2, needs: "an attribute and a value",
            "For Redis clients: accepted and ignored.", .connection, traits: .connection, categories: .connection,
            since: "0.1.0"),
        CommandSpec(
            .clientInfo, "INFO", of: .client, "What the server knows of this connection.", .connection,
            traits: .connection, categories: .connection, answer: .text, replyBound: .bytes(1024), since: "0.1.0"),
        CommandSpec(
            .clientList, "LIST", of: .client, "[TYPE <type>|ID <id> …]", 0...CommandSpec.any,
            needs: "TYPE and a type, ID and numbers, or nothing", "What the server knows of its connections.",
            .connection,
            categories: .admin, answer: .text, replyBound: .data, since: "0.1.0"),
        CommandSpec(
            .clientKill, "KILL", of: .client,
            "<host:port>|[ID <id>] [ADDR <host:port>] [TYPE <type>] [USER <user>] [SKIPME yes|no]",
            1...CommandSpec.any, needs: "an address, or options with values",
            "Closes connections; how many were closed, where there are options.", .connection,
            traits: [.effect, .loopback],
            categories: .admin, since: "0.1.0"),
        CommandSpec(
            .clientReply, "REPLY", of: .client, "ON|OFF|SKIP", 1...1, needs: "ON, OFF or SKIP",
            "Whether requests are answered; SKIP leaves out the next reply.", .connection, traits: .connection,
            categories: .connection, since: "0.1.0"),
        CommandSpec(
            .clientNoEvict, "NO-EVICT", of: .client, "ON|OFF", 1...1, needs: "ON or OFF",
            "For Redis clients: accepted; the memory limit is the same for every connection.", .connection,
            traits: [.connection, .hidden], categories: .connection, since: "0.1.0"),
        CommandSpec(
            .clientHelp, "HELP", of: .client, "How CLIENT is used.", .connection, traits: [.connection, .hidden],
            categories: .connection, replyBound: .bytes(4096), since: "0.1.0"),
    ]
}
