// Why words of rules and of users are refused, in Redis' words where Redis has the same error.

import Bytes

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
