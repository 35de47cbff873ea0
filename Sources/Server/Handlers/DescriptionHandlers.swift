// Descriptions of the commands: HELP for people, COMMAND for Redis clients.

import Bytes
import Commands
import Wire

enum DescriptionHandlers {
    static func help(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count == 1 else { return explain(arguments, session, &replies) }
        replies.writer.list(Catalog.commands.count)
        for spec in Catalog.commands { replies.writer.text(spec.lineUsage + "  " + spec.summary) }
        replies.writer.endList()
    }

    /// HELP of one command or subcommand.
    private static func explain(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let command = Catalog.find(arguments[1]) else {
            return replies.fail(.unknownOption("There is no command", arguments[1], session))
        }
        var spec = command
        if arguments.count == 3 {
            guard let found = Catalog.subcommand(arguments[2], of: command.command) else {
                return replies.fail(.unknownOption("\(command.name) has no subcommand", arguments[2], session))
            }
            spec = found
        }
        let lines = spec.help
        replies.writer.list(lines.count)
        for line in lines { replies.writer.text(line) }
        replies.writer.endList()
    }

    /// HELP of a command's subcommands.
    static func subcommandHelp(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let command = Catalog.find(arguments[0])?.command
        let shown = command.map(Catalog.subcommands)?.filter { !$0.traits.contains(.hidden) } ?? []
        replies.writer.list(shown.count)
        for spec in shown {
            let summary = spec.summary.prefix(1).lowercased() + spec.summary.dropFirst().dropLast()
            replies.writer.text("\(spec.usage): \(summary)")
        }
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
        guard arguments.count - 2 <= ServerHandlers.wordLimit else {
            return replies.fail(.tooMany("names", count: arguments.count - 2, limit: ServerHandlers.wordLimit))
        }
        var shown: [CommandSpec] = []
        for index in 2..<arguments.count {
            if let spec = Catalog.find(arguments[index]) { shown.append(spec) }
        }
        if arguments.count == 2 { shown = Catalog.commands }
        replies.writer.map(shown.count)
        for spec in shown {
            replies.writer.text(spec.redisName)
            replies.writer.append(documentOf: spec)
        }
        replies.writer.endList()
    }

    static func names(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var shown = Catalog.rows
        if arguments.count > 2 {
            guard arguments.count == 5, arguments[2].equalsIgnoringCase("FILTERBY") else {
                return replies.fail(.misused(.commandList))
            }
            let value = arguments[4]
            if arguments[3].equalsIgnoringCase("MODULE") {
                shown = []
            } else if arguments[3].equalsIgnoringCase("ACLCAT") {
                let category = "@" + String(value).lowercased()
                shown = Catalog.rows.filter { $0.categories.names.contains(category) }
            } else if arguments[3].equalsIgnoringCase("PATTERN") {
                guard value.count <= GlobPattern.sizeLimit else {
                    return replies.fail(.patternTooLong(size: value.count))
                }
                let text = Array(String(value).lowercased().utf8)
                let pattern = GlobPattern(text.span)
                shown = Catalog.rows.filter { spec in
                    let name = Array(spec.redisName.utf8)
                    return pattern.matches(name.span)
                }
            } else {
                return replies.fail(.misused(.commandList))
            }
        }
        replies.writer.list(shown.count)
        for spec in shown { replies.writer.text(replies.writer.isLine ? spec.fullName : spec.redisName) }
        replies.writer.endList()
    }

    static func keys(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let command = Catalog.find(arguments[2]) else {
            return replies.fail(ReplyError("Invalid command specified"))
        }
        let spec = Catalog.subcommand(arguments[3], of: command.command) ?? command
        let count = arguments.count - 2
        guard spec.arity.contains(count - spec.nameCount) else {
            return replies.fail(ReplyError("Invalid number of arguments specified for command"))
        }
        guard spec.keys != .none else { return replies.fail(ReplyError("The command has no key arguments")) }
        guard let places = spec.keys.indices(in: arguments, names: 2) else {
            return replies.fail(ReplyError("Invalid arguments specified for command"))
        }
        replies.writer.list(Array(places).count)
        for place in places { replies.writer.value(arguments[place + 2]) }
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
    /// A row in the format of Redis 7's COMMAND; in the line dialect, its name.
    fileprivate mutating func append(_ spec: CommandSpec) {
        guard !isLine else { return text(spec.name) }
        list(10)
        text(spec.redisName)
        integer(spec.redisArity)
        // Where a request says how many keys it has, Redis has no fixed positions.
        let keys = spec.keys.isCounted ? .none : spec.keys
        list(spec.keys.isCounted ? 2 : 1)
        text(spec.redisFlag)
        if spec.keys.isCounted { text("movablekeys") }
        integer(keys.first)
        integer(keys.last)
        integer(keys.step)
        let categories = spec.categories.names
        list(categories.count)
        for category in categories { text(category) }
        // Tips, key specifications and subcommands.
        for _ in 0..<3 { list(0) }
    }

    /// A row in the format of Redis 7's COMMAND DOCS; in the line dialect, its summary.
    fileprivate mutating func append(documentOf spec: CommandSpec) {
        guard !isLine else { return text(spec.summary) }
        let arguments = spec.parsedArguments
        map(4 + (arguments.isEmpty ? 0 : 1))
        pair("summary", spec.summary)
        pair("since", spec.since)
        pair("group", spec.group.redisName)
        pair("complexity", spec.complexity)
        guard !arguments.isEmpty else { return }
        text("arguments")
        append(arguments)
    }

    private mutating func append(_ arguments: [UsageArgument]) {
        list(arguments.count)
        for argument in arguments {
            let flagCount = (argument.isOptional ? 1 : 0) + (argument.isMultiple ? 1 : 0)
            map(2 + (argument.token == nil ? 0 : 1) + (flagCount > 0 ? 1 : 0) + (argument.parts.isEmpty ? 0 : 1))
            pair("name", argument.name)
            pair("type", argument.type)
            if let token = argument.token { pair("token", token) }
            if flagCount > 0 {
                text("flags")
                // redis-cli exits if these are not simple strings.
                list(flagCount)
                if argument.isOptional { simple("optional") }
                if argument.isMultiple { simple("multiple") }
            }
            if !argument.parts.isEmpty {
                text("arguments")
                append(argument.parts)
            }
        }
    }
}

extension CommandSpec.Group {
    /// Redis' name of the group.
    fileprivate var redisName: String {
        switch self {
        case .strings: "string"
        case .keys: "generic"
        case .connection: "connection"
        case .server, .replication: "server"
        }
    }
}
