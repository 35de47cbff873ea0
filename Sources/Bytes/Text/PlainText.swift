// Scanning for the readers of very many lines: texts that need no JSON escapes, and numbers, eight bytes at a step. All
// of it is inlined into its callers, so that a line costs no calls.

extension Span where Element == UInt8 {
    /// The position of the first byte at or after `offset` that is not plain: `"`, `\`, below 0x20, or 0x80 and above;
    /// `count` if there is none. A plain text is valid UTF-8, and its only minimal JSON spelling is the text itself.
    @inlinable @inline(__always)
    public func firstNotPlain(from offset: Int) -> Int {
        var index = offset
        while index &+ 8 <= count {
            // Only the lowest byte found is exact, and only that one counts.
            let found = notPlain(UInt64(littleEndian: word(at: index)))
            if found != 0 { return index &+ found.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index &+= 1
        }
        return index
    }

    /// Whether the bytes are ASCII that needs no escape in a JSON string.
    public var isPlainText: Bool {
        guard count >= 8 else {
            for index in 0..<count {
                let byte = self[index]
                if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    return false
                }
            }
            return true
        }
        var special: UInt64 = 0
        var index = 0
        while index &+ 8 <= count {
            special |= notPlain(word(at: index))
            index &+= 8
        }
        // The last bytes; some are checked twice.
        special |= notPlain(word(at: count &- 8))
        return special == 0
    }

    /// The decimal number of up to 16 digits at `offset`, and its end: `offset` if no digit is there. For a longer
    /// number the end lies inside it, or before its last seven digits if the span ends there.
    @inlinable @inline(__always)
    public func decimal(at offset: Int) -> (value: UInt64, end: Int) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var (value, index) = (0 as UInt64, offset)
        for _ in 0..<2 {
            guard index &+ 8 <= count else { break }
            let digits = UInt64(littleEndian: word(at: index)) ^ ones &* 0x30
            // A carry into a higher byte comes only from a byte that is not a digit, and only the lowest of those
            // counts.
            let others = ((digits &+ ones &* 0x76) | digits) & (ones &* 0x80)
            let size = others == 0 ? 8 : others.trailingZeroBitCount &>> 3
            if size == 0 { break }
            value = value &* powerOfTen(size) &+ eightDigits(digits &<< UInt64(64 &- 8 &* size))
            index &+= size
            if size < 8 { break }
        }
        return (value, index)
    }
}

/// Not zero if one of eight bytes is a quote, a backslash, below 0x20 or above 0x7f: the high bit of the lowest such
/// byte, and maybe of others. As in `firstEscape`, after "Determine if a word has a byte less than n" of the Bit
/// Twiddling Hacks.
@inlinable @inline(__always)
func notPlain(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    return (word | (word &- ones &* 0x20) | (quote &- ones) | (backslash &- ones)) & (ones &* 0x80)
}

/// Ten to the power of 1...8.
@inlinable @inline(__always)
func powerOfTen(_ exponent: Int) -> UInt64 {
    switch exponent {
    case 1: 10
    case 2: 100
    case 3: 1_000
    case 4: 10_000
    case 5: 100_000
    case 6: 1_000_000
    case 7: 10_000_000
    default: 100_000_000
    }
}

/// The number whose digits are a word's bytes, the first digit in the lowest byte: pairs, then fours, then all eight.
@inlinable @inline(__always)
func eightDigits(_ digits: UInt64) -> UInt64 {
    let pairs = digits &* 10 &+ digits &>> 8
    let low = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
    let high = (pairs &>> 16 & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
    return (low &+ high) &>> 32
}
