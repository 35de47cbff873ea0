// The limits, with their defaults and reasons. Errors state the limit and the actual value.

import Wire

/// The limits of a server. Sizes are in bytes.
package struct Limits: Sendable {
    /// The size of a key.
    package var keySize = ProtocolLimits.keySize
    /// The size of a value.
    package var valueSize = ProtocolLimits.valueSize
    /// The size of a value after APPEND, SETRANGE or SETBIT. It is below `valueSize`, because each of them writes the
    /// whole value to the log.
    package var editSize = 1 << 20
    /// The number of arguments of a RESP request.
    package var argumentCount = ProtocolLimits.argumentCount
    /// The size of a RESP request.
    package var requestSize = ProtocolLimits.requestSize
    /// The number of connected clients. Each needs a descriptor and about 2 KiB.
    package var clientCount = 10_000
    /// The size of unsent replies at which the server stops reading from a client.
    package var unsentPauseSize = 1 << 20
    /// The size of a reply of several values or keys, beyond which the request is refused.
    package var unsentSize = 64 << 20
    /// The size of a line of a leader's log: every byte of the key and the value escaped (6 bytes each), and the other
    /// fields.
    package var recordSize: Int { 6 * (requestSize + keySize) + 4096 }
    /// How long AFTER waits for a change, in milliseconds.
    package var afterTime = 1000
    /// The number of feeds of changes, and of CHANGES … LIMIT that wait for their replies.
    package var feedCount = 1000
    /// How long a client may take nothing of its feed, in milliseconds.
    package var feedIdleTime = 60_000
    /// The number of keys that one SCAN visits.
    package var scanCount = 10_000
    /// The number of pairs, expired and not removed yet, that one RANGE passes over: about a hundredth of a second.
    package var rangeExpiredCount = 100_000
    /// The number of bytes of a client's text that an error message quotes.
    package var echoSize = 128

    package init() {}

    var request: RequestLimits {
        RequestLimits(
            lineSize: valueSize + keySize, bulkSize: valueSize, argumentCount: argumentCount,
            requestSize: requestSize)
    }
}
