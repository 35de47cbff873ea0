// What Puffin's protocol carries at most. Several rooms need these: a server's settings allow no more, and its clients send no more.

/// The largest keys, values and requests. Sizes are in bytes.
package enum ProtocolLimits {
    /// A key: it is held in memory and hashed for each request.
    package static let keySize = 64 << 10
    /// A value: it is copied whole, in one turn.
    package static let valueSize = 64 << 20
    /// A RESP request's arguments, as many as Redis' own clients send at most.
    package static let argumentCount = 65_536
    /// A RESP request as a whole: what one client can make the server hold before it says what it wants.
    package static let requestSize = 256 << 20
    /// A line: the largest value and the largest key.
    package static let lineSize = valueSize + keySize
}
