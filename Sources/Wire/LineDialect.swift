// Requests as people and shell scripts write them.
//
//     line     = [byte order mark] verb *( blank argument ) [CR] LF
//     blank    = space | tab
//     argument = word                     bytes up to the next blank
//              | JSON string              begins with a quote: spaces, line feeds and empty texts
//              | rest of the line         the last argument of verbs that take a value: verbatim, spaces included; where
//                                       it is a JSON string, options may follow for some verbs

import Bytes

/// How the arguments after a verb are found.
package enum LineForm: Sendable {
    /// Words and JSON strings, separated by any number of blanks.
    case words
    /// This many words, then everything after one blank unchanged.
    case rest(afterWords: Int)
    /// The same; but where what follows the blank is a JSON string, words may follow that.
    case restOrOptions(afterWords: Int)

    /// Whether the argument behind so many, the verb included, may be the rest of the line.
    fileprivate func hasRest(behind count: Int) -> Bool {
        switch self {
        case .words: false
        case .rest(let words), .restOrOptions(let words): count == words + 1
        }
    }

    fileprivate var takesOptions: Bool { if case .restOrOptions = self { true } else { false } }
}

/// An argument that begins with a quote and is not a JSON string.
package struct QuotingError: Error, Equatable, Sendable {
    /// One line that describes the problem, without a prefix.
    package let message: String
}

extension RequestParser {
    mutating func parseLine(_ bytes: Span<UInt8>) -> ParseResult {
        // A byte order mark, which some editors write before a file. No verb begins with it; anything may follow it, an
        // array too.
        if bytes.starts(with: "\u{feff}") { return .complete(used: 3) }
        guard let feed = bytes.newline(from: scanned) else {
            guard bytes.count <= limits.lineSize else {
                return .malformed(.lineTooLong(size: bytes.count, limit: limits.lineSize))
            }
            scanned = bytes.count
            return .incomplete(missing: 1)
        }
        guard feed <= limits.lineSize else {
            return .malformed(.lineTooLong(size: feed, limit: limits.lineSize))
        }
        let end = feed > 0 && bytes[feed - 1] == UInt8(ascii: "\r") ? feed - 1 : feed
        let start = skipBlanks(bytes, from: 0, to: end)
        if start < end {
            let verbEnd = endOfWord(bytes, from: start, to: end)
            slices.append(Slice(offset: start, size: verbEnd - start))
            if verbEnd < end {
                slices.append(Slice(offset: verbEnd + 1, size: end - verbEnd - 1))
            }
        }
        return .complete(used: feed + 1)
    }

    /// Splits the text after the verb of the last complete line, in the bytes that `parse` got.
    /// - Throws: `QuotingError` if an argument begins with a quote and is not a JSON string.
    package mutating func splitLine(
        _ bytes: Span<UInt8>, form: LineForm
    ) throws(QuotingError) {
        guard slices.count == 2 else { return }
        let rest = slices[1]
        let end = rest.offset + rest.size
        slices.removeLast()
        var index = rest.offset
        while true {
            let isRest = form.hasRest(behind: slices.count)
            if !isRest { index = skipBlanks(bytes, from: index, to: end) }
            guard index < end || (isRest && index == end) else { return }
            if index < end, bytes[index] == UInt8(ascii: "\"") {
                index = try unquote(bytes.extracting(0..<end), at: index)
            } else {
                let stop = isRest ? end : endOfWord(bytes, from: index, to: end)
                append(bytes, from: index, to: stop)
                index = stop
            }
            if isRest && index < end && !form.takesOptions {
                throw QuotingError(
                    message: "A value that begins with a quote is a JSON string up to the end of the line; "
                        + "escape quotes inside it as \\\"")
            }
            guard index < end else { return }
            guard isBlank(bytes[index]) else {
                throw QuotingError(message: "Expected a space after the closing quote of a JSON string")
            }
            index += 1
        }
    }

    /// Appends the JSON string at `index` as an argument. From the first one on, all of the request's arguments are in
    /// `decoded`, earlier ones too.
    private mutating func unquote(_ line: Span<UInt8>, at index: Int) throws(QuotingError) -> Int {
        if decoded.isEmpty {
            for position in 0..<slices.count {
                let slice = slices[position]
                slices[position].offset = decoded.count
                decoded.append(line.extracting(slice.offset..<slice.offset + slice.size))
            }
        }
        let start = decoded.count
        do {
            let end = try decoded.append(decodedJSONString: line, at: index)
            slices.append(Slice(offset: start, size: decoded.count - start))
            return end
        } catch {
            throw QuotingError(message: error.lineMessage)
        }
    }

    private mutating func append(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
        if decoded.isEmpty {
            slices.append(Slice(offset: start, size: end - start))
        } else {
            slices.append(Slice(offset: decoded.count, size: end - start))
            decoded.append(bytes.extracting(start..<end))
        }
    }

    private func skipBlanks(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, isBlank(bytes[index]) { index += 1 }
        return index
    }

    private func endOfWord(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, !isBlank(bytes[index]) { index += 1 }
        return index
    }

    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

extension JSONStringError {
    fileprivate var lineMessage: String {
        switch self {
        case .unterminated: "A JSON string without its closing quote"
        case .badEscape: "A JSON string with an unknown escape (known: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX)"
        case .loneSurrogate:
            "A JSON string with half of a surrogate pair; write both halves, as in \\ud83d\\ude00, or the character itself"
        case .controlByte: "A JSON string with a bare control character; write it as \\n, \\t or \\uXXXX"
        }
    }
}
