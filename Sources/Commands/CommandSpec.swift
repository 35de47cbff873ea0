// The description of a command. The server checks requests against it and answers HELP and COMMAND with it, clients route and
// repeat requests by it, puffin-cli explains, completes and prints by it, and a table of docs/protocol.md is made of it.

import Wire

/// A row of the catalog.
package struct CommandSpec: Sendable {
    /// What a command is about.
    package enum Group: String, CaseIterable, Sendable {
        case strings, keys, connection, server, replication
    }

    /// What a reply is to a person.
    package enum Answer: Sendable {
        /// `OK`, a number, a text: shown as it is.
        case plain
        /// A value; nothing means that there is no such key.
        case value
        /// How many keys were deleted; of one key, whether it was there.
        case deleted
        /// Names and values in turns.
        case pairs
        /// A list of lists, each of which is a line.
        case rows
        /// A text of several lines for people.
        case text
    }

    /// The largest size of a reply that is no error.
    package enum ReplyBound: Equatable, Sendable {
        /// So many bytes, whatever is stored.
        case bytes(Int)
        /// As many as its request.
        case request
        /// One stored value.
        case value
        /// It grows with the keys that are asked for or stored.
        case data

        /// `OK`, a number, a short text.
        package static let short = ReplyBound.bytes(256)
    }

    package let command: Command
    /// In upper case; of a subcommand, without the command's.
    package let name: String
    /// Of a subcommand, the command that it belongs to. Its request is found and checked as one of that command first.
    package let parent: Command?
    package let group: Group
    /// A sentence.
    package let summary: String
    /// What may follow the name, in words: `a key and a value`.
    package let needs: String
    /// How many arguments may follow the name, or both names, in RESP. Where Redis takes any number and finds fault with them
    /// later, so does Puffin.
    package let arity: ClosedRange<Int>
    /// The same in a line; and in words.
    package let lineArity: ClosedRange<Int>
    package let lineNeeds: String
    /// Where the keys are, all names being counted as arguments.
    package let keys: Keys
    package let traits: Traits
    package let categories: Categories
    package let answer: Answer
    package let replyBound: ReplyBound
    /// The first version that has it.
    package let since: String
    /// What follows the name in RESP, and in a line; nil where subcommands do.
    private let shownArguments: (resp: String, line: String)?
    private let form: LineForm

    /// - Parameters:
    ///   - name: in upper case; of a subcommand, its own.
    ///   - arguments: what follows the name; nil where subcommands do.
    ///   - parent: of a subcommand, its command. The keys' places count both names.
    ///   - lineArity: how many arguments may follow the name in a line, where that differs from RESP.
    ///   - form: how the arguments of a line are found; of a subcommand, as its command says.
    ///   - lineArguments: what follows the name in a line, where that differs; and in words.
    init(
        _ command: Command, _ name: String, of parent: Command? = nil, _ arguments: String?,
        _ arity: ClosedRange<Int>, needs: String, _ summary: String, _ group: Group,
        lineArity: ClosedRange<Int>? = nil, form: LineForm = .words, lineArguments: String? = nil,
        lineNeeds: String? = nil, keys: Keys = .none, traits: Traits = [], categories: Categories,
        answer: Answer = .plain, replyBound: ReplyBound = .short, since: String
    ) {
        self.command = command
        self.name = name
        self.parent = parent
        self.group = group
        self.summary = summary
        self.needs = needs
        self.arity = arity
        self.lineArity = lineArity ?? arity
        self.lineNeeds = lineNeeds ?? needs
        self.keys = keys
        self.traits = traits
        self.categories = categories
        self.answer = answer
        self.replyBound = replyBound
        self.since = since
        shownArguments = arguments.map { ($0, lineArguments ?? $0) }
        self.form = form
    }

    /// A command without arguments.
    init(
        _ command: Command, _ name: String, of parent: Command? = nil, _ summary: String, _ group: Group,
        traits: Traits = [], categories: Categories, answer: Answer = .plain, replyBound: ReplyBound = .short,
        since: String
    ) {
        self.init(
            command, name, of: parent, "", 0...0, needs: "no arguments", summary, group, traits: traits,
            categories: categories, answer: answer, replyBound: replyBound, since: since)
    }

    /// As many arguments as the limits of a request allow.
    static let any = Int(Int32.max)

    // MARK: Usage

    /// How the arguments of a line are found.
    package var lineForm: LineForm { parent?.spec.form ?? form }

    /// What follows the name: `<key> <value>`.
    package var arguments: String { shownArguments?.resp ?? subcommandUsage }

    /// A whole request: `SET <key> <value>`.
    package var usage: String { usage(arguments) }

    /// The same as a line has it.
    package var lineUsage: String { usage(shownArguments?.line ?? subcommandUsage) }

    private func usage(_ arguments: String) -> String { arguments.isEmpty ? fullName : "\(fullName) \(arguments)" }

    /// `ADD|REMOVE <host:port>`, `GET [<count>]|LEN`, or, where there need be none, `[COUNT|DOCS]`.
    private var subcommandUsage: String {
        let shown = Catalog.subcommands(of: command).filter { !$0.traits.contains(.hidden) }
        let arguments = Set(shown.map(\.arguments))
        let choice =
            if arguments.count == 1, let common = arguments.first, !common.isEmpty {
                shown.map(\.name).joined(separator: "|") + " " + common
            } else {
                shown.map { $0.arguments.isEmpty ? $0.name : "\($0.name) \($0.arguments)" }.joined(separator: "|")
            }
        return arity.lowerBound == 0 ? "[\(choice)]" : choice
    }

    // MARK: Names

    /// The names that a request begins with, one or two.
    package var nameCount: Int { parent == nil ? 1 : 2 }

    /// With the command's, of a subcommand: `CONFIG GET`.
    package var fullName: String { parent.map { "\($0.spec.name) \(name)" } ?? name }

    /// As Redis names it in errors and figures: `get`, `config|get`.
    package var redisName: String { fullName.lowercased().split(separator: " ").joined(separator: "|") }

    // MARK: In Redis' terms

    /// The arity as Redis counts it: the names included, negative where more may follow.
    package var redisArity: Int {
        let least = arity.lowerBound + nameCount
        return arity.lowerBound == arity.upperBound ? least : -least
    }

    /// The flag that COMMAND tells of it.
    package var redisFlag: String {
        if traits.contains(.change) { return "write" }
        if traits.contains(.data) { return "readonly" }
        return categories.contains(.connection) ? "fast" : "admin"
    }
}
