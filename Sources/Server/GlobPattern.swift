/// A pattern as KEYS, SCAN and CONFIG GET take it: `*` any run of bytes, `?` any byte, `[a-z]` `[^a-z]` one of a set,
/// `\` takes the next byte literally. Matching is linear in text times pattern, also for patterns of many stars.
struct GlobPattern {
    private let pattern: [UInt8]

    init(_ pattern: Span<UInt8>) {
        self.pattern = [UInt8](pattern)
    }

    /// Whether every text matches.
    var matchesAll: Bool { pattern == [UInt8(ascii: "*")] }

    func matches(_ text: Span<UInt8>) -> Bool {
        var position = 0
        var index = 0
        // Where to go on after a mismatch: the last star, and the first byte it does not yet cover.
        var retry: (pattern: Int, text: Int)?
        while index < text.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                position += 1
                retry = (position, index)
            } else if let next = matchOne(text[index], at: position) {
                position = next
                index += 1
            } else if let star = retry {
                position = star.pattern
                index = star.text + 1
                retry = (star.pattern, index)
            } else {
                return false
            }
        }
        while position < pattern.count, pattern[position] == UInt8(ascii: "*") { position += 1 }
        return position == pattern.count
    }

    /// The position after the element that matches `byte`; nil where it does not.
    private func matchOne(_ byte: UInt8, at position: Int) -> Int? {
        guard position < pattern.count else { return nil }
        switch pattern[position] {
        case UInt8(ascii: "?"):
            return position + 1
        case UInt8(ascii: "["):
            return matchSet(byte, at: position + 1)
        case UInt8(ascii: "\\") where position + 1 < pattern.count:
            return pattern[position + 1] == byte ? position + 2 : nil
        case let literal:
            return literal == byte ? position + 1 : nil
        }
    }

    /// As Redis reads a set: a missing `]` ends it with the pattern.
    private func matchSet(_ byte: UInt8, at start: Int) -> Int? {
        var position = start
        let isNegated = position < pattern.count && pattern[position] == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var isFound = false
        while position < pattern.count, pattern[position] != UInt8(ascii: "]") {
            if pattern[position] == UInt8(ascii: "\\"), position + 1 < pattern.count { position += 1 }
            let low = pattern[position]
            if position + 2 < pattern.count, pattern[position + 1] == UInt8(ascii: "-") {
                let high = pattern[position + 2]
                if min(low, high) <= byte && byte <= max(low, high) { isFound = true }
                position += 3
            } else {
                if low == byte { isFound = true }
                position += 1
            }
        }
        return isFound != isNegated ? min(position + 1, pattern.count) : nil
    }
}
