// A set of rules: the commands that it allows, and the keys that it allows them for. A user has one of his own, and each
// of his roles is one. Each is judged as a whole: what a set allows for its keys says nothing about the keys of another.

import Bytes
import Commands

/// One word of a set of rules.
package enum RuleWord: Equatable, Sendable {
    case command(CommandRule)
    case key(KeyRule)
    /// `resetkeys`.
    case resetKeys
    /// `&*` and `allchannels`, or `resetchannels`. There are no channels; the words are kept, so that tools see what
    /// they have set.
    case channels(Bool)
}

/// Why a word is not one of a set of rules.
package enum RuleFlaw: Error, Equatable {
    case syntax
    case unknownCommand
    case firstArgument
    /// A glob other than a prefix.
    case glob
    /// Blanks, control characters, or bytes that are not UTF-8.
    case characters
    /// A channel's pattern other than `&*`.
    case channel
    /// Selectors: `(…)`.
    case selector
    /// A key rule behind `~*`, which covers it.
    case covered
    /// More key rules than `Rules.keyLimit`.
    case tooManyKeys
    /// Not a SHA-256 digest.
    case hash
    /// A password that is to be removed and that the user does not have.
    case noPassword
    /// More passwords than `User.passwordLimit`, secrets than `User.secretLimit`, roles or certificates than
    /// `User.listLimit`.
    case tooManyPasswords, tooManySecrets, listTooLong
    /// Not the name of a role, or of a certificate.
    case name, certificate
    /// Not a time.
    case time

    /// The reason in words; in Redis' words where Redis has the same.
    package var text: String {
        switch self {
        case .syntax: "Syntax error"
        case .unknownCommand: "Unknown command or category name in ACL"
        case .firstArgument: "Allowing first-arg of a subcommand is not supported"
        case .glob: "A key pattern is a prefix, such as ~orders:*, or a whole key; other globs are not supported"
        case .characters: "A pattern is UTF-8 text without blanks and control characters"
        case .channel: "There are no channels: only &* is accepted"
        case .selector: "Selectors are not supported: give the user a role for each"
        case .covered:
            "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
                + "Try 'resetkeys' to start with an empty list of patterns"
        case .hash:
            "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
        case .noPassword: "The password you are trying to remove from the user does not exist"
        case .tooManyPasswords:
            "A user has at most \(User.passwordLimit) passwords: remove one first, by <password, -secret:<id> or resetpass"
        case .tooManySecrets: "A user has at most \(User.secretLimit) secrets"
        case .listTooLong: "A user has at most \(User.listLimit) roles and as many certificates"
        case .name: "A role's name is 1 to 64 letters, digits, '.', '_', '@' and '-'"
        case .certificate: "A certificate's name is cn:, dns:, email: or uri: and a name"
        case .time: "A time is like 2027-01-31T12:00:00Z, a date, Unix seconds or milliseconds, or none"
        case .tooManyKeys: "A set of rules has at most \(Rules.keyLimit) key patterns"
        }
    }
}

/// Rules in Redis' words, of a user or a role. None allow nothing.
package struct Rules: Equatable, Sendable {
    /// The most key rules of a set.
    package static let keyLimit = 1024

    /// The rules about commands, in the order in which they count; `+@all` and `-@all` come first if at all.
    package private(set) var commands: [CommandRule] = []
    /// The rules about keys.
    package private(set) var keys: [KeyRule] = []
    /// Whether `&*` was given.
    package private(set) var hasChannels = false

    /// No rules.
    package init() {}

    /// Reads rules that are separated by spaces: `+@read ~orders:*`.
    /// - Throws: the first word that is wrong, and why.
    package init(parsing text: String) throws(RuleError) {
        let words = text.utf8.split(separator: UInt8(ascii: " ")).map(Array.init)
        for (index, word) in words.enumerated() {
            do throws(RuleFlaw) {
                guard let parsed = try RuleWord(parsing: word.span) else { throw .syntax }
                try apply(parsed)
            } catch {
                throw RuleError(word: word, at: index, error.text)
            }
        }
    }

    /// Applies one word.
    package mutating func apply(_ word: RuleWord) throws(RuleFlaw) {
        switch word {
        case .command(let rule): add(rule)
        case .key(let rule): try add(rule)
        case .resetKeys: keys = []
        case .channels(let all): hasChannels = all
        }
    }

    private mutating func add(_ rule: CommandRule) {
        if rule.subject == .all {
            commands = rule.allows ? [rule] : []
        } else {
            commands.removeAll { $0.isReplaced(by: rule) }
            commands.append(rule)
        }
    }

    private mutating func add(_ rule: KeyRule) throws(RuleFlaw) {
        if rule == .all {
            keys = [rule]
            return
        }
        guard !keys.contains(.all) else { throw .covered }
        if let index = keys.firstIndex(where: { $0.key == rule.key && $0.isPrefix == rule.isPrefix }) {
            keys[index].access.formUnion(rule.access)
        } else {
            guard keys.count < Rules.keyLimit else { throw .tooManyKeys }
            keys.append(rule)
        }
    }

    /// The rows that the rules allow.
    package var rows: RowSet {
        commands.reduce(RowSet()) { $1.allows ? $0.union($1.rows) : $0.subtracting($1.rows) }
    }

    // MARK: Texts

    /// The rules as they are kept: `+@read ~orders:*`; empty if there are none.
    package var text: String {
        (commands.map(\.text) + keys.map(\.text) + (hasChannels ? ["&*"] : [])).joined(separator: " ")
    }

    /// The commands in Redis' form, which begins with `+@all` or `-@all`.
    package var commandsText: String {
        let isAll = commands.first?.subject == .all
        return ((isAll ? [] : ["-@all"]) + commands.map(\.text)).joined(separator: " ")
    }

    /// The keys in Redis' form, separated by spaces.
    package var keysText: String { keys.map(\.text).joined(separator: " ") }

    /// The channels in Redis' form.
    package var channelsText: String { hasChannels ? "&*" : "" }
}

