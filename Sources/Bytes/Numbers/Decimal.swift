// Numbers as both dialects and the log write them: ASCII digits, an optional leading minus, no padding.

extension ByteBuffer {
    /// Appends `value` in decimal.
    package mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: UInt64(value.magnitude))
    }

    /// Appends `value` in decimal: at most 20 bytes.
    package mutating func append(decimal value: UInt64) {
        reserve(20)
        let memory = unsafe base.unsafelyUnwrapped
        let size = digitCount(value)
        var position = tail &+ size
        tail = position
        var rest = value
        // Two digits at a step, the last ones first.
        while rest >= 100 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            position &-= 2
            unsafe (memory + position).update(from: digitPairs.utf8Start + Int(truncatingIfNeeded: pair &* 2), count: 2)
            rest = quotient
        }
        if rest >= 10 {
            unsafe (memory + position - 2).update(
                from: digitPairs.utf8Start + Int(truncatingIfNeeded: rest &* 2), count: 2)
        } else {
            unsafe memory[position &- 1] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest)
        }
    }

    /// Adds one to the number of `size` decimal digits at `offset`.
    /// - Returns: false, with nothing changed, if it would need one more digit.
    package mutating func increment(decimalAt offset: Int, size: Int) -> Bool {
        precondition(offset >= 0 && size > 0 && offset + size <= count, "no digits there")
        let digits = unsafe base.unsafelyUnwrapped + head + offset
        var index = size &- 1
        while unsafe digits[index] == UInt8(ascii: "9") {
            guard index > 0 else { return false }
            index &-= 1
        }
        unsafe digits[index] &+= 1
        for nine in index &+ 1..<size { unsafe digits[nine] = UInt8(ascii: "0") }
        return true
    }

    /// Appends `value` as eight lower-case hexadecimal digits.
    @inlinable @inline(__always)
    public mutating func append(hex value: UInt32) { append(word: hexDigits(value)) }
}

/// A number in decimal, in memory of its own: nothing is allocated for it.
package struct DecimalText {
    private var digits: InlineArray<20, UInt8> = .init(repeating: UInt8(ascii: "0"))
    private var start = 19

    package init(_ value: Int) {
        var rest = value.magnitude
        while rest >= 10 {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
            start &-= 1
            rest = quotient
        }
        digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest)
        guard value < 0 else { return }
        start &-= 1
        digits[start] = UInt8(ascii: "-")
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { digits.span.extracting(start..<20) }
    }
}

/// Eight lower-case hexadecimal digits, the first one in the lowest address.
@inlinable @inline(__always)
func hexDigits(_ value: UInt32) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Each digit in a byte of its own, the most significant one in the highest.
    var digits = UInt64(value)
    digits = (digits | digits &<< 16) & 0x0000_ffff_0000_ffff
    digits = (digits | digits &<< 8) & 0x00ff_00ff_00ff_00ff
    digits = (digits | digits &<< 4) & (ones &* 0x0f)
    let letters = (digits &+ ones &* 6) &>> 4 & ones
    return UInt64(bigEndian: digits &+ ones &* 0x30 &+ letters &* 39)
}

/// `00` to `99`.
private let digitPairs: StaticString =
    """
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
    """

/// How many digits `value` has in decimal.
private func digitCount(_ value: UInt64) -> Int {
    var size = 1
    var limit: UInt64 = 10
    while value >= limit {
        size &+= 1
        // A UInt64 has at most twenty digits.
        guard size < 20 else { break }
        limit &*= 10
    }
    return size
}

/// The lower-case digit for 0...15.
@inlinable func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ (value &- 10)
}

/// The value of a hexadecimal digit of either case.
@inlinable func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
    default: nil
    }
}

extension Span where Element == UInt8 {
    /// The whole span as a decimal Int: digits, or a minus and digits. Like Redis' `string2ll` it accepts one spelling
    /// per number: no `+`, no leading zeros, no `-0`, no spaces. nil if it is not a number or does not fit.
    package var decimal: Int? { wholeNumber() }

    /// As `decimal`, also where an `Int` has 32 bits.
    package var decimal64: Int64? { wholeNumber() }

    @inline(__always)
    private func wholeNumber<Whole: FixedWidthInteger>() -> Whole? {
        let negative = count > 0 && self[0] == UInt8(ascii: "-")
        let start = negative ? 1 : 0
        guard count > start, count - start <= 19 else { return nil }
        if self[start] == UInt8(ascii: "0") { return count == 1 ? 0 : nil }
        var value: UInt64 = 0
        for index in start..<count {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        guard negative else { return Whole(exactly: value) }
        return value <= 1 << 63 ? Whole(exactly: Int64(truncatingIfNeeded: 0 &- value)) : nil
    }

    /// As `decimal`, for cursors and other numbers of all 64 bits.
    package var unsignedDecimal: UInt64? {
        guard count > 0, count <= 20, count == 1 || self[0] != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        // Nineteen digits always fit.
        for index in 0..<min(count, 19) {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        for index in min(count, 19)..<count {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, over) = product.addingReportingOverflow(UInt64(digit))
            if tooLarge || over { return nil }
            value = sum
        }
        return value
    }

    /// The eight hexadecimal digits at `offset`: lower case only, so that each number has one spelling.
    @inlinable public func hex32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset + 8 <= count else { return nil }
        // All eight at once, one per byte; the first, most significant digit ends up last.
        let text = UInt64(bigEndian: word(at: offset))
        let ones: UInt64 = 0x0101_0101_0101_0101
        let letters = text &>> 6 & ones
        let digits = (text & (ones &* 0x0f)) &+ letters &* 9
        // Encoding the result again shows whether each byte was a digit.
        let isLetter = (digits &+ ones &* 0x76) &>> 7 & ones
        guard digits & (ones &* 0xf0) == 0, digits &+ ones &* 0x30 &+ isLetter &* 39 == text else { return nil }
        var value = (digits | digits &>> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value &>> 8) & 0x0000_ffff_0000_ffff
        return UInt32(truncatingIfNeeded: value | value &>> 16)
    }
}
