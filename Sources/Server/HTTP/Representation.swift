// How a value is shown: as bytes, as text, or as JSON with what is known of it (RFC 9110, section 12.5.1).

import Bytes
import Wire

/// A representation of a value.
enum Representation: CaseIterable {
    case bytes, text, json

    var contentType: StaticString {
        switch self {
        case .bytes: "application/octet-stream"
        case .text: "text/plain; charset=utf-8"
        case .json: "application/json"
        }
    }

    /// Type and subtype.
    private var names: (type: StaticString, subtype: StaticString) {
        switch self {
        case .bytes: ("APPLICATION", "OCTET-STREAM")
        case .text: ("TEXT", "PLAIN")
        case .json: ("APPLICATION", "JSON")
        }
    }

    /// The one that a client likes best; bytes, then text, among those that it likes alike. nil if it likes none.
    static func wanted(_ request: borrowing HTTPRequest) -> Representation? {
        let first = request.fields.accept
        guard first >= 0 else { return .bytes }
        // What most programs send.
        if request.head.fieldValue(at: first).equals("*/*"), request.head.index(of: .accept, from: first + 1) == nil {
            return .bytes
        }
        var best: (Representation, Int)?
        for representation in allCases {
            let quality = representation.quality(request.head, from: first)
            if quality > best?.1 ?? 0 { best = (representation, quality) }
        }
        return best?.0
    }

    /// How much a client likes it, in thousandths: the most specific range that includes it says so.
    private func quality(_ head: HTTPHead, from first: Int) -> Int {
        var (quality, precision) = (0, -1)
        var next: Int? = first
        while let index = next {
            let list = head.fieldValue(at: index)
            var start = 0
            while start < list.count {
                var end = start
                while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
                let range = list.extracting(start..<end)
                if let found = match(range), found > precision {
                    (quality, precision) = (Representation.quality(in: range), found)
                }
                start = end + 1
            }
            next = head.index(of: .accept, from: index + 1)
        }
        return quality
    }

    /// How precisely a media range includes it: 2 by its name, 1 by its type, 0 as anything; nil if it does not.
    private func match(_ range: Span<UInt8>) -> Int? {
        var (start, end) = (0, 0)
        while start < range.count, isBlank(range[start]) { start += 1 }
        end = start
        while end < range.count, range[end] != UInt8(ascii: ";"), !isBlank(range[end]) { end += 1 }
        let name = range.extracting(start..<end)
        if name.equals("*/*") { return 0 }
        guard let slash = (0..<name.count).first(where: { name[$0] == UInt8(ascii: "/") }),
            name.extracting(0..<slash).equalsIgnoringCase(names.type)
        else { return nil }
        let subtype = name.extracting(slash + 1..<name.count)
        if subtype.equals("*") { return 1 }
        return subtype.equalsIgnoringCase(names.subtype) ? 2 : nil
    }

    /// The weight in a media range: 1000 without one, and 0 for one that is not valid.
    private static func quality(in range: Span<UInt8>) -> Int {
        var index = 0
        while index < range.count {
            guard range[index] == UInt8(ascii: ";") else {
                index += 1
                continue
            }
            index += 1
            while index < range.count, isBlank(range[index]) { index += 1 }
            guard range.starts(with: "q=", at: index) || range.starts(with: "Q=", at: index) else { continue }
            return thousandths(range.extracting(index + 2..<range.count))
        }
        return 1000
    }

    /// `0`, `0.5`, `1.000` in thousandths (RFC 9110, section 12.4.2).
    private static func thousandths(_ text: Span<UInt8>) -> Int {
        var (value, digits, index) = (0, -1, 0)
        while index < text.count, text[index] != UInt8(ascii: ";"), !isBlank(text[index]) {
            if text[index] == UInt8(ascii: "."), digits < 0 {
                digits = 0
            } else {
                let digit = text[index] &- UInt8(ascii: "0")
                guard digit < 10, digits < 3, value <= 1000 else { return 0 }
                value = value * 10 + Int(digit)
                if digits >= 0 { digits += 1 }
            }
            index += 1
        }
        guard index > 0 else { return 0 }
        for _ in max(digits, 0)..<3 { value *= 10 }
        return value <= 1000 ? value : 0
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