extension RuleWord {
    /// Reads a word.
    /// - Returns: nil if it is not one of a set of rules.
    package init?(parsing word: Span<UInt8>) throws(RuleFlaw) {
        guard word.count > 0 else { return nil }
        switch word[0] {
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            self = .command(try RuleWord.commandRule(word))
        case UInt8(ascii: "~"), UInt8(ascii: "%"):
            self = .key(try RuleWord.keyRule(word))
        case UInt8(ascii: "&"):
            guard word.count == 2, word[1] == UInt8(ascii: "*") else { throw .channel }
            self = .channels(true)
        case UInt8(ascii: "("): throw .selector
        default: self.init(named: word)
        }
    }

    private init?(named word: Span<UInt8>) {
        switch String(word).lowercased() {
        case "allcommands": self = .command(CommandRule(allows: true, .all))
        case "nocommands": self = .command(CommandRule(allows: false, .all))
        case "allkeys": self = .key(.all)
        case "resetkeys": self = .resetKeys
        case "allchannels": self = .channels(true)
        case "resetchannels": self = .channels(false)
        default: return nil
        }
    }

    private static func commandRule(_ word: Span<UInt8>) throws(RuleFlaw) -> CommandRule {
        do throws(CommandRule.Flaw) {
            return try CommandRule(parsing: word)
        } catch {
            switch error {
            case .syntax: throw .syntax
            case .unknown: throw .unknownCommand
            case .firstArgument: throw .firstArgument
            }
        }
    }

    private static func keyRule(_ word: Span<UInt8>) throws(RuleFlaw) -> KeyRule {
        do throws(KeyRule.Flaw) {
            return try KeyRule(parsing: word)
        } catch {
            switch error {
            case .syntax: throw .syntax
            case .characters: throw .characters
            case .glob: throw .glob
            }
        }
    }
}

/// A word of ACL SETUSER that was refused, and nothing was changed. Secrets are not in it, nor words that may be ones.
package struct RuleError: Error, Equatable {
    /// The word; a placeholder where it is, or may be, a secret.
    package let word: String
    /// Why, without a full stop.
    package let reason: String

    /// - Parameter index: the word's, from 0.
    init(word: [UInt8], at index: Int, _ reason: String) {
        self.word = RuleError.shown(word, at: index)
        self.reason = reason
    }

    /// The error as Redis says it.
    package var text: String { "Error in ACL SETUSER modifier '\(word)': \(reason)" }

    /// The word without secrets: only words that begin as rules do are shown, 64 bytes of them at most.
    private static func shown(_ word: [UInt8], at index: Int) -> String {
        switch word.first {
        case UInt8(ascii: ">"), UInt8(ascii: "<"): return "\(Unicode.Scalar(word[0]))(password)"
        case UInt8(ascii: "#"), UInt8(ascii: "!"): return "\(Unicode.Scalar(word[0]))(hash)"
        default: break
        }
        let isKnown =
            word.first.map { "+-~%&(".utf8.contains($0) } == true
            || ["role:", "cert:", "until:", "needs:"].contains { word.starts(with: $0.utf8) }
        guard isKnown else { return "word \(index + 1)" }
        let text = String(decoding: word.prefix(64), as: UTF8.self).terminalSafe
        return word.count > 64 ? text + "…" : text
    }
}
