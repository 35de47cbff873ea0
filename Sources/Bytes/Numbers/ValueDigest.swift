// The digest of a value: XXH3 of 64 bits, as `DIGEST` of Redis 8.4 has it.
//
// `unsafe` is allowed here because the C function reads the bytes of the span and keeps nothing.

import CMachine

/// What tells a value from others. Not a defence against somebody who makes values with the same digest.
package struct ValueDigest: Equatable, Sendable {
    package let bits: UInt64

    package init(of value: Span<UInt8>) {
        bits = unsafe value.withUnsafeBufferPointer { unsafe xxh3_hash($0.baseAddress, $0.count) }
    }

    /// Reads sixteen hexadecimal digits in either case.
    /// - Returns: nil where the text is anything else.
    package init?(_ text: Span<UInt8>) {
        guard text.count == 16 else { return nil }
        var bits: UInt64 = 0
        for index in 0..<16 {
            guard let digit = hexValue(text[index]) else { return nil }
            bits = bits << 4 | UInt64(digit)
        }
        self.bits = bits
    }

    /// Sixteen lower-case hexadecimal digits.
    package func write(to buffer: inout ByteBuffer) {
        buffer.append(hex: UInt32(truncatingIfNeeded: bits >> 32))
        buffer.append(hex: UInt32(truncatingIfNeeded: bits))
    }
}
