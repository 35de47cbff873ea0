// Prepares the command line for the argument parser, so that any command of the server can be named: in any case,
// whether puffin-cli knows it or not, with negative numbers among its arguments.

/// A command line that makes no sense.
package struct RoutingError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// The rule: the first word that is neither an option nor an option's value is the command. A command that puffin-cli
/// does not know is sent to the server unchanged, as `send` does.
package struct Routing: Sendable {
    /// The words that the argument parser knows as commands, in lower case.
    let commands: Set<String>
    /// Options with a value, without dashes, that may precede the command.
    let valued: Set<String>
    /// Options, without dashes, that are an action themselves.
    let actions: Set<String>
    /// Spells a word so that the parser takes it for a value.
    let disguise: @Sendable (String) -> String

    package init(
        commands: Set<String>, valued: Set<String>, actions: Set<String>,
        disguise: @escaping @Sendable (String) -> String
    ) {
        self.commands = commands
        self.valued = valued
        self.actions = actions
        self.disguise = disguise
    }

    /// The arguments for the parser.
    /// - Throws: `RoutingError` if a command follows an option that is an action.
    package func routed(_ arguments: [String]) throws(RoutingError) -> [String] {
        let isForParser =
            arguments.first?.hasPrefix("---") == true
            || arguments.contains { $0.hasPrefix("--generate-completion-script") || $0.hasPrefix("--experimental-") }
        if isForParser { return arguments }
        var index = 0
        var action: String?
        while index < arguments.count, arguments[index].first == "-", arguments[index] != "-", arguments[index] != "--"
        {
            let name = String(arguments[index].drop { $0 == "-" })
            let word = String(name.prefix { $0 != "=" })
            if actions.contains(word) { action = action ?? arguments[index] }
            index += valued.contains(name) ? 2 : 1
        }
        guard index < arguments.count else { return arguments }
        if let action {
            throw RoutingError(description: "\(action) and the command \"\(arguments[index])\" cannot be combined")
        }
        return try Array(arguments[..<index]) + command(Array(arguments[index...]))
    }

    /// The command and its arguments.
    private func command(_ words: [String]) throws(RoutingError) -> [String] {
        let name = words[0].lowercased()
        if name == "help", words.count > 1, !commands.contains(words[1].lowercased()), !words[1].hasPrefix("-") {
            let match = nearest(to: words[1], among: commands.sorted()).map { "; did you mean \($0)?" } ?? ""
            throw RoutingError(
                description:
                    "puffin-cli has no help for \"\(words[1])\", and would send it to the server as it is\(match)")
        }
        let isKnown = commands.contains(name) && words[0] != "--"
        var routed = isKnown ? [name] : ["send"]
        var isVerbatim = false
        for word in isKnown ? words.dropFirst() : words[...] {
            if isVerbatim {
                routed.append(word == "-" ? disguise(word) : word)
            } else if name == "help" {
                routed.append(word.lowercased())
            } else {
                isVerbatim = word == "--"
                routed.append(isNegativeNumber(word) ? disguise(word) : word)
            }
        }
        return routed
    }

    private func isNegativeNumber(_ word: String) -> Bool {
        guard word.first == "-", let next = word.dropFirst().first else { return false }
        return next.isNumber && next.isASCII || next == "." && word.count > 2
    }
}
