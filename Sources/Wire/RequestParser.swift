// Bytes in, one request out. A request's first byte tells the two dialects apart, so a connection may mix them. A
// parser keeps its position inside an incomplete request: feeding it byte by byte costs no more than feeding it whole,
// whatever the request looks like.

import Bytes

/// How large a request may be. Sizes are in bytes.
package struct RequestLimits: Sendable {
    /// The longest line, without its line feed.
    package var lineSize: Int
    /// The longest RESP bulk string.
    package var bulkSize: Int
    /// The most arguments of a RESP array, the command's name included.
    package var argumentCount: Int
    /// The largest RESP request as a whole.
    package var requestSize: Int

    package init(lineSize: Int, bulkSize: Int, argumentCount: Int, requestSize: Int) {
        self.lineSize = lineSize
        self.bulkSize = bulkSize
        self.argumentCount = argumentCount
        self.requestSize = requestSize
    }
}

/// What a parser found at the front of its bytes.
package enum ParseResult: Equatable, Sendable {
    /// A request of `used` bytes. One without arguments (a blank line) asks for nothing.
    case complete(used: Int)
    /// The start of a request; at least `missing` more bytes are needed, 1 or more.
    case incomplete(missing: Int)
    /// Not a request; what follows cannot be understood either.
    case malformed(ProtocolError)
}

/// How a request was written, and therefore how it is answered.
@frozen public enum RequestDialect: Sendable {
    case line
    case resp
}

/// Finds the requests of one connection, one after the other.
public struct RequestParser: ~Copyable {
    /// They may change between two requests.
    package var limits: RequestLimits

    /// The dialect of the last complete request, or of the one in progress.
    public internal(set) var dialect = RequestDialect.line
    /// Whether that is a line.
    public var isLine: Bool {
        @inlinable @inline(__always)
        get { if case .line = dialect { true } else { false } }
    }
    @usableFromInline var slices = SliceList()
    private var sliceMemory = CountedMemory()
    /// JSON strings of a line are unescaped into it; empty for every other request.
    @usableFromInline var decoded = ByteBuffer()

    /// Progress inside an incomplete request: bytes that need no second look, and the number of RESP arguments still to
    /// come (nil until the array's length is known).
    var scanned = 0
    var argumentsLeft: Int?

    package init(limits: RequestLimits) {
        self.limits = limits
    }

    /// Looks for one request at the front of `bytes`. After `incomplete` it must be called with the same bytes and more
    /// after them.
    package mutating func parse(_ bytes: Span<UInt8>) -> ParseResult {
        guard bytes.count > 0 else { return .incomplete(missing: 1) }
        if scanned == 0 {
            slices.removeAll()
            if decoded.capacity > 0 { forgetDecoded() }
            dialect = bytes[0] == UInt8(ascii: "*") ? .resp : .line
        }
        let intake = isLine ? parseLine(bytes) : parseRESP(bytes)
        if case .incomplete = intake {
            noteSlices()
            return intake
        }
        if argumentsLeft != nil || scanned > 0 { (scanned, argumentsLeft) = (0, nil) }
        return intake
    }

    private mutating func forgetDecoded() {
        decoded.removeAll()
        decoded.trim(above: RequestParser.keptDecodedSize)
    }

    /// Bytes of memory held by the parser for an incomplete request.
    package var heldSize: Int { sliceMemory.size }

    /// Frees what a large request took, if no request is in progress. Its arguments become invalid.
    package mutating func trim() {
        guard scanned == 0, argumentsLeft == nil else { return }
        slices.trim(above: RequestParser.keptSlices)
        if sliceMemory.size > 0 { sliceMemory.set(0) }
        guard decoded.capacity > RequestParser.keptDecodedSize else { return }
        decoded.removeAll()
        decoded.trim(above: 0)
    }

    /// Many small arguments take more memory here than in the input.
    private mutating func noteSlices() {
        guard slices.capacity > RequestParser.keptSlices else { return }
        sliceMemory.set(slices.capacity * MemoryLayout<Slice>.stride)
    }

    /// Slices whose memory is kept for the next requests.
    private static let keptSlices = 64
    private static let keptDecodedSize = 4096

    /// Whether the last complete request has no arguments, and so asks for nothing.
    public var isBlank: Bool {
        @inlinable @inline(__always) get { slices.isEmpty }
    }

    /// The arguments of the last complete request, as ranges of the bytes that `parse` got. A line's are the verb and
    /// the rest of the line until `splitLine` is called.
    @_lifetime(borrow self, copy bytes)
    @inlinable @inline(__always)
    public func arguments(in bytes: Span<UInt8>) -> Arguments {
        if decoded.isEmpty { return Arguments(slices.span, in: bytes) }
        return Arguments(slices.span, in: decoded.bytes)
    }
}
