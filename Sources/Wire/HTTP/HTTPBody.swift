// The body of a request: as many bytes as Content-Length says, or chunks (RFC 9112, section 7.1).
//
//     chunk     = 1*15 hexadecimal digits *extension CR LF data CR LF
//     extension = ; name [ = word or "quoted text" ]      without blanks; dropped
//     body      = chunks, one of size 0 without data, fields that are dropped, an empty line
//
// A single chunk is used where it is. With the second one all are gathered in memory of the parser.

import Bytes

extension HTTPParser {
    mutating func takeSizedBody(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        guard parts.body.size <= bodyLimit else { return .malformed(.bodyTooLarge) }
        let end = parts.body.offset &+ parts.body.size
        return end <= bytes.count ? .complete(used: end) : .incomplete(missing: end &- bytes.count)
    }

    /// The longest line of a chunk's size, its line end included, in bytes.
    private static let chunkLineSize = 256
    /// The fewest bytes behind the data of a chunk: CR LF, and the last chunk with its empty line.
    private static let sizeBehindChunk = 7

    mutating func takeChunkLine(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        switch takeLine(bytes, before: position + HTTPParser.chunkLineSize, else: .chunkLine) {
        case .incomplete: return .incomplete(missing: 1)
        case .malformed(let error): return .malformed(error)
        case .complete(let line):
            guard let size = HTTPParser.chunkSize(bytes.extracting(line)) else { return .malformed(.chunkSize) }
            framingSize &+= line.size &+ 4
            // Without this bound, chunks of one byte would make the input many times larger than the body.
            guard framingSize &- chunkedSize <= limits.headSize else { return .malformed(.chunksTooSmall) }
            return beginChunk(size: size)
        }
    }

    private mutating func beginChunk(size: Int) -> HTTPParseResult? {
        guard size > 0 else {
            stage = .trailers
            trailerStart = position
            return nil
        }
        guard size <= bodyLimit &- chunkedSize else { return .malformed(.bodyTooLarge) }
        stage = .chunk(size: size)
        return nil
    }

    mutating func takeChunk(_ bytes: Span<UInt8>, size: Int) -> HTTPParseResult? {
        let end = position &+ size
        guard bytes.count >= end &+ 2 else {
            return .incomplete(missing: end &+ HTTPParser.sizeBehindChunk &- bytes.count)
        }
        guard bytes[end] == UInt8(ascii: "\r"), bytes[end &+ 1] == UInt8(ascii: "\n") else {
            return .malformed(.chunkEnd)
        }
        gather(bytes, Slice(offset: position, size: size))
        position = end &+ 2
        scanned = position
        stage = .chunkLine
        return nil
    }

    private mutating func gather(_ bytes: Span<UInt8>, _ chunk: Slice) {
        if chunkedSize == 0 {
            parts.body = chunk
        } else {
            if gathered.isEmpty { gathered.append(bytes.extracting(parts.body)) }
            gathered.append(bytes.extracting(chunk))
        }
        chunkedSize &+= chunk.size
    }

    /// The size in the line of a chunk; nil if the line is not valid.
    private static func chunkSize(_ line: Span<UInt8>) -> Int? {
        var size = 0
        var index = 0
        while index < line.count, let digit = hexadecimalValue(line[index]) {
            // Fifteen digits always fit.
            guard index < 15 else { return nil }
            size = size &<< 4 | Int(digit)
            index &+= 1
        }
        guard index > 0 else { return nil }
        return areExtensions(line, from: index) ? size : nil
    }

    /// Whether valid extensions are all that follows at `start`. They are not used, but what one program takes for an
    /// extension, another one must not take for the end of the line.
    private static func areExtensions(_ line: Span<UInt8>, from start: Int) -> Bool {
        var index = start
        while index < line.count {
            guard line[index] == UInt8(ascii: ";") else { return false }
            index &+= 1
            guard skipToken(line, &index) else { return false }
            guard index < line.count, line[index] == UInt8(ascii: "=") else { continue }
            index &+= 1
            guard skipToken(line, &index) || skipQuoted(line, &index) else { return false }
        }
        return true
    }

    private static func skipToken(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        while index < line.count, isHTTPToken(line[index]) { index &+= 1 }
        return index > start
    }

    /// A quoted text: any byte of a field's value, quotes and backslashes behind a backslash (RFC 9110, section 5.6.4).
    private static func skipQuoted(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
        guard index < line.count, line[index] == UInt8(ascii: "\"") else { return false }
        let start = index &+ 1
        index = start
        while index < line.count, line[index] != UInt8(ascii: "\"") {
            index &+= line[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < line.count, line.extracting(start..<index).isHTTPFieldValue else { return false }
        index &+= 1
        return true
    }

    mutating func takeTrailer(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        switch takeLine(bytes, before: trailerStart + limits.headSize, else: .trailersTooLarge) {
        case .incomplete: return .incomplete(missing: 1)
        case .malformed(let error): return .malformed(error)
        case .complete(let line):
            if line.size == 0 { return .complete(used: position) }
            switch HTTPParser.field(in: bytes, line) {
            case .malformed(let error): return .malformed(error)
            case .valid(let name, _):
                return HTTPParser.isForbiddenBehindBody(bytes.extracting(name)) ? .malformed(.trailer) : nil
            }
        }
    }

    /// Fields that say where a request ends or whom it is for come too late behind the body (RFC 9110, section 6.5.1).
    private static func isForbiddenBehindBody(_ name: Span<UInt8>) -> Bool {
        name.equalsIgnoringCase("CONTENT-LENGTH") || name.equalsIgnoringCase("TRANSFER-ENCODING")
            || name.equalsIgnoringCase("HOST")
    }
}

/// The value of a hexadecimal digit of either case.
@inline(__always)
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    let digit = byte &- UInt8(ascii: "0")
    if digit < 10 { return digit }
    let letter = (byte | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter &+ 10 : nil
}
