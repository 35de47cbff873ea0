// Commands about the server.

import Bytes
import Reactor
import Wire

let serverCommands: [Command] = [
    Command(
        "HELP", .server, 0...0, usage: "HELP", summary: "The commands."
    ) { _, session, replies in
        let commands = session.commands.commands
        replies.writer.list(commands.count)
        for command in commands { replies.writer.text(command.usage + "  " + command.summary) }
        replies.writer.endList()
    },
    Command(
        "STATS", .server, 0...0, usage: "STATS", summary: "What the server holds and has done."
    ) { _, session, replies in
        let figures = session.server.figures
        replies.writer.map(figures.count)
        for (name, value) in figures {
            if replies.writer.isLine {
                replies.writer.text(name + " " + value)
            } else {
                replies.writer.pair(name, value)
            }
        }
        replies.writer.endList()
    },
    Command(
        "TIME", .connection, 0...0, usage: "TIME", summary: "Unix time: seconds, and microseconds within the second."
    ) { _, session, replies in
        let time = WallClock.microseconds
        replies.writer.list(2)
        replies.writer.text(String(time / 1_000_000))
        replies.writer.text(String(time % 1_000_000))
        replies.writer.endList()
    },
    Command(
        "INFO", .server, 0...Command.any, usage: "INFO [<section> …]", needs: "sections or nothing",
        summary: "For Redis tools: what STATS says, in their words."
    ) { arguments, session, replies in
        guard arguments.count - 1 <= wordLimit else {
            return replies.fail(.tooMany("sections", count: arguments.count - 1, limit: wordLimit))
        }
        var sections: [String] = []
        // No section has a long name.
        for index in 1..<arguments.count where arguments[index].count <= session.server.limits.echoSize {
            sections.append(String(arguments[index]).lowercased())
        }
        if sections.isEmpty, arguments.count > 1 { sections = [""] }
        replies.writer.verbatim(session.server.information(sections: sections))
    },
    Command(
        "CONFIG", .server, 1...Command.any, usage: "CONFIG GET <pattern> …", needs: "GET and a pattern",
        summary: "For Redis tools: the settings that they ask for.", run: config),
    Command(
        "COMMAND", .server, 0...Command.any, usage: "COMMAND [COUNT|INFO <name> …|DOCS]",
        needs: "a subcommand or nothing",
        summary: "For Redis clients: the commands, described.", run: command),
]

/// Words that a request about the server may have: far more than there are sections, settings or commands.
private let wordLimit = 1024

private func config(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard arguments[1].equalsIgnoringCase("GET") else {
        return replies.fail(.unknownSubcommand("CONFIG", arguments[1], echoSize: session.server.limits.echoSize))
    }
    guard arguments.count > 2 else { return replies.fail(.wrongArity("config|get")) }
    guard arguments.count - 2 <= wordLimit else {
        return replies.fail(.tooMany("patterns", count: arguments.count - 2, limit: wordLimit))
    }
    var size = 0
    for index in 2..<arguments.count { size += arguments[index].count }
    // All of them together, as they are matched in one turn.
    guard size <= GlobPattern.sizeLimit else { return replies.fail(.patternTooLong(size: size)) }
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
    replies.writer.map(found.count)
    for (name, value) in found { replies.writer.pair(name, value) }
    replies.writer.endList()
}

private func command(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let table = session.commands
    guard arguments.count > 1 else {
        replies.writer.list(table.commands.count)
        for command in table.commands { replies.writer.append(command) }
        return replies.writer.endList()
    }
    if arguments[1].equalsIgnoringCase("COUNT") {
        guard arguments.count == 2 else { return replies.fail(.wrongArity("command|count")) }
        replies.writer.integer(table.commands.count)
    } else if arguments[1].equalsIgnoringCase("DOCS") {
        replies.writer.map(0)
        replies.writer.endList()
    } else if arguments[1].equalsIgnoringCase("INFO") {
        guard arguments.count - 2 <= wordLimit else {
            return replies.fail(.tooMany("names", count: arguments.count - 2, limit: wordLimit))
        }
        replies.writer.list(arguments.count - 2)
        for index in 2..<arguments.count {
            if let found = table.index(of: arguments[index]) {
                replies.writer.append(table.commands[found])
            } else if replies.writer.isLine {
                replies.writer.error(ReplyError("Unknown command"))
            } else {
                replies.writer.missing()
            }
        }
        replies.writer.endList()
    } else {
        replies.fail(.unknownSubcommand("COMMAND", arguments[1], echoSize: session.server.limits.echoSize))
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
