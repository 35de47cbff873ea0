import Commands
import Wire

/// Requests for every row of the catalog.
package enum CatalogRequests {
    /// Lends a request's arguments.
    package static func lend<Result>(_ words: [[UInt8]], _ body: (Arguments) throws -> Result) rethrows -> Result {
        var (bytes, slices): ([UInt8], [Slice]) = ([], [])
        for word in words {
            slices.append(Slice(offset: bytes.count, size: word.count))
            bytes += word
        }
        return try body(Arguments(slices.span, in: bytes.span))
    }

    /// A request of a row.
    /// - Parameters:
    ///   - keys: the keys, as far as the row takes them.
    ///   - option: an argument behind all others.
    package static func request(_ spec: CommandSpec, keys: [[UInt8]], option: String? = nil) -> [[UInt8]] {
        var words = spec.fullName.split(separator: " ").map { Array($0.utf8) }
        let filler = Array("1".utf8)
        let rule = spec.keys
        if rule == .none {
            for _ in 0..<spec.arity.lowerBound { words.append(filler) }
            return words
        }
        let count = rule.last > 0 ? (rule.last - rule.first) / rule.step + 1 : keys.count
        let used = (0..<count).map { keys[$0 % keys.count] }
        while words.count < rule.first { words.append(filler) }
        if rule.isCounted { words[rule.first - 1] = Array("\(count)".utf8) }
        for key in used {
            words.append(key)
            for _ in 1..<max(rule.step, 1) { words.append(filler) }
        }
        while words.count < spec.nameCount + spec.arity.lowerBound { words.append(filler) }
        if let option { words.append(Array(option.utf8)) }
        return words
    }

    /// How many keys a row takes: 0, 1, 2, or any number.
    package static func takesSeveral(_ spec: CommandSpec) -> Bool {
        spec.keys != .none && spec.keys != .one && spec.keys.last != spec.keys.first
    }
}
