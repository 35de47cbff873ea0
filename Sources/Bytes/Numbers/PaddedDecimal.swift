// Numbers of a fixed width, for keys.

extension ByteBuffer {
    /// Appends `value`, not negative, as exactly `width` digits: padded with zeros, or cut to its last digits.
    package mutating func append(decimal value: Int, width: Int) {
        precondition(value >= 0 && width >= 0, "no number of a fixed width")
        guard width > 0 else { return }
        reserve(width)
        let memory = unsafe base.unsafelyUnwrapped + tail
        var rest = UInt64(value)
        var position = width
        while position > 0 {
            position &-= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            unsafe memory[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
            rest = quotient
        }
        tail &+= width
    }
}
