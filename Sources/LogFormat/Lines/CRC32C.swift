// CRC-32C (Castagnoli; RFC 3720, appendix B.4), by the processor's instruction if it has one, otherwise by a table.
// Both give the same sums.

import CMachine

/// A checksum that can be continued: the sum of A followed by B is the sum of B started with the sum of A.
public enum CRC32C {
    private static let isAccelerated = crc32c_is_accelerated() != 0

    /// Continues `sum` with `bytes`. The sum of no bytes is 0.
    public static func extend(_ sum: UInt32, with bytes: Span<UInt8>) -> UInt32 {
        guard isAccelerated else { return extendByTable(sum, with: bytes) }
        // `unsafe`: the C function reads `count` bytes from the start of the span, and keeps nothing.
        return unsafe bytes.withUnsafeBufferPointer { unsafe crc32c_accelerated(sum, $0.baseAddress, $0.count) }
    }

    /// As `extend`, on any processor.
    public static func extendByTable(_ sum: UInt32, with bytes: Span<UInt8>) -> UInt32 {
        var state = ~sum
        for index in 0..<bytes.count {
            state = table[Int((state ^ UInt32(bytes[index])) & 0xff)] ^ state >> 8
        }
        return ~state
    }

    /// The remainder of each byte for the polynomial 0x1EDC6F41, bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1
        }
    }
}
