// Patterns: the compiled pattern agrees with a literal reading of Redis' rules, however often it pauses.

import Bytes

/// Checks a pattern on a text: the input up to its first zero byte, and what follows it.
func checkPattern(_ input: [UInt8]) throws(BrokenProperty) {
    let end = input.firstIndex(of: 0) ?? input.count
    try checkPattern(Array(input[..<end]), on: Array(input[end...].dropFirst()))
}

/// As above.
package func checkPattern(_ source: [UInt8], on text: [UInt8]) throws(BrokenProperty) {
    let pattern = GlobPattern(source.span)
    let expected = isMatch(source, text)
    let what = "\(shown(source)) on \(shown(text))"
    try require(pattern.matches(text.span) == expected, "\(what): expected \(expected)")
    for budget in [1, 2, 7] {
        var progress = GlobPattern.Progress()
        // No match takes more steps than this, because nothing is compared twice at the same place.
        var stepsLeft = (source.count + 1) * (text.count + 1)
        var found: Bool?
        while found == nil {
            try require(stepsLeft >= 0, "\(what): more steps than bytes times bytes")
            var steps = budget
            found = pattern.matches(text.span, &progress, steps: &steps)
            stepsLeft -= budget - steps
            try require(found != nil || steps == 0, "\(what): paused with \(steps) of \(budget) steps left")
        }
        try require(found == expected, "\(what): expected \(expected), in portions of \(budget)")
    }
    if pattern.matchesAll { try require(expected, "\(what): said to match everything") }
}

/// The result of Redis' stringmatchlen, as a table: whether the rest of the pattern matches the rest of the text, for
/// each pair of rests.
private func isMatch(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    let columns = text.count + 1
    var table = [Bool](repeating: false, count: (pattern.count + 1) * columns)
    table[pattern.count * columns + text.count] = true
    for position in stride(from: pattern.count - 1, through: 0, by: -1) {
        for index in stride(from: text.count, through: 0, by: -1) {
            let isFound: Bool
            if pattern[position] == UInt8(ascii: "*") {
                isFound =
                    table[(position + 1) * columns + index]
                    || index < text.count && table[position * columns + index + 1]
            } else if index < text.count, let next = step(pattern, position, text[index]) {
                isFound = table[next * columns + index + 1]
            } else {
                isFound = false
            }
            table[position * columns + index] = isFound
        }
    }
    return table[0]
}

/// Where the pattern goes on behind the element at `position`, if a byte is one that it stands for.
private func step(_ pattern: [UInt8], _ position: Int, _ byte: UInt8) -> Int? {
    switch pattern[position] {
    case UInt8(ascii: "?"): return position + 1
    case UInt8(ascii: "\\") where position + 1 < pattern.count:
        return pattern[position + 1] == byte ? position + 2 : nil
    case UInt8(ascii: "["): break
    default: return pattern[position] == byte ? position + 1 : nil
    }
    var rest = pattern[(position + 1)...]
    let isNegated = rest.first == UInt8(ascii: "^")
    if isNegated { rest = rest.dropFirst() }
    var isIn = false
    while let first = rest.first, first != UInt8(ascii: "]") {
        if first == UInt8(ascii: "\\"), rest.count > 1 {
            isIn = isIn || rest[rest.startIndex + 1] == byte
            rest = rest.dropFirst(2)
        } else if rest.count > 2, rest[rest.startIndex + 1] == UInt8(ascii: "-") {
            let last = rest[rest.startIndex + 2]
            isIn = isIn || min(first, last) <= byte && byte <= max(first, last)
            rest = rest.dropFirst(3)
        } else {
            isIn = isIn || first == byte
            rest = rest.dropFirst()
        }
    }
    return isIn != isNegated ? rest.dropFirst().startIndex : nil
}
