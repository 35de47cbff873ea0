// Every limit, with its default and its reason. Each has an error that states the limit and the value seen.

import Wire

/// The limits of a server. Sizes are in bytes.
package struct Limits: Sendable {
    /// A key.
    package var keySize = ProtocolLimits.keySize
    /// A value.
    package var valueSize = ProtocolLimits.valueSize
    /// The largest result of APPEND, SETRANGE and SETBIT: each of them logs the whole value.
    package var editSize = 1 << 20
    /// A RESP request's arguments.
    package var argumentCount = ProtocolLimits.argumentCount
    /// A RESP request as a whole.
    package var requestSize = ProtocolLimits.requestSize
    /// Concurrent connections: each needs a descriptor and about 2 KiB.
    package var clientCount = 10_000
    /// Unsent replies of a client: reading from it stops here,
    package var unsentPauseSize = 1 << 20
    /// and a request whose replies exceed this ends the connection.
    package var unsentSize = 64 << 20
    /// An incomplete request up to this size may continue while memory is short.
    package var shortRequestSize = 64 << 10
    /// A line of the log as a leader sends it: a value of which each byte is escaped, a key likewise, and the rest.
    package var recordSize: Int { 6 * (requestSize + keySize) + 4096 }
    /// How long AFTER waits for a change, in milliseconds.
    package var afterTime = 1000
    /// Keys that one SCAN looks at.
    package var scanCount = 10_000
    /// Bytes of received text that an error message quotes.
    package var echoSize = 128

    package init() {}

    var request: RequestLimits {
        RequestLimits(
            lineSize: valueSize + keySize, bulkSize: valueSize, argumentCount: argumentCount,
            requestSize: requestSize)
    }
}
