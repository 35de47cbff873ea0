// The words of a usage that may come next in a request: for completion.

import Commands

extension CommandSpec {
    /// The subcommands or option words that may follow a request's first words.
    /// - Parameter words: at least the command's name. Those that are options are in any case.
    /// - Returns: in upper case, in the order of the usage; empty where a key or value is expected.
    package func words(behind words: [[UInt8]]) -> [String] {
        let subcommands = Catalog.subcommands(of: command).filter { !$0.traits.contains(.hidden) }
        if !subcommands.isEmpty {
            guard words.count > 1 else { return subcommands.map(\.name) }
            let second = words[1]
            guard let found = Catalog.subcommand(second.span, of: command) else { return [] }
            return found.words(behind: words)
        }
        return UsageArgument.next(in: parsedArguments, behind: words.dropFirst(nameCount).map { $0 })
    }
}

extension UsageArgument {
    /// The words that may come behind some arguments.
    fileprivate static func next(in usage: [UsageArgument], behind arguments: [[UInt8]]) -> [String] {
        // Required arguments have places; what follows them comes in any order.
        let places = usage.prefix { !$0.isOptional && !$0.isMultiple && $0.token == nil }
        if arguments.count < places.count { return places[arguments.count].firstWords }
        var left = Array(usage[places.count...])
        let given = arguments.dropFirst(places.count)
        if let block = left.first, block.type == "block", !block.isMultiple, block.firstWords.isEmpty {
            // Optional values that belong together, such as a start and an end.
            left.removeFirst()
            return given.isEmpty ? left.flatMap(\.firstWords) : next(in: block.parts + left, behind: Array(given))
        }
        var position = given.startIndex
        while position < given.endIndex {
            let word = String(decoding: given[position], as: UTF8.self).uppercased()
            guard let index = left.firstIndex(where: { $0.firstWords.contains(word) }) else {
                // A value of an argument that is not an option.
                position += 1
                continue
            }
            position += 1 + left[index].valueCount(behind: word)
            if !left[index].isMultiple { left.remove(at: index) }
        }
        return position > given.endIndex ? [] : left.flatMap(\.firstWords)
    }

    /// Every option word of a usage.
    static func tokens(of usage: [UsageArgument]) -> Set<String> {
        usage.reduce(into: []) { tokens, argument in
            if let token = argument.token { tokens.insert(token) }
            tokens.formUnion(UsageArgument.tokens(of: argument.parts))
        }
    }

    /// The words with which it may begin; empty if it begins with a value.
    private var firstWords: [String] {
        if let token { return [token] }
        if type == "oneof" { return parts.flatMap(\.firstWords) }
        return type == "block" ? parts.first?.firstWords ?? [] : []
    }

    /// How many values follow the word with which it begins.
    private func valueCount(behind word: String) -> Int {
        if let token { return token == word && type != "pure-token" ? 1 : 0 }
        if type == "oneof" { return parts.first { $0.firstWords.contains(word) }?.valueCount(behind: word) ?? 0 }
        return type == "block" ? parts.first?.valueCount(behind: word) ?? 0 : 0
    }
}
