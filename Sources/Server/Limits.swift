// Every limit, with its default and its reason. Each has an error that states the limit and the value seen.

import Wire

/// What one server allows. Sizes are in bytes.
package struct Limits: Sendable {
    /// A key.
    package var keySize = ProtocolLimits.keySize
    /// A value.
    package var valueSize = ProtocolLimits.valueSize
    /// What APPEND, SETRANGE and SETBIT may make of a value: the log has the whole of it for each of them.
    package var editSize = 1 << 20
    /// A RESP request's arguments.
    package var argumentCount = ProtocolLimits.argumentCount
    /// A RESP request as a whole.
    package var requestSize = ProtocolLimits.requestSize
    /// Connections at a time: each needs a descriptor and about 2 KiB.
    package var clientCount = 10_000
    /// Replies that a client has not taken: reading from it stops here,
    package var unsentPauseSize = 1 << 20
    /// and one request whose replies go beyond this ends the connection.
    package var unsentSize = 64 << 20
    /// An incomplete request of so much may go on when memory is short.
    package var shortRequestSize = 64 << 10
    /// A line of the log as a leader sends it: a value of which each byte is escaped, a key likewise, and the rest.
    package var recordSize: Int { 6 * (requestSize + keySize) + 4096 }
    /// How long AFTER waits for a change, in milliseconds.
    package var afterTime = 1000
    /// Keys that one SCAN looks at.
    package var scanCount = 10_000
    /// Bytes of somebody else's text that an error message repeats.
    package var echoSize = 128

    package init() {}

    var request: RequestLimits {
        RequestLimits(
            lineSize: valueSize + keySize, bulkSize: valueSize, argumentCount: argumentCount,
            requestSize: requestSize)
    }
}
