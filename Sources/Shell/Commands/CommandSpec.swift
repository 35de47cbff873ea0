// What puffin-cli knows of a command of the server: enough to help with it, to split a line, to complete it, and to say
// what its reply means.

import Wire

/// One of the server's commands, as a client sees it.
package struct CommandSpec: Sendable {
    /// Which arguments are keys.
    package enum Keys: Sendable {
        case none
        case first
        case all
        case everySecond
    }

    /// What a reply is.
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

    /// In upper case.
    package let name: String
    /// What may follow the name, as help shows it: `<key> <value>`.
    package let arguments: String
    /// In words: `a key and a value`.
    package let needs: String
    package let summary: String
    /// How many arguments may follow the name.
    package let count: ClosedRange<Int>
    /// How the arguments of a line are found.
    package let form: LineForm
    package let keys: Keys
    package let answer: Answer
    /// Whether it changes data, so that a sequence number can be asked for afterwards.
    package let changes: Bool
    /// Whether it removes every pair.
    package let clears: Bool
    /// Whether it is for Redis clients or for servers, so that help need not show it.
    package let isHidden: Bool

    init(
        _ name: String, _ arguments: String, _ count: ClosedRange<Int>, needs: String,
        _ summary: String, form: LineForm = .words, keys: Keys = .none, answer: Answer = .plain,
        changes: Bool = false, clears: Bool = false, isHidden: Bool = false
    ) {
        self.name = name
        self.arguments = arguments
        self.count = count
        self.needs = needs
        self.summary = summary
        self.form = form
        self.keys = keys
        self.answer = answer
        self.changes = changes
        self.clears = clears
        self.isHidden = isHidden
    }

    /// A command that takes no arguments.
    init(_ name: String, _ summary: String, answer: Answer = .plain, isHidden: Bool = false) {
        self.init(name, "", 0...0, needs: "no arguments", summary, answer: answer, isHidden: isHidden)
    }

    /// As a line of the protocol has it: `SET <key> <value>`.
    package var usage: String { arguments.isEmpty ? name : "\(name) \(arguments)" }

    /// As many as the server takes.
    static let any = 65_535

    /// The request as RESP wants it: there KEYS needs a pattern.
    package func completed(_ arguments: [[UInt8]]) -> [[UInt8]] {
        name == "KEYS" && arguments.count == 1 ? arguments + [Array("*".utf8)] : arguments
    }

    /// Whether argument `index`, the name being 0, is a key.
    package func isKey(_ index: Int) -> Bool {
        switch keys {
        case .none: false
        case .first: index == 1
        case .all: index >= 1
        case .everySecond: index % 2 == 1
        }
    }

    /// The one key of a request; nil where it has none, or several.
    package func key(of arguments: [[UInt8]]) -> [UInt8]? {
        switch keys {
        case .first where arguments.count > 1: arguments[1]
        case .all where arguments.count == 2: arguments[1]
        case .everySecond where arguments.count == 3: arguments[1]
        default: nil
        }
    }

    /// Whether the reply is a few bytes, however large the data is: then many such requests may be on their way at once.
    package var hasShortReply: Bool { changes || CommandSpec.short.contains(name) }

    private static let short: Set<String> = [
        "EXISTS", "COUNT", "DBSIZE", "SEQ", "TIME", "STATS", "COMPACT", "ROLE", "PROMOTE", "DEMOTE", "FOLLOW",
        "FOLLOWER",
        "HANDOVER", "WAIT", "WAITAOF",
    ]
}
