// Commands about the server.

import Bytes
import Reactor
import Wire

let serverCommands: [Command] = [
    Command(
        "HELP", .server, 0...0, usage: "HELP", summary: "The commands."
    ) { _, session in
        let commands = session.server.commands.commands
        session.reply.list(commands.count)
        for command in commands { session.reply.text(command.usage + "  " + command.summary) }
        session.reply.endList()
    },
    Command(
        "STATS", .server, 0...0, usage: "STATS", summary: "What the server holds and has done."
    ) { _, session in
        let figures = session.server.figures
        session.reply.map(figures.count)
        for (name, value) in figures {
            if session.reply.isLine { session.reply.text(name + " " + value) } else { session.reply.pair(name, value) }
        }
        session.reply.endList()
    },
    Command(
        "TIME", .connection, 0...0, usage: "TIME", summary: "Unix time: seconds, and microseconds within the second."
    ) { _, session in
        let time = WallClock.microseconds
        session.reply.list(2)
        session.reply.text(String(time / 1_000_000))
        session.reply.text(String(time % 1_000_000))
        session.reply.endList()
    },
    Command(
        "INFO", .server, 0...Command.any, usage: "INFO [<section> …]", needs: "sections or nothing",
        summary: "For Redis tools: what STATS says, in their words."
    ) { arguments, session in
        var sections: [String] = []
        for index in 1..<arguments.count { sections.append(String(arguments[index]).lowercased()) }
        session.reply.verbatim(session.server.information(sections: sections))
    },
    Command(
        "CONFIG", .server, 1...Command.any, usage: "CONFIG GET <pattern> …", needs: "GET and a pattern",
        summary: "For Redis tools: the settings that they ask for.", run: config),
    Command(
        "COMMAND", .server, 0...Command.any, usage: "COMMAND [COUNT|INFO <name> …|DOCS]",
        needs: "a subcommand or nothing",
        summary: "For Redis clients: the commands, described.", run: command),
]

private func config(_ arguments: Arguments, _ session: Session) {
    guard arguments[1].equalsIgnoringCase("GET") else {
        return session.fail(.unknownSubcommand("CONFIG", arguments[1], echoSize: session.server.limits.echoSize))
    }
    guard arguments.count > 2 else { return session.fail(.wrongArity("config|get")) }
    var patterns: [GlobPattern] = []
    for index in 2..<arguments.count {
        let pattern = Array(String(arguments[index]).lowercased().utf8)
        patterns.append(GlobPattern(pattern.span))
    }
    var found: [(String, String)] = []
    for (name, value) in session.server.redisSettings {
        let bytes = Array(name.utf8)
        if patterns.contains(where: { $0.matches(bytes.span) }) { found.append((name, value)) }
    }
    session.reply.map(found.count)
    for (name, value) in found { session.reply.pair(name, value) }
    session.reply.endList()
}

private func command(_ arguments: Arguments, _ session: Session) {
    let table = session.server.commands
    guard arguments.count > 1 else {
        session.reply.list(table.commands.count)
        for command in table.commands { session.reply.append(command) }
        return session.reply.endList()
    }
    if arguments[1].equalsIgnoringCase("COUNT") {
        guard arguments.count == 2 else { return session.fail(.wrongArity("command|count")) }
        session.reply.integer(table.commands.count)
    } else if arguments[1].equalsIgnoringCase("DOCS") {
        session.reply.map(0)
        session.reply.endList()
    } else if arguments[1].equalsIgnoringCase("INFO") {
        session.reply.list(arguments.count - 2)
        for index in 2..<arguments.count {
            if let found = table.index(of: arguments[index]) {
                session.reply.append(table.commands[found])
            } else if session.reply.isLine {
                session.reply.error(ReplyError("Unknown command"))
            } else {
                session.reply.missing()
            }
        }
        session.reply.endList()
    } else {
        session.fail(.unknownSubcommand("COMMAND", arguments[1], echoSize: session.server.limits.echoSize))
    }
}

extension ReplyWriter {
    /// A row as the COMMAND of Redis 7 describes it; in the line dialect, its name.
    fileprivate mutating func append(_ command: Command) {
        guard !isLine else { return text(command.name) }
        list(10)
        text(command.name.lowercased())
        integer(command.redisArity)
        list(1)
        text(command.kind.rawValue)
        integer(command.keys.first)
        integer(command.keys.last)
        integer(command.keys.step)
        list(1)
        text(command.kind.category)
        // Tips, key specifications and subcommands.
        for _ in 0..<3 { list(0) }
    }
}
