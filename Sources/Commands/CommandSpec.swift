// The description of a command. The server checks requests against it and answers HELP and COMMAND from it; clients
// route and retry by it; puffin-cli takes help, completion and output from it; a table of docs/protocol.md is generated
// from it.

import Wire

/// A row of the catalog.
package struct CommandSpec: Sendable {
    /// The group of a command in HELP.
    package enum Group: String, CaseIterable, Sendable {
        case strings, keys, connection, server, replication
    }

    /// How puffin-cli shows a reply.
    package enum Answer: Sendable {
        /// `OK`, a number, a text: shown unchanged.
        case plain
        /// A value; a null means that the key does not exist.
        case value
        /// The number of deleted keys; for one key, whether it existed.
        case deleted
        /// Alternating names and values.
        case pairs
        /// A list of lists, each shown as a line.
        case rows
        /// A text of several lines.
        case text
    }

    /// The largest size of a reply that is not an error.
    package enum ReplyBound: Equatable, Sendable {
        /// This many bytes, whatever is stored.
        case bytes(Int)
        /// The size of the request.
        case request
        /// One stored value.
        case value
        /// Grows with the keys that are requested or stored.
        case data

        /// `OK`, a number, a short text.
        package static let short = ReplyBound.bytes(256)
    }

    package let command: Command
    /// In upper case; for a subcommand, without the command's name.
    package let name: String
    /// For a subcommand, the command that it belongs to. A request is first looked up and checked as that command.
    package let parent: Command?
    package let group: Group
    /// A sentence.
    package let summary: String
    /// The arguments in words, for errors: `a key and a value`.
    package let needs: String
    /// The number of arguments after the name, or both names, in RESP. Where Redis accepts any number and reports
    /// errors later, so does Puffin.
    package let arity: ClosedRange<Int>
    /// The same for a line; and in words.
    package let lineArity: ClosedRange<Int>
    package let lineNeeds: String
    /// The positions of the keys, counting all names as arguments.
    package let keys: Keys
    package let traits: Traits
    package let categories: Categories
    package let answer: Answer
    /// Of a request without `valueOption`.
    package let replyBound: ReplyBound
    /// The option with which the reply is a stored value; nil if there is none.
    package let valueOption: String?
    /// The first version that has the command.
    package let since: String
    /// The time that it takes, in O notation and words.
    package let complexity: String
    /// What it answers, in RESP and, if that differs, in a line. In Markdown, sentences; empty if subcommands answer.
    package let replies: String
    /// The errors that are its own, in the same way; nil if there are none.
    package let errors: String?
    /// What follows the name in RESP and in a line; nil if subcommands do.
    private let shownArguments: (resp: String, line: String)?
    private let form: LineForm

    /// - Parameters:
    ///   - name: in upper case; for a subcommand, its own.
    ///   - arguments: what follows the name; nil if subcommands do.
    ///   - parent: for a subcommand, its command. Key positions count both names.
    ///   - lineArity: the number of arguments after the name in a line, if it differs from RESP.
    ///   - form: how a line's arguments are found; a subcommand uses its command's.
    ///   - lineArguments: what follows the name in a line, if it differs; and in words.
    init(
        _ command: Command, _ name: String, of parent: Command? = nil, _ arguments: String?,
        _ arity: ClosedRange<Int>, needs: String, _ summary: String, _ group: Group,
        lineArity: ClosedRange<Int>? = nil, form: LineForm = .words, lineArguments: String? = nil,
        lineNeeds: String? = nil, keys: Keys = .none, traits: Traits = [], categories: Categories,
        answer: Answer = .plain, replyBound: ReplyBound = .short, valueOption: String? = nil,
        complexity: String = "O(1)", replies: String = "", errors: String? = nil, since: String
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
        self.valueOption = valueOption
        self.since = since
        self.complexity = complexity
        self.replies = replies
        self.errors = errors
        shownArguments = arguments.map { ($0, lineArguments ?? $0) }
        self.form = form
    }

    /// A command without arguments.
    init(
        _ command: Command, _ name: String, of parent: Command? = nil, _ summary: String, _ group: Group,
        traits: Traits = [], categories: Categories, answer: Answer = .plain, replyBound: ReplyBound = .short,
        complexity: String = "O(1)", replies: String = "", errors: String? = nil, since: String
    ) {
        self.init(
            command, name, of: parent, "", 0...0, needs: "no arguments", summary, group, traits: traits,
            categories: categories, answer: answer, replyBound: replyBound, complexity: complexity, replies: replies,
            errors: errors, since: since)
    }

    /// As many arguments as the request limits allow.
    static let any = Int(Int32.max)

    // MARK: Usage

    /// How the arguments of a line are found.
    package var lineForm: LineForm { parent?.spec.form ?? form }

    /// What follows the name: `<key> <value>`.
    package var arguments: String { shownArguments?.resp ?? subcommandUsage }

    /// A whole request: `SET <key> <value>`.
    package var usage: String { usage(arguments) }

    /// The same in a line.
    package var lineUsage: String { usage(shownArguments?.line ?? subcommandUsage) }

    private func usage(_ arguments: String) -> String { arguments.isEmpty ? fullName : "\(fullName) \(arguments)" }

    /// `ADD|REMOVE <host:port>`, `GET [<count>]|LEN`, or `[COUNT|DOCS]` if they are optional.
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

    /// The number of names that a request begins with, one or two.
    package var nameCount: Int { parent == nil ? 1 : 2 }

    /// With the command's name, for a subcommand: `CONFIG GET`.
    package var fullName: String { parent.map { "\($0.spec.name) \(name)" } ?? name }

    /// As Redis names it in errors and figures: `get`, `config|get`.
    package var redisName: String { fullName.lowercased().split(separator: " ").joined(separator: "|") }

    // MARK: In Redis' terms

    /// The arity as Redis counts it: names included, negative if more arguments may follow.
    package var redisArity: Int {
        let least = arity.lowerBound + nameCount
        return arity.lowerBound == arity.upperBound ? least : -least
    }

    /// The flag that COMMAND shows.
    package var redisFlag: String {
        if traits.contains(.change) { return "write" }
        if traits.contains(.data) { return "readonly" }
        if categories.contains(.admin) { return "admin" }
        return categories.contains(.fast) ? "fast" : "loading"
    }
}
