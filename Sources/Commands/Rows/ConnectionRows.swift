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
    ]
}
