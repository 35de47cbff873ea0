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
    /// Nothing to complete; the command is known, and has this usage.
    case usage(String)
    case nothing

    /// - Parameters:
    ///   - line: the text before the cursor.
    ///   - locals: the prompt's own commands, with their usage.
    package init(before line: String, locals: [String: String] = [:]) {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        let isAtWordStart = line.isEmpty || line.hasSuffix(" ")
        let index = isAtWordStart ? words.count : words.count - 1
        let prefix = isAtWordStart ? "" : String(words[words.count - 1])
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
            // A quoted text with spaces is several words here: too ambiguous to complete.
            let isClear = !line.contains("\"")
            self = spec.keys.contains(index) && !prefix.isEmpty && isClear ? .key(prefix: prefix) : .usage(spec.usage)
        } else {
            self = .nothing
        }
    }
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

/// A pattern for SCAN that matches texts with `prefix`, whatever characters that contains.
package func pattern(ofPrefix prefix: String) -> [UInt8] {
    var pattern: [UInt8] = []
    for byte in prefix.utf8 {
        if "*?[]\\^-".utf8.contains(byte) { pattern.append(UInt8(ascii: "\\")) }
        pattern.append(byte)
    }
    return pattern + [UInt8(ascii: "*")]
}
