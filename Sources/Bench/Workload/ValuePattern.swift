// The content of values. From 16 bytes on a value begins with a version and a checksum of key, version and size; the
// rest follows from the version. So every value read can be verified whole, and neither another key's value nor a
// mixture of two passes. All bytes are letters and digits, which both dialects carry unchanged.

import Bytes

/// Writes values, and recognizes its own.
package struct ValuePattern: ~Copyable {
    /// The smallest value that can be verified.
    package static let checkedSize = 16
    /// The number of offsets in the filler at which a value may begin.
    private static let starts = 1024
    private static let fillerSize = 64 << 10

    private var filler = ByteBuffer()

    package init() {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var random = SplitMix64(seed: 0x7075_6666_696e)
        filler.reserve(ValuePattern.fillerSize)
        for _ in 0..<ValuePattern.fillerSize { filler.append(letters[random.below(letters.count)]) }
    }

    /// Appends a value of `size` bytes, at least 1.
    package func append(size: Int, key: Int, version: UInt32, to output: inout ByteBuffer) {
        output.reserve(size)
        var start = Int(version) % ValuePattern.starts
        var rest = size
        if size >= ValuePattern.checkedSize {
            output.append(hex: version)
            output.append(hex: ValuePattern.checksum(key: key, version: version, size: size))
            rest -= ValuePattern.checkedSize
        }
        while rest > 0 {
            let count = min(rest, filler.count - start)
            output.append(filler.bytes.extracting(start..<start + count))
            rest -= count
            start = 0
        }
    }

    /// Whether `value` was written for `key`.
    package func matches(_ value: Span<UInt8>, key: Int) -> Bool {
        guard value.count >= ValuePattern.checkedSize, let version = value.hex32(at: 0),
            value.hex32(at: 8) == ValuePattern.checksum(key: key, version: version, size: value.count)
        else { return false }
        var start = Int(version) % ValuePattern.starts
        var position = ValuePattern.checkedSize
        while position < value.count {
            let count = min(value.count - position, filler.count - start)
            let expected = filler.bytes.extracting(start..<start + count)
            guard value.extracting(position..<position + count).equals(expected) else { return false }
            position += count
            start = 0
        }
        return true
    }

    private static func checksum(key: Int, version: UInt32, size: Int) -> UInt32 {
        let named = UInt64(truncatingIfNeeded: key) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(version) &<< 32
        return UInt32(truncatingIfNeeded: SplitMix64.mix(named ^ UInt64(truncatingIfNeeded: size)))
    }
}
