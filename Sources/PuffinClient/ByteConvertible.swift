// Keys and values are bytes. What a program has is often a text or a number: the types here can be given and asked for
// where bytes are meant.

/// A type that stands for bytes: for a key, a value or an argument of a command.
///
/// `[UInt8]`, `ArraySlice<UInt8>`, `String`, `Substring` and `Int` conform. A type of yours can conform too, for instance
/// by encoding itself as JSON.
public protocol ByteConvertible: Sendable {
    /// The bytes that are sent.
    var puffinBytes: [UInt8] { get }

    /// Makes a value from bytes that came from a server; nil where they are none of this type.
    init?(puffinBytes: [UInt8])
}

extension Array: ByteConvertible where Element == UInt8 {
    /// The bytes themselves.
    public var puffinBytes: [UInt8] { self }

    /// The bytes themselves.
    public init(puffinBytes: [UInt8]) { self = puffinBytes }
}

extension ArraySlice: ByteConvertible where Element == UInt8 {
    /// The bytes themselves.
    public var puffinBytes: [UInt8] { Array(self) }

    /// The bytes themselves.
    public init(puffinBytes: [UInt8]) { self = puffinBytes[...] }
}

extension String: ByteConvertible {
    /// The text in UTF-8.
    public var puffinBytes: [UInt8] { Array(utf8) }

    /// Reads UTF-8; nil where the bytes are not valid UTF-8.
    public init?(puffinBytes: [UInt8]) { self.init(validating: puffinBytes, as: UTF8.self) }
}

extension Substring: ByteConvertible {
    /// The text in UTF-8.
    public var puffinBytes: [UInt8] { Array(utf8) }

    /// Reads UTF-8; nil where the bytes are not valid UTF-8.
    public init?(puffinBytes: [UInt8]) {
        guard let text = String(puffinBytes: puffinBytes) else { return nil }
        self = text[...]
    }
}

extension Int: ByteConvertible {
    /// The number in decimal, as `increment` reads it.
    public var puffinBytes: [UInt8] { Array(String(self).utf8) }

    /// Reads decimal digits with or without a sign; nil for anything else, and for what does not fit.
    public init?(puffinBytes: [UInt8]) {
        guard let text = String(puffinBytes: puffinBytes) else { return nil }
        self.init(text)
    }
}
