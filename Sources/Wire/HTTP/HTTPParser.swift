// Bytes in, one request of HTTP/1.1 out (RFC 9112), as strict as the RFC allows: what two programs could understand in
// two ways is an error. The parser keeps its position inside an incomplete request: feeding it byte by byte costs no
// more than feeding it whole.

import Bytes

/// How large a request may be.
package struct HTTPLimits: Sendable {
    /// The longest target, in bytes. Beyond it: 414.
    package var targetSize: Int
    /// The request line and the fields together, in bytes, line ends included; also the fields behind a chunked body.
    /// Beyond it: 431.
    package var headSize: Int
    /// The most fields. Beyond it: 431.
    package var fieldCount: Int
    /// The largest body, decoded, in bytes. Beyond it: 413. A chunked body may take twice as many bytes of input, and
    /// twice `headSize` more.
    package var bodySize: Int

    package init(targetSize: Int, headSize: Int = 16 << 10, fieldCount: Int = 64, bodySize: Int) {
        self.targetSize = targetSize
        self.headSize = headSize
        self.fieldCount = fieldCount
        self.bodySize = bodySize
    }
}

/// What a parser found at the front of its bytes.
package enum HTTPParseResult: Equatable, Sendable {
    /// A request of `used` bytes, its body included.
    case complete(used: Int)
    /// A valid head, which announces a body: returned once per such request, even if the body is there. The caller
    /// admits the request, may lower its limit (`limitBody`), and calls `parse` again with the same bytes or more. A
    /// request without a body goes straight to `complete`.
    case head
    /// The start of a request; at least `missing` more bytes are needed, 1 or more.
    case incomplete(missing: Int)
    /// Not a request; what follows cannot be understood either.
    case malformed(HTTPError)
}

/// The methods that a server tells apart (RFC 9110, section 9). Upper and lower case differ.
package enum HTTPMethod: Int, CaseIterable, Sendable {
    case get, head, put, post, delete, options
    /// Any other token but CONNECT, which is refused.
    case other
}

/// What the answer says about the connection (RFC 9112, section 9.3).
package enum HTTPPersistence: Equatable, Sendable {
    /// It stays open, as is usual in HTTP/1.1: nothing is said.
    case open
    /// It stays open, which a client of HTTP/1.0 has to be told.
    case keepAlive
    /// It is closed after the answer.
    case close
}

