// The valid texts of a setting: one parser and one description for flags, environment and files.

import Bytes
import SystemPackage

/// A type of values: its parser, and a description of what is valid.
package struct ValueType<Value: Sendable>: Sendable {
    /// What is valid, as the end of a sentence: `expected …`.
    package let allowed: String
    /// The valid words, for suggestions.
    package let words: [String]
    /// How files and JSON write it.
    package let form: Form
    /// Parses a text; nil if it is invalid.
    package let read: @Sendable (String) -> Value?

    package init(
        _ allowed: String, words: [String] = [], form: Form = .text, read: @escaping @Sendable (String) -> Value?
    ) {
        self.allowed = allowed
        self.words = words
        self.form = form
        self.read = read
    }
}

/// How a value is written in YAML and JSON.
package enum Form: Sendable {
    /// In quotes.
    case text
    /// As a number, if it is one.
    case number
    /// As `true` or `false`.
    case truth
}

extension ValueType<UInt16> {
    /// A port, `8080` or `:8080`.
    package static var port: ValueType {
        ValueType("a number from 0 to 65535, such as 8080 or :8080", form: .number) { text in
            decimal(text.first == ":" ? text.dropFirst() : text[...], upTo: 65_535).map { UInt16($0) }
        }
    }
}

extension ValueType<Bool> {
    package static var truth: ValueType {
        let values = ["true": true, "yes": true, "on": true, "1": true, "false": false, "no": false, "off": false]
        return ValueType(
            "true or false (or yes and no, on and off, 1 and 0)", words: ["true", "false"], form: .truth
        ) { $0 == "0" ? false : values[$0.lowercased()] }
    }
}

extension ValueType where Value: RawRepresentable<String> & CaseIterable {
    /// A word of an enumeration.
    /// - Parameter aliases: other accepted words, and what each means.
    package static func choice(aliases: [String: Value] = [:]) -> ValueType {
        let words = Value.allCases.map(\.rawValue)
        let last = words.last ?? ""
        return ValueType(words.dropLast().joined(separator: ", ") + " or " + last, words: words) {
            Value(rawValue: $0) ?? aliases[$0]
        }
    }
}

extension ValueType<String> {
    /// An address to listen on.
    package static var host: ValueType {
        ValueType("an address or a host name, such as 127.0.0.1, ::1 or localhost") { text in
            HostName.problem(text) == nil ? text : nil
        }
    }
}

extension ValueType<String> {
    /// The origin of web pages (RFC 6454): a scheme, a host and perhaps a port.
    package static var origin: ValueType {
        ValueType("the origin of a page, such as https://console.example.com or http://localhost:3000") { text in
            guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return nil }
            let rest = text.dropFirst(scheme.count)
            let isBracketed = rest.hasPrefix("[")
            let host = isBracketed ? rest.dropFirst().prefix { $0 != "]" } : rest.prefix { $0 != ":" }
            let tail = rest.dropFirst(host.count + (isBracketed ? 2 : 0))
            guard HostName.problem(String(host)) == nil else { return nil }
            if tail.isEmpty { return text }
            guard tail.first == ":", let port = decimal(tail.dropFirst(), upTo: 65_535), port > 0 else { return nil }
            return text
        }
    }
}

extension ValueType<FilePath> {
    /// A file's path.
    package static var file: ValueType {
        ValueType("the path of a file, such as puffin.json") { text in
            text.isEmpty || text.hasSuffix("/") || text.utf8.contains(0) ? nil : FilePath(text)
        }
    }
}

extension ValueType<Endpoint> {
    package static var endpoint: ValueType {
        ValueType("host:port, such as localhost:8080, :8080 or [::1]:8080") { try? Endpoint(parsing: $0) }
    }
}

