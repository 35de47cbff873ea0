// The names of segments: twenty digits, so that they sort as their numbers do.

import Bytes

/// `00000000000000000001.jsonl`: a segment is named by the number of its first change.
package enum SegmentName {
    private static let digitCount = 20

    package static func text(_ firstSeq: UInt64) -> String {
        let digits = String(firstSeq)
        return String(repeating: "0", count: digitCount - digits.utf8.count) + digits + ".jsonl"
    }

    /// The number in a name; nil if it is not a segment's. A number beyond the bound is a segment's, a damaged one: its reader
    /// reports it.
    package static func firstSeq(_ name: String) -> UInt64? {
        let bytes = Array(name.utf8)
        guard bytes.count > digitCount, bytes.span.extracting(digitCount..<bytes.count).equals(".jsonl") else {
            return nil
        }
        var seq: UInt64 = 0
        for byte in bytes[..<digitCount] {
            let digit = byte &- UInt8(ascii: "0")
            let (product, isTooLarge) = seq.multipliedReportingOverflow(by: 10)
            let (sum, isBeyond) = product.addingReportingOverflow(UInt64(digit))
            guard digit < 10, !isTooLarge, !isBeyond else { return nil }
            seq = sum
        }
        return seq > 0 ? seq : nil
    }
}