/// Finds the requests of one connection, one after the other.
package struct HTTPParser: ~Copyable {
    /// What the parser expects next.
    enum Stage: Equatable {
        /// The first byte of a request.
        case idle
        case requestLine, fields
        /// As many bytes as Content-Length says.
        case sizedBody
        /// The line of a chunk's size; a chunk of `size` bytes and CR LF; the fields behind the last chunk.
        case chunkLine, chunk(size: Int), trailers
    }

    let limits: HTTPLimits
    var stage = Stage.idle
    /// Where the next line or chunk begins, and up to where no line feed has been found.
    var position = 0
    var scanned = 0

    /// The request's parts, as ranges of the bytes that `parse` got.
    var parts = HTTPParts()
    /// Names and values of the fields, in turn.
    var fields = SliceList()
    private var fieldMemory = CountedMemory()

    /// The method; `.other` until a request line is valid.
    package internal(set) var method = HTTPMethod.other
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package internal(set) var minorVersion = 1
    /// Whether the head of the request in progress, or of the last complete one, is valid: its parts may be used.
    package internal(set) var isHeadComplete = false
    /// The body's size as Content-Length says it, in bytes; nil if there is no such field.
    package internal(set) var contentLength: Int?
    /// Whether the body is chunked: its size is not known beforehand.
    package internal(set) var isChunked = false
    /// Whether the client may be waiting for `100 Continue` before it sends the body (RFC 9110, section 10.1.1).
    package internal(set) var expectsContinue = false
    var saysClose = false
    var saysKeepAlive = false

    /// The largest body of this request, in bytes.
    var bodyLimit: Int
    /// The body of several chunks; empty for every other request.
    var gathered = ByteBuffer()
    /// Bytes of a chunked body up to here, and bytes of input that were not of the body.
    var chunkedSize = 0
    var framingSize = 0
    /// Where the fields behind the last chunk begin.
    var trailerStart = 0

    package init(limits: HTTPLimits) {
        self.limits = limits
        bodyLimit = limits.bodySize
    }

    /// Looks for one request at the front of `bytes`. After `head` and `incomplete` it must be called with the same
    /// bytes, and perhaps more after them.
    package mutating func parse(_ bytes: Span<UInt8>) -> HTTPParseResult {
        guard bytes.count > 0 else { return .incomplete(missing: 1) }
        if stage == .idle { begin() }
        while true {
            guard let result = step(bytes) else { continue }
            switch result {
            case .complete, .malformed: stage = .idle
            case .head, .incomplete: noteFields()
            }
            return result
        }
    }

    /// Parses one line or one chunk.
    /// - Returns: nil if the next one may follow.
    private mutating func step(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        switch stage {
        case .idle, .requestLine: takeRequestLine(bytes)
        case .fields: takeField(bytes)
        case .sizedBody: takeSizedBody(bytes)
        case .chunkLine: takeChunkLine(bytes)
        case .chunk(let size): takeChunk(bytes, size: size)
        case .trailers: takeTrailer(bytes)
        }
    }

    private mutating func begin() {
        stage = .requestLine
        (position, scanned) = (0, 0)
        parts = HTTPParts()
        fields.removeAll()
        (method, minorVersion, isHeadComplete) = (.other, 1, false)
        (contentLength, isChunked, expectsContinue) = (nil, false, false)
        (saysClose, saysKeepAlive) = (false, false)
        bodyLimit = limits.bodySize
        (chunkedSize, framingSize, trailerStart) = (0, 0, 0)
        if gathered.capacity > 0 { forgetBody(above: HTTPParser.keptBodySize) }
    }

    private mutating func forgetBody(above kept: Int) {
        gathered.removeAll()
        gathered.trim(above: kept)
    }

    /// Lowers the limit of the body of the request in progress, after `head`. The next `parse` refuses a body that is
    /// larger, with 413.
    /// - Parameter size: bytes; 0 refuses any body but an empty one.
    package mutating func limitBody(to size: Int) {
        bodyLimit = min(bodyLimit, size)
    }

    /// Whether the connection stays open after this request, as the client wants it (RFC 9112, section 9.3).
    package var keepsAlive: Bool { !saysClose && (minorVersion == 1 || saysKeepAlive) }

    /// What an answer to this request says about the connection, unless the server wants to close it.
    package var persistence: HTTPPersistence { keepsAlive ? (minorVersion == 1 ? .open : .keepAlive) : .close }

    /// Whether no request is in progress.
    package var isIdle: Bool { stage == .idle }

    /// Bytes of memory held by the parser for an incomplete request.
    package var heldSize: Int { fieldMemory.size + gathered.capacity }

    /// Frees what a large request took, if no request is in progress. The last one's parts become invalid.
    package mutating func trim() {
        guard stage == .idle else { return }
        isHeadComplete = false
        fields.trim(above: HTTPParser.keptFieldSlices)
        if fieldMemory.size > 0 { fieldMemory.set(0) }
        if gathered.capacity > HTTPParser.keptBodySize { forgetBody(above: 0) }
    }

    private mutating func noteFields() {
        guard fields.capacity > HTTPParser.keptFieldSlices else { return }
        fieldMemory.set(fields.capacity * MemoryLayout<Slice>.stride)
    }

    /// Slices whose memory is kept for the next requests: those of 32 fields.
    private static let keptFieldSlices = 64
    private static let keptBodySize = 4096

    /// The parts of the request whose head is complete. `bytes` are those that `parse` got.
    @_lifetime(borrow self, copy bytes)
    package func head(in bytes: Span<UInt8>) -> HTTPHead {
        HTTPHead(parts, fields: isHeadComplete ? fields.span : Span(), in: bytes)
    }

    /// Where that body is in the bytes of the request; nil if it came in several chunks.
    package var bodyRange: Slice? { gathered.isEmpty ? parts.body : nil }

    /// The body of the last complete request, decoded. `bytes` are those that `parse` got.
    @_lifetime(borrow self, copy bytes)
    package func body(in bytes: Span<UInt8>) -> Span<UInt8> {
        gathered.isEmpty ? bytes.extracting(parts.body) : gathered.bytes
    }
}

// Lines.
extension HTTPParser {
    enum Line {
        /// The line's range, without CR LF.
        case complete(Slice)
        case incomplete
        case malformed(HTTPError)
    }

    /// Takes the line at `position`.
    /// - Parameters:
    ///   - limit: the offset at which its line feed would be too far away.
    ///   - error: what that is.
    mutating func takeLine(_ bytes: Span<UInt8>, before limit: Int, else error: HTTPError) -> Line {
        guard let feed = bytes.newline(from: scanned) else {
            guard bytes.count < limit else { return .malformed(error) }
            scanned = bytes.count
            return .incomplete
        }
        guard feed < limit else { return .malformed(error) }
        guard feed > position, bytes[feed &- 1] == UInt8(ascii: "\r") else { return .malformed(.lineEnd) }
        let line = Slice(offset: position, size: feed &- 1 &- position)
        position = feed &+ 1
        scanned = position
        return .complete(line)
    }
}
