// Texts that are safe to print on a terminal. A terminal acts on control characters, and on some in two-byte UTF-8
// forms; characters that set the direction of writing make one line look like another (CVE-2021-42574). Keys, values
// and errors of others can contain any of them.

extension Unicode.Scalar {
    /// Whether a terminal acts on it, or it can disguise a line: C0, DEL, C1, line and paragraph separators, and
    /// invisible format characters such as U+202E. Joiners (U+200C, U+200D) only shape neighbouring letters.
    package var steersTerminal: Bool {
        switch value {
        case 0x20...0x7e: return false
        case 0..<0x20, 0x7f...0x9f: return true
        case 0x200c, 0x200d: return false
        default: break
        }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    /// `\u001b`, as JSON and the line dialect read it back: one escape per UTF-16 unit.
    fileprivate var escape: String {
        String(self).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}

extension Span where Element == UInt8 {
    /// Whether a terminal only displays these bytes: UTF-8 without control characters. Line feeds and tabs are
    /// harmless.
    package var isTerminalSafe: Bool {
        var isPlain = true
        for index in 0..<count {
            let byte = self[index]
            if byte >= 0x20, byte < 0x7f { continue }
            isPlain = false
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") { continue }
            if byte < 0x20 || byte == 0x7f { return false }
        }
        if isPlain { return true }
        return isUTF8 && !String(self).unicodeScalars.contains { $0.steersTerminal && $0 != "\n" && $0 != "\t" }
    }
}

extension ByteBuffer {
    /// Appends bytes so that a terminal only displays them: `\uXXXX` replaces a control character, which means the same
    /// inside a JSON string; `\xff` replaces a byte that is not UTF-8. Tabs and line feeds stay, also after a carriage
    /// return.
    package mutating func append(terminalSafe bytes: Span<UInt8>) {
        if bytes.isTerminalSafe { return append(bytes) }
        var decoder = UTF8.ForwardParser()
        var (index, source) = (0, Array(bytes).makeIterator())
        parsing: while true {
            switch decoder.parseScalar(from: &source) {
            case .emptyInput: break parsing
            case .valid(let encoded):
                let scalar = UTF8.decode(encoded)
                let isLineEnd = scalar == "\r" && index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\n")
                if scalar.steersTerminal, scalar != "\n", scalar != "\t", !isLineEnd {
                    append(text: scalar.escape)
                } else {
                    for byte in encoded { append(byte) }
                }
                index += encoded.count
            case .error(let size):
                for _ in 0..<size {
                    let digits = String(bytes[index], radix: 16)
                    append(text: "\\x" + (digits.count < 2 ? "0" : "") + digits)
                    index += 1
                }
            }
        }
    }
}

extension String {
    /// The text made safe for a terminal; see `ByteBuffer.append(terminalSafe:)`.
    package var terminalSafe: String {
        let bytes = Array(utf8)
        if bytes.span.isTerminalSafe { return self }
        var buffer = ByteBuffer()
        buffer.append(terminalSafe: bytes.span)
        return String(buffer.bytes)
    }
}
