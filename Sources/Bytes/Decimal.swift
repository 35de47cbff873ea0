// Numbers as both dialects and the log write them: ASCII digits, no sign but a leading minus, no padding.

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
        // Digits come last first: they are written at the end of the reserved room, then moved to the front of it.
        var position = tail &+ 20
        var rest = value
        repeat {
            position &-= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            unsafe memory[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        let size = tail &+ 20 &- position
        unsafe (memory + tail).update(from: memory + position, count: size)
        tail &+= size
    }

    /// Appends `value` as eight lower-case hexadecimal digits.
    package mutating func append(hex value: UInt32) {
        reserve(8)
        for offset in 0..<8 {
            let digit = UInt8(truncatingIfNeeded: value &>> UInt32(truncatingIfNeeded: 28 &- 4 &* offset) & 0xf)
            unsafe base.unsafelyUnwrapped[tail &+ offset] = hexDigit(digit)
        }
        tail &+= 8
    }
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
    /// The whole span read as a decimal Int: digits, or a minus and digits. Like Redis' `string2ll` it takes one
    /// spelling of each number only: no `+`, no leading zeros, no `-0`, no blanks. nil where it is not one or does not fit.
    package var decimal: Int? {
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
        return negative ? (value <= 1 << 63 ? Int(truncatingIfNeeded: 0 &- value) : nil) : Int(exactly: value)
    }

    /// As `decimal`, for cursors and other numbers that use all 64 bits.
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

    /// Eight hexadecimal digits from `offset` on: lower case only, so that each number has one spelling here too.
    package func hex32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset + 8 <= count else { return nil }
        // All eight at once, one in each byte; the first digit, which counts most, comes last.
        let text = UInt64(bigEndian: word(at: offset))
        let ones: UInt64 = 0x0101_0101_0101_0101
        let letters = text &>> 6 & ones
        let digits = (text & (ones &* 0x0f)) &+ letters &* 9
        // Writing them again shows whether each was a digit.
        let isLetter = (digits &+ ones &* 0x76) &>> 7 & ones
        guard digits & (ones &* 0xf0) == 0, digits &+ ones &* 0x30 &+ isLetter &* 39 == text else { return nil }
        var value = (digits | digits &>> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value &>> 8) & 0x0000_ffff_0000_ffff
        return UInt32(truncatingIfNeeded: value | value &>> 16)
    }
}
