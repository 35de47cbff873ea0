// JSON strings (RFC 8259, section 7), as the log and the line dialect write and read them. Writing escapes as little as
// the RFC allows; reading accepts every escape. Bytes of 0x80 and above pass through unchanged: a caller that needs
// valid UTF-8 asks `isUTF8` first.

/// Why a text is not a JSON string.
package enum JSONStringError: Error, Equatable {
    /// No closing quote.
    case unterminated
    /// A backslash before something that is not an escape.
    case badEscape(offset: Int)
    /// Half of a surrogate pair, such as `\ud800`: it encodes no character.
    case loneSurrogate(offset: Int)
    /// A byte below 0x20, which JSON requires to be escaped.
    case controlByte(offset: Int)
}

extension Span where Element == UInt8 {
    /// The position of the first `"`, `\` or byte below 0x20 at or after `offset`; `count` if there is none. Eight
    /// bytes at a step, after "Determine if a word has a byte less than n" of Anderson's Bit Twiddling Hacks.
    package func firstEscape(from offset: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs = ones &* 0x80
        var index = offset
        while index &+ 8 <= count {
            let word = UInt64(littleEndian: word(at: index))
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let found =
                ((word &- ones &* 0x20) & ~word | (quote &- ones) & ~quote
                    | (backslash &- ones) & ~backslash) & highs
            if found != 0 { return index &+ found.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return index
            }
            index &+= 1
        }
        return index
    }

    /// Whether the bytes are valid UTF-8 (RFC 3629).
    package var isUTF8: Bool {
        var index = 0
        let highs: UInt64 = 0x8080_8080_8080_8080
        while index &+ 8 <= count {
            if word(at: index) & highs != 0 { return (try? UTF8Span(validating: self)) != nil }
            index &+= 8
        }
        while index < count {
            if self[index] >= 0x80 { return (try? UTF8Span(validating: self)) != nil }
            index &+= 1
        }
        return true
    }
}

extension ByteBuffer {
    /// Appends `text` between quotes, with `"`, `\` and bytes below 0x20 escaped.
    package mutating func append(jsonString text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        var start = 0
        while true {
            let end = text.firstEscape(from: start)
            append(text.extracting(start..<end))
            if end == text.count { break }
            append(escapeOf: text[end])
            start = end + 1
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends the shortest escape of one byte.
    package mutating func append(escapeOf byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0c: append(UInt8(ascii: "f"))
        case 0x0d: append(UInt8(ascii: "r"))
        default:
            append("u00")
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 0xf))
        }
    }

    /// Appends the text of the JSON string whose opening quote is at `offset`.
    /// - Returns: the position after the closing quote.
    /// - Throws: `JSONStringError`; what was appended before stays.
    package mutating func append(
        decodedJSONString source: Span<UInt8>, at offset: Int
    ) throws(JSONStringError) -> Int {
        var index = offset + 1
        while true {
            let stop = source.firstEscape(from: index)
            append(source.extracting(index..<stop))
            guard stop < source.count else { throw .unterminated }
            switch source[stop] {
            case UInt8(ascii: "\""): return stop + 1
            case UInt8(ascii: "\\"): index = try append(decodedEscape: source, at: stop)
            default: throw .controlByte(offset: stop)
            }
        }
    }

    private mutating func append(
        decodedEscape source: Span<UInt8>, at offset: Int
    ) throws(JSONStringError) -> Int {
        guard offset + 1 < source.count else { throw .unterminated }
        switch source[offset + 1] {
        case UInt8(ascii: "\""): append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): append(0x08)
        case UInt8(ascii: "f"): append(0x0c)
        case UInt8(ascii: "n"): append(0x0a)
        case UInt8(ascii: "r"): append(0x0d)
        case UInt8(ascii: "t"): append(0x09)
        case UInt8(ascii: "u"): return try append(decodedUnicodeEscape: source, at: offset)
        default: throw .badEscape(offset: offset)
        }
        return offset + 2
    }

    private mutating func append(
        decodedUnicodeEscape source: Span<UInt8>, at offset: Int
    ) throws(JSONStringError) -> Int {
        guard let first = utf16Unit(source, at: offset) else { throw .badEscape(offset: offset) }
        var scalar = UInt32(first)
        var end = offset + 6
        if UTF16.isLeadSurrogate(first) {
            guard let second = utf16Unit(source, at: end), UTF16.isTrailSurrogate(second) else {
                throw .loneSurrogate(offset: offset)
            }
            scalar = 0x10000 + (UInt32(first) & 0x3ff) << 10 + UInt32(second) & 0x3ff
            end += 6
        }
        guard let character = Unicode.Scalar(scalar) else { throw .loneSurrogate(offset: offset) }
        for byte in UTF8.encode(character) ?? UTF8.encodedReplacementCharacter { append(byte) }
        return end
    }
}

/// The UTF-16 code unit that `\uXXXX` at `offset` encodes.
private func utf16Unit(_ source: Span<UInt8>, at offset: Int) -> UInt16? {
    guard offset + 6 <= source.count, source[offset] == UInt8(ascii: "\\"),
        source[offset + 1] == UInt8(ascii: "u")
    else { return nil }
    var value: UInt16 = 0
    for index in offset + 2..<offset + 6 {
        guard let digit = hexValue(source[index]) else { return nil }
        value = value << 4 | UInt16(digit)
    }
    return value
}
