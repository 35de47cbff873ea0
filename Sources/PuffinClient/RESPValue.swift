// A server's reply, for users of the library. `Wire.Reply`, which it is made from, is not public.

import Wire

/// One value of RESP, the protocol that Puffin and Redis speak.
public enum RESPValue: Equatable, Sendable {
    /// A fixed word, such as `OK`.
    case status(String)
    /// An error inside a list. An error that is the whole reply is thrown, as ``PuffinError``.
    case error(code: String, message: String)
    /// An integer of 64 bits.
    case integer(Int)
    /// A value's or a key's bytes.
    case bytes([UInt8])
    /// Null, such as the value of a missing key.
    case null
    /// A list.
    case array([RESPValue])
    /// Pairs, in the order in which they were sent (RESP3).
    case map([Entry])
    /// True or false (RESP3).
    case boolean(Bool)
    /// A number with a fraction (RESP3).
    case double(Double)
    /// An integer of any size, in ASCII digits (RESP3).
    case bigNumber([UInt8])
    /// A set (RESP3).
    case set([RESPValue])

    /// One pair of a map.
    public struct Entry: Equatable, Sendable {
        /// The key.
        public let key: RESPValue
        /// The value.
        public let value: RESPValue

        /// A pair.
        public init(key: RESPValue, value: RESPValue) {
            self.key = key
            self.value = value
        }
    }

    /// The bytes of a value, a status or a number's digits; nil for everything else.
    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes), .bigNumber(let bytes): bytes
        case .status(let text): Array(text.utf8)
        case .integer(let number): Array(String(number).utf8)
        default: nil
        }
    }

    /// The same as a text, if the bytes are valid UTF-8.
    public var string: String? { bytes.flatMap { String(puffinBytes: $0) } }

    /// The number, even if it came as decimal digits.
    public var integer: Int? {
        if case .integer(let number) = self { return number }
        return bytes.flatMap { Int(puffinBytes: $0) }
    }

    /// The elements of a list or a set; keys and values alternating for a map. nil for everything else.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements): elements
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        default: nil
        }
    }

    /// The names and values of a map, which RESP2 sends as a list; nil for everything else.
    public var pairs: [(name: String, value: String)]? {
        guard let elements, elements.count % 2 == 0 else { return nil }
        var pairs: [(name: String, value: String)] = []
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].string, let value = elements[index + 1].string else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }
}

extension RESPValue {
    /// The same value, as it came from the wire.
    init(_ reply: Reply) {
        self =
            switch reply {
            case .simple(let text): .status(text)
            case .error(let code, let message): .error(code: code, message: message)
            case .integer(let number): .integer(number)
            case .bulk(let bytes): .bytes(bytes)
            case .null: .null
            case .array(let elements), .push(let elements): .array(elements.map(RESPValue.init))
            case .map(let entries): .map(entries.map { Entry(key: RESPValue($0.key), value: RESPValue($0.value)) })
            case .boolean(let isTrue): .boolean(isTrue)
            case .double(let number): .double(number)
            case .bigNumber(let digits): .bigNumber(digits)
            case .verbatim(_, let text): .bytes(text)
            case .set(let elements): .set(elements.map(RESPValue.init))
            }
    }
}
