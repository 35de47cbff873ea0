// The bound of the numbers that a server counts with, and their one parser. Input (a request, a file, a peer, a
// setting) above the bound is refused where it enters, so no sum of two such numbers can overflow later.

/// Change numbers, times, sizes, counts, cursors and time-outs. Values of pairs are not bounded by it.
public enum Number {
    /// 2^53 - 1: up to here every JSON parser represents all integers exactly, and a sum of a thousand of them fits in
    /// 64 bits.
    @inlinable @inline(__always) public static var largest: UInt64 { 1 << 53 - 1 }

    /// The bound as the end of a sentence: `expected …`.
    package static let bound = "a number from 0 to \(largest)"
}

extension Span where Element == UInt8 {
    /// The whole span as a number from 0 to `Number.largest`, with one spelling per number, as `unsignedDecimal`. nil
    /// for anything else.
    package var number: UInt64? {
        guard let value = unsignedDecimal, value <= Number.largest else { return nil }
        return value
    }

    /// The same, with negative numbers down to -`Number.largest`: for requests whose errors distinguish negative from
    /// too large.
    package var signedNumber: Int? {
        guard let value = decimal, value.magnitude <= UInt(Number.largest) else { return nil }
        return value
    }
}

extension UInt64 {
    /// Clamped to `Number.largest`, for the system's figures, which cannot be refused.
    package init(bounded value: some BinaryInteger) {
        self = Swift.min(UInt64(clamping: value), Number.largest)
    }
}
