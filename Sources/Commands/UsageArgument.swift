// The usage of a command is its grammar: it is read once, for those who want to know its arguments one by one.
//
//     sequence = item *( " " item )
//     item     = ( "[" choice "]" / choice ) [ " …" ]       … repeats what is before it, back to the first that a value can be
//     choice   = sequence *( "|" sequence )                  without brackets, of single words, or of tokens with a value each
//     word     = "<" name ">" / TOKEN

/// An argument of a command, as COMMAND DOCS tells of it.
package struct UsageArgument: Equatable, Sendable {
    /// In lower case: `key`, `ifeq`.
    package let name: String
    /// Redis' types: `key`, `string`, `integer`, `pattern`, `pure-token`, `oneof`, `block`.
    package let type: String
    /// The word that it begins with, or is.
    package var token: String?
    package var isOptional = false
    package var isMultiple = false
    /// Of `oneof` and `block`.
    package var parts: [UsageArgument] = []
}

extension CommandSpec {
    /// The arguments, one by one; none where subcommands follow.
    package var parsedArguments: [UsageArgument] {
        guard Catalog.subcommands(of: command).isEmpty else { return [] }
        var reader = UsageReader(arguments)
        return reader.sequence()
    }
}

/// Reads a usage from the left to the right.
private struct UsageReader {
    private var words: [String]
    private var index = 0

    init(_ usage: String) {
        // A name may hold a bar: <0|1>.
        var words: [String] = []
        var word = ""
        var isInName = false
        func end() -> String? { word.isEmpty ? nil : word }
        for character in usage {
            switch character {
            case "<": isInName = true
            case ">": isInName = false
            default: break
            }
            if !isInName, "[]|…".contains(character) {
                if let word = end() { words.append(word) }
                words.append(String(character))
                word = ""
            } else if !isInName, character == " " {
                if let word = end() { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if let word = end() { words.append(word) }
        self.words = words
    }

    private var next: String? { index < words.count ? words[index] : nil }

    private mutating func take(_ word: String) -> Bool {
        guard next == word else { return false }
        index += 1
        return true
    }

    /// Reads up to the end, or to what ends a choice or its brackets.
    mutating func sequence() -> [UsageArgument] {
        var found: [UsageArgument] = []
        while let word = next, word != "]", word != "|" {
            if take("…") {
                repeatLast(&found)
            } else if take("[") {
                var argument = choice()
                _ = take("]")
                argument.isOptional = true
                found.append(argument)
            } else {
                index += 1
                let haveValues = isValue(at: index) && words.indices.contains(index + 1) && words[index + 1] == "|"
                var alternatives = [alternative(word, hasValue: haveValues && !isInBrackets)]
                // Words without brackets.
                while words.indices.contains(index + 1), next == "|", words[index + 1] != "[", !isInBrackets {
                    index += 2
                    alternatives.append(alternative(words[index - 1], hasValue: haveValues && isValue(at: index)))
                }
                found.append(alternatives.count == 1 ? alternatives[0] : oneOf(alternatives))
            }
        }
        return found.count > 1 ? joined(found) : found
    }

    private var depth: Int {
        words[..<index].reduce(0) { $0 + ($1 == "[" ? 1 : $1 == "]" ? -1 : 0) }
    }

    private var isInBrackets: Bool { depth > 0 }

    /// Reads what is in brackets.
    private mutating func choice() -> UsageArgument {
        var alternatives = [block(sequence())]
        while take("|") { alternatives.append(block(sequence())) }
        return alternatives.count == 1 ? alternatives[0] : oneOf(alternatives)
    }

    private func oneOf(_ alternatives: [UsageArgument]) -> UsageArgument {
        UsageArgument(name: alternatives[0].name, type: "oneof", parts: alternatives)
    }

    private func block(_ parts: [UsageArgument]) -> UsageArgument {
        parts.count == 1 ? parts[0] : UsageArgument(name: parts.first?.name ?? "", type: "block", parts: parts)
    }

    private func isValue(at index: Int) -> Bool { words.indices.contains(index) && words[index].hasPrefix("<") }

    /// A word, or a token with the value behind it.
    private mutating func alternative(_ word: String, hasValue: Bool) -> UsageArgument {
        guard hasValue, !word.hasPrefix("<"), let value = next else { return single(word) }
        index += 1
        return block(joined([single(word), single(value)]))
    }

    private func single(_ word: String) -> UsageArgument {
        guard word.hasPrefix("<") else {
            let isNumber = word.allSatisfy { $0.isNumber }
            return isNumber
                ? UsageArgument(name: word, type: "integer")
                : UsageArgument(name: word.lowercased(), type: "pure-token", token: word)
        }
        let name = String(word.dropFirst().dropLast())
        let type =
            switch name {
            case "key", "new key": "key"
            case "pattern": "pattern"
            case "count", "increment", "decrement", "offset", "start", "end", "cursor", "seq", "seconds",
                "milliseconds",
                "unix seconds", "unix milliseconds", "numkeys", "id", "0|1":
                "integer"
            default: "string"
            }
        return UsageArgument(name: name, type: type)
    }

    /// A token and the value behind it are one argument: `COUNT <count>`.
    private func joined(_ found: [UsageArgument]) -> [UsageArgument] {
        var joined: [UsageArgument] = []
        for argument in found {
            if let last = joined.last, last.type == "pure-token", !last.isOptional, argument.token == nil,
                argument.parts.isEmpty, !argument.isOptional
            {
                joined[joined.count - 1] = UsageArgument(
                    name: last.name, type: argument.type, token: last.token, isMultiple: argument.isMultiple)
            } else {
                joined.append(argument)
            }
        }
        return joined
    }

    /// `<key> <value> …` repeats both, `<key> …` the one.
    private func repeatLast(_ found: inout [UsageArgument]) {
        guard let last = found.last else { return }
        if last.name == "value", found.count > 1 {
            let pair = Array(found.suffix(2))
            found.removeLast(2)
            found.append(UsageArgument(name: "data", type: "block", isMultiple: true, parts: pair))
        } else {
            found[found.count - 1].isMultiple = true
        }
    }
}
