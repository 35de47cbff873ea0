// The words of a set of rules: `+get`, `~orders:*`, `allkeys`.

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
