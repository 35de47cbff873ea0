// Base64 (RFC 4648, section 4, with padding): how the log writes keys and values that are not valid UTF-8.

import Bytes

extension ByteBuffer {
    /// Appends `bytes` in base64.
    package mutating func append(base64 bytes: Span<UInt8>) {
        reserve((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let size = min(bytes.count - index, 3)
            var group = UInt32(bytes[index]) << 16
            if size > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if size > 2 { group |= UInt32(bytes[index + 2]) }
            for position in 0..<4 {
                append(position <= size ? digit(group >> UInt32(18 - 6 * position) & 63) : UInt8(ascii: "="))
            }
            index += 3
        }
    }

    /// Appends what `text` stands for.
    /// - Returns: whether it is base64; where not, what was appended until then stays.
    package mutating func append(decodedBase64 text: Span<UInt8>) -> Bool {
        guard text.count % 4 == 0 else { return false }
        var index = 0
        while index < text.count {
            var group: UInt32 = 0
            var size = 0
            for position in index..<index + 4 {
                let isPadding = text[position] == UInt8(ascii: "=") && position >= text.count - 2
                if isPadding {
                    group <<= 6
                } else if let value = value(ofDigit: text[position]), size == position - index {
                    group = group << 6 | value
                    size += 1
                } else {
                    return false
                }
            }
            append(UInt8(truncatingIfNeeded: group >> 16))
            if size > 2 { append(UInt8(truncatingIfNeeded: group >> 8)) }
            if size > 3 { append(UInt8(truncatingIfNeeded: group)) }
            index += 4
        }
        return true
    }
}

private func digit(_ value: UInt32) -> UInt8 {
    switch UInt8(value) {
    case let value where value < 26: UInt8(ascii: "A") + value
    case let value where value < 52: UInt8(ascii: "a") + value - 26
    case let value where value < 62: UInt8(ascii: "0") + value - 52
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
}

private func value(ofDigit byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a") + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0") + 52)
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
