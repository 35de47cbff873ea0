// What the server says of its commands: HELP for people, COMMAND for Redis clients.

import Bytes
import Commands
import Wire

enum DescriptionHandlers {
    static func help(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.list(Catalog.commands.count)
        for spec in Catalog.commands { replies.writer.text(spec.lineUsage + "  " + spec.summary) }
        replies.writer.endList()
    }

    static func commands(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count == 1 else { return runSubcommand(arguments, session, &replies) }
        replies.writer.list(Catalog.commands.count)
        for spec in Catalog.commands { replies.writer.append(spec) }
        replies.writer.endList()
    }

    static func count(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.integer(Catalog.commands.count)
    }

    static func documentation(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.map(0)
        replies.writer.endList()
    }

    static func information(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count - 2 <= ServerHandlers.wordLimit else {
            return replies.fail(.tooMany("names", count: arguments.count - 2, limit: ServerHandlers.wordLimit))
        }
        replies.writer.list(arguments.count - 2)
        for index in 2..<arguments.count {
            if let spec = Catalog.find(arguments[index]) {
                replies.writer.append(spec)
            } else if replies.writer.isLine {
                replies.writer.error(ReplyError("Unknown command"))
            } else {
                replies.writer.missing()
            }
        }
        replies.writer.endList()
    }
}

extension ReplyWriter {
    /// A row as the COMMAND of Redis 7 describes it; in the line dialect, its name.
    fileprivate mutating func append(_ spec: CommandSpec) {
        guard !isLine else { return text(spec.name) }
        list(10)
        text(spec.redisName)
        integer(spec.redisArity)
        list(1)
        text(spec.redisFlag)
        integer(spec.keys.first)
        integer(spec.keys.last)
        integer(spec.keys.step)
        let categories = spec.categories.names
        list(categories.count)
        for category in categories { text(category) }
        // Tips, key specifications and subcommands.
        for _ in 0..<3 { list(0) }
    }
}
