// The one check of host names, for settings, flags, requests, peers and files: what is accepted anywhere can be written
// down and read again everywhere.

/// The rules for host names and addresses.
package enum HostName {
    /// The longest host name of RFC 1123, in bytes, without a trailing dot.
    package static let largestSize = 253
    /// The longest label, in bytes.
    private static let labelSize = 63
    /// IFNAMSIZ without its NUL: the longest name of a network interface on Linux.
    private static let zoneSize = 15

    /// Why a text is not a host: a name by RFC 1123 (underscores are accepted too, as in Docker's names), an IPv4
    /// address as four numbers, or an IPv6 address without brackets, with or without a zone (`fe80::1%eth0`).
    /// - Returns: a reason that ends a sentence; nil if the text is a host.
    package static func problem(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        if bytes.isEmpty { return "the host is empty" }
        if bytes.contains(colon) {
            return isIPv6(bytes[...]) ? nil : "the host is not an IPv6 address"
        }
        let name = bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes[...]
        if name.count > largestSize { return "the host has \(name.count) bytes, \(largestSize) is the limit" }
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if let last = labels.last, !last.isEmpty, last.allSatisfy(isDigit) {
            return isIPv4(bytes[...]) ? nil : "the host ends with a number and is not an IPv4 address such as 10.0.0.7"
        }
        for label in labels {
            if label.isEmpty { return "the host has an empty part between two dots" }
            if label.count > labelSize {
                return "a part of the host has \(label.count) bytes, \(labelSize) is the limit"
            }
            guard label.allSatisfy(isNameByte) else {
                return "a host name has letters, digits, dots and hyphens only"
                    + (label.contains { $0 >= 0x80 } ? " (write another alphabet's as xn--…)" : "")
            }
            if label.first == UInt8(ascii: "-") || label.last == UInt8(ascii: "-") {
                return "a part of the host begins or ends with a hyphen"
            }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    private static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { part in Array(part).span.number.map { $0 < 256 } ?? false }
    }

    /// By RFC 4291, section 2.2, and RFC 4007, section 11.
    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "%"), maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count > 1 {
            let zone = parts[1]
            guard (1...zoneSize).contains(zone.count),
                zone.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "~") })
            else { return false }
        }
        let address = Array(parts[0])
        // A double colon replaces at least one group of zeros, and may occur once.
        let gap = address.indices.dropLast().first { address[$0] == colon && address[$0 + 1] == colon }
        guard let gap else { return groups(address[...], isEnd: true) == 8 }
        guard let head = groups(address[..<gap], isEnd: false), let tail = groups(address[(gap + 2)...], isEnd: true)
        else { return false }
        return head + tail < 8
    }

    private static let colon = UInt8(ascii: ":")

    /// The number of 16-bit groups in a part of an IPv6 address; nil if the part is invalid.
    /// - Parameter isEnd: whether it may end with an IPv4 address, which counts as two groups.
    private static func groups(_ part: ArraySlice<UInt8>, isEnd: Bool) -> Int? {
        if part.isEmpty { return 0 }
        var groups = part.split(separator: colon, omittingEmptySubsequences: false)
        var count = 0
        if isEnd, let last = groups.last, last.contains(UInt8(ascii: ".")) {
            guard isIPv4(last) else { return nil }
            groups.removeLast()
            count = 2
        }
        guard groups.allSatisfy({ (1...4).contains($0.count) && $0.allSatisfy { hexValue($0) != nil } }) else {
            return nil
        }
        return count + groups.count
    }
}
