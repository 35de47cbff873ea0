// What a task gives to the library's thread: encoded requests, and a continuation for the replies.

import Bytes
import Reactor
import Synchronization
import Wire

/// The result of each request of a call, in order.
typealias CallResult = [Result<RESPValue, PuffinError>]

/// Set when a task is cancelled; checked by the thread that has the call.
final class CancellationMark: Sendable {
    private let isSet = Atomic<Bool>(false)

    var isCancelled: Bool { isSet.load(ordering: .acquiring) }
    func cancel() { isSet.store(true, ordering: .releasing) }
}

/// One request, or several that stay together, on one connection and in order.
final class Call: Sendable {
    /// The requests in RESP.
    private let wire: ByteBuffer
    /// The number of requests, at least 1.
    let count: Int
    let kind: CommandKind
    /// The number of arguments of the first request, its name included.
    private let argumentCount: Int
    let timeout: Duration?
    /// When the call was made, in nanoseconds of `MonotonicClock`.
    let start: Int
    let mark: CancellationMark
    private let continuation: CheckedContinuation<CallResult, Never>

    init(
        _ requests: [[[UInt8]]], _ kind: CommandKind, timeout: Duration?, start: Int, mark: CancellationMark,
        _ continuation: CheckedContinuation<CallResult, Never>
    ) {
        var wire = ByteBuffer()
        let size = requests.reduce(0) { size, arguments in arguments.reduce(size + 16) { $0 + $1.count + 16 } }
        wire.reserve(size)
        for arguments in requests { wire.append(request: arguments) }
        self.wire = wire
        count = requests.count
        argumentCount = requests[0].count
        self.kind = kind
        self.timeout = timeout
        self.start = start
        self.mark = mark
        self.continuation = continuation
    }

    // MARK: Its bytes

    /// Bytes of all requests.
    var size: Int { wire.count }

    /// Copies the requests.
    func append(to output: inout ByteBuffer) { output.append(allOf: wire) }

    /// Sends the requests without copying them first.
    /// - Returns: false if the connection is lost.
    func send(over stream: Stream) -> Bool { stream.send(allOf: wire) }

    /// Copies the only request, with `AFTER <seq>` before its arguments.
    func append(to output: inout ByteBuffer, after seq: UInt64) {
        output.append(requestOf: argumentCount + 2)
        output.append("$5\r\nAFTER\r\n")
        let digits = Array(String(seq).utf8)
        output.append(requestArgument: digits.span)
        output.append(behindFirstLineOf: wire)
    }

    // MARK: Its end

    /// Ends the call. To be called once.
    func finish(_ result: CallResult) { continuation.resume(returning: result) }

    /// Ends the call with the same error for each request.
    func fail(_ error: PuffinError) { finish(Array(repeating: .failure(error), count: count)) }
}

// A span of a class's constant would count as a borrow that outlives it; of a parameter it does not.

extension ByteBuffer {
    fileprivate mutating func append(allOf other: borrowing ByteBuffer) { append(other.bytes) }

    fileprivate mutating func append(behindFirstLineOf other: borrowing ByteBuffer) {
        let bytes = other.bytes
        if let lineFeed = bytes.newline(from: 0) { append(bytes.extracting(lineFeed + 1..<bytes.count)) }
    }
}

extension Stream {
    fileprivate func send(allOf buffer: borrowing ByteBuffer) -> Bool { send(buffer.bytes) }
}
