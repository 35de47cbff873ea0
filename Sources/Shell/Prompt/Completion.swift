// What the Tab key completes at a position in a line of the prompt.

import Bytes
import Commands
import Wire

/// What can be completed at the cursor.
package enum Completion: Equatable, Sendable {
    /// The name of a command with this prefix.
    case command(prefix: String)
    /// A topic of `help`.
    case topic(prefix: String)
    /// A key with this prefix.
    case key(prefix: String)
    /// One of these words, with this prefix.
    case word(prefix: String, [String])
    /// Nothing to complete; the command is known, and has this usage.
    case usage(String)
    case nothing

    /// - Parameters:
    ///   - line: the text before the cursor.
    ///   - locals: the prompt's own commands, with their usage.
    package init(before line: String, locals: [String: String] = [:]) {
        let words = lineWords(line)
        let isAtWordStart = line.isEmpty || line.hasSuffix(" ")
        let index = isAtWordStart ? words.count : words.count - 1
        let prefix = isAtWordStart ? "" : words[words.count - 1]
        guard index > 0 else {
            self = .command(prefix: prefix)
            return
        }
        let name = words[0].lowercased()
        if name == "help" {
            self = index == 1 ? .topic(prefix: prefix) : .nothing
        } else if let usage = locals[name] {
            self = .usage(usage)
        } else if let spec = Catalog.find(name) {
            self = Completion(spec, Array(words[..<index]), prefix)
        } else {
            self = .nothing
        }
    }

    /// - Parameter words: the words before the one at the cursor, as the line has them.
    private init(_ spec: CommandSpec, _ words: [String], _ prefix: String) {
        // An unfinished text in quotes is too ambiguous to complete.
        guard prefix.first != "\"" else {
            self = .usage(spec.usage)
            return
        }
        let request = words.map { Array($0.utf8) }
        if Catalog.find(request)?.keys.contains(words.count) == true, !prefix.isEmpty {
            self = .key(prefix: prefix)
            return
        }
        let options = spec.takesWords(behind: words) ? spec.words(behind: request) : []
        self = options.isEmpty ? .usage(spec.usage) : .word(prefix: prefix, options)
    }
}

extension CommandSpec {
    /// Whether words of a line may follow others: not inside or behind a value that is the rest of the line.
    fileprivate func takesWords(behind words: [String]) -> Bool {
        switch lineForm {
        case .words: true
        case .rest(let count): words.count <= count
        case .restOrOptions(let count):
            words.count <= count || words.count > count + 1 && words[count + 1].first == "\""
        }
    }
}

/// What to say of a line whose value ends with what would be options behind a value in quotes: `SET k v EX 60` sets `k` to
/// `v EX 60`.
/// - Returns: nil if there is nothing to say.
package func optionHint(for line: String) -> String? {
    let words = lineWords(line)
    guard let name = words.first, let spec = Catalog.find(name), case .restOrOptions(let count) = spec.lineForm,
        words.count > count + 2, words[count + 1].first != "\""
    else { return nil }
    let options = UsageArgument.tokens(of: spec.parsedArguments)
    let tail = words[(count + 2)...]
    guard let first = tail.first, options.contains(first.uppercased()),
        tail.allSatisfy({ options.contains($0.uppercased()) || Int($0) != nil })
    else { return nil }
    let value = words[(count + 1)...].joined(separator: " ")
    let request = words[...count] + ["\"\(words[count + 1])\""] + tail
    return "The value is \"\(value)\": options follow a value in quotes, \(request.joined(separator: " "))"
}

/// The words of a line. A JSON string is one word, with its quotes.
private func lineWords(_ line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var (isQuoted, isEscaped) = (false, false)
    for character in line {
        if isQuoted {
            word.append(character)
            if character == "\"" && !isEscaped { isQuoted = false }
            isEscaped = character == "\\" && !isEscaped
        } else if character == " " {
            if !word.isEmpty { words.append(word) }
            word = ""
        } else {
            isQuoted = word.isEmpty && character == "\""
            word.append(character)
        }
    }
    return word.isEmpty ? words : words + [word]
}

/// The common prefix of `words`.
package func commonPrefix(of words: [String]) -> String {
    guard var prefix = words.first else { return "" }
    for word in words {
        while !word.hasPrefix(prefix) { prefix.removeLast() }
    }
    return prefix
}

/// A key as a line writes it: bare, or as a JSON string if it contains a space, begins with a quote or contains
/// terminal control characters. A byte that is not UTF-8 is shown as `\\xff`, which no line accepts.
package func lineSpelling(of key: [UInt8]) -> String {
    let isPlain =
        !key.isEmpty && key[0] != UInt8(ascii: "\"") && key.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    if isPlain, key.span.isTerminalSafe { return String(decoding: key, as: UTF8.self) }
    var quoted = ByteBuffer()
    quoted.append(lineQuoted: key.span)
    var safe = ByteBuffer()
    safe.append(terminalSafe: quoted.bytes)
    return String(safe.bytes)
}
