// JSON strings (RFC 8259, section 7), as the log and the line dialect write and read them. Writing escapes as little as
// the RFC allows; reading accepts every escape. Bytes of 0x80 and above pass through unchanged: a caller that needs
// valid UTF-8 asks `isUTF8` first.
//
// `unsafe` lends a text and room of the buffer to the functions of json_text.h, which say how much of either they touch; the
// room is made before.

import CMachine

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

    /// As `firstNotPlain`, for texts of more than a few dozen bytes.
    public func firstNotPlainOfLong(from offset: Int) -> Int {
        let size = unsafe extracting(offset..<count).withUnsafeBufferPointer { text in
            unsafe text.isEmpty ? 0 : json_text_plain(text.baseAddress, text.count)
        }
        return firstNotPlain(from: offset + size)
    }

    /// The end of the JSON string whose inside begins at `offset`: the position of its closing quote, `count` if there is none; and
    /// whether `append(jsonText:)` spells everything before it like this, apart from UTF-8, which is not checked.
    /// - Parameter isPortable: whether to use no instructions of this processor. The result is the same.
    package func jsonTextEnd(from offset: Int, isPortable: Bool = false) -> (end: Int, isMinimal: Bool) {
        let text = extracting(offset..<count)
        guard !text.isEmpty else { return (count, true) }
        var isMinimal: Int32 = 1
        let size = unsafe text.withUnsafeBufferPointer { text in
            unsafe isPortable
                ? json_text_end_portable(text.baseAddress, text.count, &isMinimal)
                : json_text_end(text.baseAddress, text.count, &isMinimal)
        }
        return (offset + size, isMinimal != 0)
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
        _ = append(jsonText: text, checksUTF8: false)
        append(UInt8(ascii: "\""))
    }

    /// Appends the inside of a JSON string that is `text`, in one pass. Where there is no room for it, the buffer grows once, by as much
    /// as it takes.
    /// - Parameters:
    ///   - checksUTF8: whether it must be valid UTF-8. If not, bytes of 0x80 and above pass through unchanged.
    ///   - isPortable: whether to use no instructions of this processor. The bytes are the same.
    /// - Returns: false if it is not; what was appended before stays, and maybe more.
    @inline(never)
    package mutating func append(jsonText text: Span<UInt8>, checksUTF8: Bool = true, isPortable: Bool = false) -> Bool
    {
        guard text.count > 0 else { return true }
        let overrun = Int(JSON_TEXT_OVERRUN)
        var isPortable = isPortable
        // A control character takes six bytes. For a short text of the log, that much is reserved: its size is not worth a pass.
        if checksUTF8, text.count <= ByteBuffer.shortTextSize { reserve(6 &* text.count &+ overrun) }
        if limit &- tail < 6 &* text.count &+ overrun {
            guard !checksUTF8 || text.isUTF8 else { return false }
            let size = unsafe text.withUnsafeBufferPointer { unsafe json_text_size($0.baseAddress, $0.count) }
            // A reply of a known size has its room already, and no more.
            if limit &- tail < size { reserve(size &+ overrun) }
            if limit &- tail < size &+ overrun { isPortable = true }
        }
        var used = 0
        unsafe text.withUnsafeBufferPointer { text in
            unsafe append(upTo: limit &- tail) { room in
                let target = unsafe room.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
                var written = 0
                unsafe used =
                    isPortable
                    ? json_text_portable(target, text.baseAddress, text.count, checksUTF8 ? 1 : 0, &written)
                    : json_text(target, text.baseAddress, text.count, checksUTF8 ? 1 : 0, &written)
                return written
            }
        }
        return used == text.count
    }

    /// The largest text that gets room for the worst case, in bytes: six times its size.
    private static var shortTextSize: Int { 4 << 10 }

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
    /// - Parameter isPortable: whether to use no instructions of this processor. The bytes are the same.
    /// - Returns: the position after the closing quote.
    /// - Throws: `JSONStringError`; what was appended before stays.
    package mutating func append(
        decodedJSONString source: Span<UInt8>, at offset: Int, isPortable: Bool = false
    ) throws(JSONStringError) -> Int {
        var index = offset + 1
        // Not all of the source, whose strings may be short: room is made for a part.
        var partSize = 64
        while true {
            guard index < source.count else { throw .unterminated }
            let part = source.extracting(index..<min(index + partSize, source.count))
            let used = append(decodedJSONText: part, isPortable: isPortable)
            index += used
            guard used < part.count else {
                partSize = min(partSize * 2, jsonPartSize)
                continue
            }
            switch source[index] {
            case UInt8(ascii: "\""): return index + 1
            case UInt8(ascii: "\\"): index = try append(decodedEscape: source, at: index)
            default: throw .controlByte(offset: index)
            }
        }
    }

    /// Appends what the inside of a JSON string stands for.
    /// - Returns: how many bytes of it were read: up to its closing quote, a byte below 0x20, or an escape that needs another look.
    private mutating func append(decodedJSONText text: Span<UInt8>, isPortable: Bool) -> Int {
        var used = 0
        unsafe text.withUnsafeBufferPointer { text in
            unsafe append(upTo: text.count + Int(JSON_TEXT_OVERRUN)) { room in
                let target = unsafe room.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
                var written = 0
                unsafe used =
                    isPortable
                    ? json_text_read(target, text.baseAddress, text.count, 0, &written)
                    : json_text_read(target, text.baseAddress, text.count, 1, &written)
                return written
            }
        }
        return used
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

/// How many bytes of a JSON string are read at a time, at most.
private let jsonPartSize = 4096

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
