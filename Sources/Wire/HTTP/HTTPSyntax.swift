// The bytes of HTTP's grammar: tokens, values of fields, hosts (RFC 9110, section 5.6; RFC 3986, section 3.2.2).

import Bytes

/// Whether `byte` may be in a token: a method, a field's name (RFC 9110, section 5.6.2).
@inline(__always)
func isHTTPToken(_ byte: UInt8) -> Bool {
    // A bit for each of the first 128 bytes: letters, digits and !#$%&'*+-.^_`|~.
    let set: UInt64 = byte < 64 ? 0x03ff_6cfa_0000_0000 : byte < 128 ? 0x57ff_ffff_c7ff_fffe : 0
    return set &>> UInt64(byte & 63) & 1 != 0
}

@inline(__always)
func isHTTPBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

extension Span where Element == UInt8 {
    /// The bytes of `slice`, which are inside the span.
    @inline(__always)
    @_lifetime(copy self)
    func extracting(_ slice: Slice) -> Span<UInt8> {
        extracting(slice.offset..<slice.offset &+ slice.size)
    }

    /// Whether the span is a token.
    var isHTTPTokenText: Bool {
        for index in 0..<count where !isHTTPToken(self[index]) { return false }
        return count > 0
    }

    /// Whether each byte may be in a field's value: a tab, or no control byte (RFC 9110, section 5.5).
    var isHTTPFieldValue: Bool {
        if !hasControlByte { return true }
        for index in 0..<count {
            let byte = self[index]
            if byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7f { return false }
        }
        return true
    }

    /// `slice` without the blanks at its ends.
    func withoutBlanks(_ slice: Slice) -> Slice {
        var (start, end) = (slice.offset, slice.offset &+ slice.size)
        while start < end, isHTTPBlank(self[start]) { start &+= 1 }
        while start < end, isHTTPBlank(self[end &- 1]) { end &-= 1 }
        return Slice(offset: start, size: end &- start)
    }

    /// The next element of a list at `offset`, which moves behind its comma; nil at the end (RFC 9110, section 5.6.1).
    /// An element may be empty.
    func nextHTTPElement(at offset: inout Int) -> Slice? {
        guard offset <= count else { return nil }
        let start = offset
        while offset < count, self[offset] != UInt8(ascii: ",") { offset &+= 1 }
        defer { offset &+= 1 }
        return withoutBlanks(Slice(offset: start, size: offset &- start))
    }

    /// Whether two spans are the same text, whatever the case of their letters.
    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where upperCased(self[index]) != upperCased(other[index]) { return false }
        return true
    }

    /// The host in the value of a field Host, without port and brackets. nil if the value is not valid: names have
    /// letters, digits, dots, hyphens and underscores, IPv6 addresses brackets, a port one to five digits. Whether an
    /// address is one is not checked.
    var httpHostName: Slice? {
        guard count > 0 else { return nil }
        let isBracketed = self[0] == UInt8(ascii: "[")
        let start = isBracketed ? 1 : 0
        var end = start
        while end < count, isBracketed ? isAddressByte(self[end]) : isNameByte(self[end]) { end &+= 1 }
        guard end > start else { return nil }
        var next = end
        if isBracketed {
            guard next < count, self[next] == UInt8(ascii: "]") else { return nil }
            next &+= 1
        }
        guard next == count || isPort(from: next) else { return nil }
        return Slice(offset: start, size: end &- start)
    }

    /// Whether a colon and a port are all that follows at `offset`.
    private func isPort(from offset: Int) -> Bool {
        guard self[offset] == UInt8(ascii: ":"), count &- offset >= 2, count &- offset <= 6 else { return false }
        var port = 0
        for index in offset &+ 1..<count {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            port = port &* 10 &+ Int(digit)
        }
        return port <= 65_535
    }
}

@inline(__always)
private func isNameByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
}

@inline(__always)
private func isAddressByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- UInt8(ascii: "a") < 6 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: ":")
}
