// Keys and values are bytes. Programs often have texts or numbers: the types here can be given and requested in place
// of bytes.

/// A type that converts to and from bytes: for keys, values and arguments.
///
/// `[UInt8]`, `ArraySlice<UInt8>`, `String`, `Substring` and `Int` conform. Your own type can conform too, for instance
/// by encoding itself as JSON.
public protocol ByteConvertible: Sendable {
    /// The bytes to send.
    var puffinBytes: [UInt8] { get }

    /// Makes a value from a server's bytes; nil if they are not of this type.
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

    /// Decodes UTF-8; nil if the bytes are invalid.
    public init?(puffinBytes: [UInt8]) { self.init(validating: puffinBytes, as: UTF8.self) }
}

extension Substring: ByteConvertible {
    /// The text in UTF-8.
    public var puffinBytes: [UInt8] { Array(utf8) }

    /// Decodes UTF-8; nil if the bytes are invalid.
    public init?(puffinBytes: [UInt8]) {
        guard let text = String(puffinBytes: puffinBytes) else { return nil }
        self = text[...]
    }
}

extension Int: ByteConvertible {
    /// The number in decimal, as `increment` reads it.
    public var puffinBytes: [UInt8] { Array(String(self).utf8) }

    /// Parses decimal digits with or without a sign; nil for anything else, and for what does not fit.
    public init?(puffinBytes: [UInt8]) {
        guard let text = String(puffinBytes: puffinBytes) else { return nil }
        self.init(text)
    }
}