extension ValueType<Duration?> {
    /// A duration, or `off`.
    package static var timeOrOff: ValueType {
        ValueType("off, or a time, such as 500us, 10ms or 1s (a number alone is seconds)", words: ["off"]) { text in
            text == "off" ? .some(nil) : TimeSpan(text).map { .some($0.duration) }
        }
    }
}

extension ValueType<UInt64> {
    /// A long duration, in milliseconds.
    package static var age: ValueType {
        ValueType("0, or a number and s, m, h or d, such as 12h or 7d") { text in
            let units: [Character: UInt64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            if text == "0" { return 0 }
            guard let unit = text.last.flatMap({ units[$0] }), let count = decimal(text.dropLast(), upTo: 1 << 53),
                case let (product, isOver) = UInt64(count).multipliedReportingOverflow(by: unit), !isOver,
                product < 1 << 53
            else { return nil }
            return product
        }
    }
}

extension ValueType<Int> {
    /// A number of bytes, at least `least`, and at most `most` if that is given.
    package static func size(from least: Int = 0, upTo most: Int? = nil) -> ValueType {
        let range =
            most.map { " from \(ByteSize(least)) to \(ByteSize($0))" }
            ?? (least > 0 ? " of \(ByteSize(least)) or more" : "")
        let read: @Sendable (String) -> Int? = { text in
            ByteSize(text).flatMap { $0.bytes >= least && $0.bytes <= most ?? .max ? $0.bytes : nil }
        }
        let example = ["64M", "64K", "1K"].first { read($0) != nil } ?? "\(least)"
        return ValueType("a size\(range), such as \(example)", read: read)
    }

    /// A duration in whole milliseconds, at least `least`.
    package static func milliseconds(least: Int) -> ValueType {
        let read: @Sendable (String) -> Int? = { text in
            TimeSpan(text).flatMap { $0.nanoseconds >= least * 1_000_000 ? $0.nanoseconds / 1_000_000 : nil }
        }
        let examples = ["500ms", "10s", "2m"].filter { read($0) != nil }
        let shown = examples.dropLast().joined(separator: ", ") + " or " + (examples.last ?? "")
        let bound = TimeSpan(milliseconds: least)
        return ValueType("a time of \(bound) or more, such as \(shown) (a number alone is seconds)", read: read)
    }

    /// A count.
    package static func count(_ range: ClosedRange<Int>) -> ValueType {
        ValueType("a number from \(range.lowerBound) to \(range.upperBound)", form: .number) { text in
            decimal(text[...], upTo: range.upperBound).flatMap { $0 >= range.lowerBound ? $0 : nil }
        }
    }
}

extension ValueType<Int?> {
    /// A memory limit in bytes: `auto`, 0, or an amount large enough that no unit was forgotten.
    package static var memory: ValueType {
        let least = 1 << 20
        return ValueType("auto, 0 for no limit, or \(ByteSize(least)) or more, such as 512M or 2G", words: ["auto"]) {
            text in
            if text == "auto" { return .some(nil) }
            return ByteSize(text).flatMap { $0.bytes == 0 || $0.bytes >= least ? .some($0.bytes) : nil }
        }
    }
}

extension ValueType<Double> {
    /// A number that need not be an integer.
    package static func number(_ range: ClosedRange<Double>, example: String = "1.5") -> ValueType {
        ValueType(
            "a number from \(shown(range.lowerBound)) to \(shown(range.upperBound)), such as \(example)", form: .number
        ) { text in
            // Double also accepts "nan", "inf" and hexadecimal digits.
            guard
                text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: ".") }),
                let number = Double(text), range.contains(number)
            else { return nil }
            return number
        }
    }
}

/// A number without a fraction that is 0.
private func shown(_ number: Double) -> String {
    Int(exactly: number).map { String($0) } ?? String(number)
}

/// Parses decimal digits only; nil also above `most`.
private func decimal(_ text: Substring, upTo most: Int) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
        return nil
    }
    return Int(text).flatMap { $0 <= most ? $0 : nil }
}
