// The bound of the numbers that a server counts with, and the one reader of them. What comes from outside (a request, a file, a
// peer, a setting) is refused above the bound where it enters, so that no sum of two such numbers can overflow later.

/// Change numbers, times, sizes, counts, cursors and time-outs. Values of pairs are no such numbers.
public enum Number {
    /// 2^53 - 1: the largest number up to which every reader of JSON has all integers, and sums of a thousand of which fit in 64 bits.
    @inlinable @inline(__always) public static var largest: UInt64 { 1 << 53 - 1 }

    /// The bound, as the end of a sentence: `expected …`.
    package static let bound = "a number from 0 to \(largest)"
}

extension Span where Element == UInt8 {
    /// The whole span read as a number from 0 to `Number.largest`: one spelling of each, as `unsignedDecimal`. nil for all else.
    package var number: UInt64? {
        guard let value = unsignedDecimal, value <= Number.largest else { return nil }
        return value
    }

    /// The same with numbers below 0 down to -`Number.largest`: for requests that tell "negative" from "too large".
    package var signedNumber: Int? {
        guard let value = decimal, value.magnitude <= UInt(Number.largest) else { return nil }
        return value
    }
}

extension UInt64 {
    /// Bounded to `Number.largest`, for figures of the system, which cannot be refused.
    package init(bounded value: some BinaryInteger) {
        self = Swift.min(UInt64(clamping: value), Number.largest)
    }
}
