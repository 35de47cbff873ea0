// The limits of Puffin's protocol. Several modules need them: a server's settings allow no more, and its clients send
// no more.

/// The largest keys, values and requests, in bytes.
package enum ProtocolLimits {
    /// A key is held in memory and hashed for each request.
    package static let keySize = 64 << 10
    /// A value is copied whole, in one turn.
    package static let valueSize = 64 << 20
    /// The arguments of a RESP request: as many as Redis' own clients send at most.
    package static let argumentCount = 65_536
    /// A RESP request: what one client can make the server hold before the request is known.
    package static let requestSize = 256 << 20
    /// A line: the largest value and the largest key.
    package static let lineSize = valueSize + keySize
}
