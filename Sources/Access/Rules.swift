// A set of rules: the commands that it allows, and the keys that it allows them for. A user has one of his own, and each
// of his roles is one. Each is judged as a whole: what a set allows for its keys says nothing about the keys of another.

import Bytes
import Commands
import Wire

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

    /// Whether the rules allow a command, its keys aside: the last rule about it counts.
    package func allow(_ spec: CommandSpec) -> Bool { commands.last { $0.isAbout(spec) }?.allows ?? false }

    /// The rules after the words of ACL ROLE SET: those of a set of rules, and `reset`.
    /// - Parameter first: the index of the first word, behind the role's name.
    /// - Throws: the first word that is wrong; nothing was changed then.
    package func applying(_ arguments: Arguments, from first: Int) throws(RuleError) -> Rules {
        var rules = self
        for index in stride(from: first, to: arguments.count, by: 1) {
            if arguments[index].equalsIgnoringCase("RESET") {
                rules = Rules()
                continue
            }
            do throws(RuleFlaw) {
                guard let word = try RuleWord(parsing: arguments[index]) else { throw .syntax }
                try rules.apply(word)
            } catch {
                throw RuleError(word: Array(arguments[index]), at: index - first, error.text)
            }
        }
        return rules
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
