// Sizes as people write them in options and read them in messages: `512M`, `64KiB`, `18.0 GiB`.

/// A number of bytes, 0 or more.
package struct ByteSize: Equatable, Sendable, CustomStringConvertible {
    package let bytes: Int

    package init(_ bytes: Int) {
        self.bytes = bytes
    }

    /// Parses digits and a unit in either case: none or `B` for bytes; `K`, `M`, `G`, `T`, `P`, alone or with `B` or
    /// `iB`, for powers of 1,024. Each spelling means one size: `MB` is `M`, as in Redis and containers. nil if `text`
    /// is not a size, or exceeds `Number.largest` bytes (8 PiB).
    package init?(_ text: String) {
        let text = Array(text.utf8)
        let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard !digits.isEmpty, let exponent = ByteSize.exponent(ofUnit: text[digits.count...]) else { return nil }
        let largest = Int(Number.largest)
        var value = 0
        for digit in digits {
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
            guard value <= largest else { return nil }
        }
        guard value <= largest >> (10 * exponent) else { return nil }
        bytes = value << (10 * exponent)
    }

    /// The power of 1,024 that a unit means.
    private static func exponent(ofUnit unit: ArraySlice<UInt8>) -> Int? {
        let unit = String(decoding: unit, as: UTF8.self).uppercased()
        if unit.isEmpty || unit == "B" { return 0 }
        let index = units.firstIndex { unit == $0 || unit == $0 + "B" || unit == $0 + "IB" }
        return index.map { $0 + 1 }
    }

    private static let units = ["K", "M", "G", "T", "P"]

    /// `512 bytes`, `1.5 KiB`, `18.0 GiB`: in the largest unit that leaves 1 or more, rounded down to a tenth.
    package var description: String {
        var exponent = 0
        while exponent < ByteSize.units.count, bytes >> (10 * (exponent + 1)) > 0 { exponent += 1 }
        guard exponent > 0 else { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
        let whole = bytes >> (10 * exponent)
        // The ten bits below the unit are enough for a tenth.
        let tenth = (bytes >> (10 * (exponent - 1)) & 1023) * 10 / 1024
        return "\(whole).\(tenth) \(ByteSize.units[exponent - 1])iB"
    }
}
