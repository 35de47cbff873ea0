// Base64 (RFC 4648, section 4, with padding): how the log writes keys and values that are not valid UTF-8. Values may
// have many megabytes, so encoding writes directly into reserved memory.

extension ByteBuffer {
    /// Appends the base64 encoding of `bytes`: four bytes for each group of up to three.
    package mutating func append(base64 bytes: Span<UInt8>) {
        let size = (bytes.count + 2) / 3 * 4
        reserve(size)
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var index = 0
        var position = tail
        while index < bytes.count {
            let left = bytes.count &- index
            var group = UInt32(bytes[index]) &<< 16
            if left > 1 { group |= UInt32(bytes[index &+ 1]) &<< 8 }
            if left > 2 { group |= UInt32(bytes[index &+ 2]) }
            for shift: UInt32 in [18, 12, 6, 0] {
                // Six bits, so below 64; the position stays below the reserved size.
                let digit = Int(truncatingIfNeeded: group &>> shift & 63)
                unsafe base.unsafelyUnwrapped[position] = alphabet.utf8Start[digit]
                position &+= 1
            }
            index &+= 3
        }
        tail &+= size
        let padding = (3 - bytes.count % 3) % 3
        for offset in 0..<padding { unsafe base.unsafelyUnwrapped[tail - 1 - offset] = UInt8(ascii: "=") }
    }

    /// Appends the decoded bytes of `text`.
    /// - Returns: false if it is not base64; what was appended before stays.
    package mutating func append(decodedBase64 text: Span<UInt8>) -> Bool {
        guard text.count % 4 == 0 else { return false }
        guard text.count > 0 else { return true }
        let values = digitValues
        let last = text.count - 4
        reserve(text.count / 4 * 3)
        for index in stride(from: 0, to: last, by: 4) {
            guard let group = group(text, at: index, digits: 4, values) else { return false }
            append(group, size: 3)
        }
        let padding = text[last + 3] != UInt8(ascii: "=") ? 0 : text[last + 2] != UInt8(ascii: "=") ? 1 : 2
        guard let group = group(text, at: last, digits: 4 - padding, values) else { return false }
        append(group, size: 3 - padding)
        return true
    }

    /// The 24 bits of four digits; those after the first `digits` are padding. nil if one is not a digit.
    @inline(__always)
    private func group(_ text: Span<UInt8>, at index: Int, digits: Int, _ values: [UInt8]) -> UInt32? {
        var group: UInt32 = 0
        for offset in 0..<digits {
            let value = values[Int(text[index &+ offset])]
            guard value < 64 else { return nil }
            group |= UInt32(value) &<< UInt32(truncatingIfNeeded: 18 &- 6 &* offset)
        }
        return group
    }

    @inline(__always)
    private mutating func append(_ group: UInt32, size: Int) {
        append(UInt8(truncatingIfNeeded: group &>> 16))
        if size > 1 { append(UInt8(truncatingIfNeeded: group &>> 8)) }
        if size > 2 { append(UInt8(truncatingIfNeeded: group)) }
    }
}

extension Span where Element == UInt8 {
    /// Whether this is base64 as `append(base64:)` writes it: the bits that no byte uses are zeros.
    package var isCanonicalBase64: Bool {
        guard count > 0, count % 4 == 0 else { return count == 0 }
        let values = digitValues
        let padding = self[count - 1] != UInt8(ascii: "=") ? 0 : self[count - 2] != UInt8(ascii: "=") ? 1 : 2
        var all: UInt8 = 0
        for index in 0..<count &- padding { all |= values[Int(self[index])] }
        let unused: UInt8 = padding == 0 ? 0 : padding == 1 ? 0b11 : 0b1111
        return all < 64 && values[Int(self[count - 1 - padding])] & unused == 0
    }
}

/// The value of each byte as a digit; 255 if it is not one.
private let digitValues: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, digit) in alphabet.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
}()
