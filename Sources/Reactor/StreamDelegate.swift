// How a stream's owner gets its input, and learns what has happened to it.

/// What a delegate did with the bytes it was shown.
package struct Consumption: Sendable {
    /// Bytes from the front that are consumed.
    package var used: Int
    /// How many more bytes must come before the rest is worth showing again.
    package var missing: Int

    package init(used: Int, missing: Int) {
        self.used = used
        self.missing = missing
    }
}

/// A stream's client. Called in turns of the loop, never by libevent.
package protocol StreamDelegate: AnyObject {
    /// Bytes have arrived. Unused ones are shown again, followed by more.
    func received(_ bytes: Span<UInt8>) -> Consumption
    /// The peer will send no more; `unfinished` bytes of a request are left. It may still be reading.
    func receivedEnd(unfinished: Int)
    /// Everything that was sent has been handed to the kernel.
    func drained()
    /// The connection is lost.
    func failed()
}
