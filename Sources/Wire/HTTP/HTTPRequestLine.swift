// The first line of a request (RFC 9112, section 3): a method, a target and the version, with one space between them.

import Bytes

extension HTTPParser {
    /// What the longest request line has besides its target: a method of 21 bytes, two spaces, the version, CR LF.
    private static let lineSizeBesidesTarget = 33

    mutating func takeRequestLine(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        // One empty line before a request is ignored (RFC 9112, section 2.2).
        guard position < bytes.count else { return .incomplete(missing: 1) }
        let first = bytes[position]
        if !isHTTPToken(first), first != UInt8(ascii: "\r"), first != UInt8(ascii: "\n") {
            return .malformed(first == 0x16 ? .tls : .otherProtocol)
        }
        let limit = position + min(limits.targetSize + HTTPParser.lineSizeBesidesTarget, limits.headSize)
        switch takeLine(bytes, before: limit, else: .targetTooLong) {
        case .incomplete: return .incomplete(missing: 1)
        case .malformed(let error): return .malformed(error)
        case .complete(let line):
            if line.size == 0 { return line.offset == 0 ? nil : .malformed(.requestLine) }
            if let error = parseRequestLine(bytes.extracting(0..<line.offset &+ line.size), from: line.offset) {
                return .malformed(error)
            }
            stage = .fields
            return nil
        }
    }

    /// Parses the line that ends with `bytes`.
    private mutating func parseRequestLine(_ bytes: Span<UInt8>, from start: Int) -> HTTPError? {
        var index = start
        while index < bytes.count, isHTTPToken(bytes[index]) { index &+= 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: " "), index > start else {
            return HTTPParser.error(ofLine: bytes)
        }
        parts.method = Slice(offset: start, size: index &- start)
        method = HTTPParser.method(bytes.extracting(start..<index))
        let targetStart = index &+ 1
        index = targetStart
        while index < bytes.count, isTargetByte(bytes[index]) { index &+= 1 }
        guard index < bytes.count else { return HTTPParser.error(ofLine: bytes) }
        guard bytes[index] == UInt8(ascii: " ") else {
            return bytes[index] == UInt8(ascii: "#") ? .fragment : .targetByte
        }
        guard index > targetStart else { return .requestLine }
        parts.target = Slice(offset: targetStart, size: index &- targetStart)
        if let error = parseVersion(bytes, from: index &+ 1) { return error }
        guard parts.target.size <= limits.targetSize else { return .targetTooLong }
        return parseTarget(bytes)
    }

    /// Why a line without three words is not a request line.
    private static func error(ofLine bytes: Span<UInt8>) -> HTTPError {
        let start = bytes.count - 8
        return start >= 0 && bytes.starts(with: "HTTP/1.", at: start) ? .requestLine : .otherProtocol
    }

    @inline(__always)
    private func isTargetByte(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") }

    private static func method(_ name: Span<UInt8>) -> HTTPMethod {
        switch name.count {
        case 3: name.starts(with: "GET") ? .get : name.starts(with: "PUT") ? .put : .other
        case 4: name.starts(with: "POST") ? .post : name.starts(with: "HEAD") ? .head : .other
        case 6: name.starts(with: "DELETE") ? .delete : .other
        case 7: name.starts(with: "OPTIONS") ? .options : .other
        default: .other
        }
    }

    private mutating func parseVersion(_ bytes: Span<UInt8>, from start: Int) -> HTTPError? {
        let size = bytes.count &- start
        guard size == 8, bytes.starts(with: "HTTP/", at: start), bytes[start &+ 6] == UInt8(ascii: ".") else {
            return HTTPParser.error(ofLine: bytes)
        }
        let (major, minor) = (bytes[start &+ 5] &- UInt8(ascii: "0"), bytes[start &+ 7] &- UInt8(ascii: "0"))
        guard major < 10, minor < 10 else { return .requestLine }
        guard major == 1, minor <= 1 else { return .version }
        minorVersion = Int(minor)
        return nil
    }

    /// Parses the target's form (RFC 9112, section 3.2).
    private mutating func parseTarget(_ bytes: Span<UInt8>) -> HTTPError? {
        let target = parts.target
        let end = target.offset &+ target.size
        if bytes.extracting(parts.method).equals("CONNECT") { return .connect }
        if bytes.extracting(target).equals("*") {
            guard method == .options else { return .asterisk }
            parts.path = target
            return nil
        }
        var start = target.offset
        let scheme = Slice(offset: start, size: min(7, target.size))
        if bytes.extracting(scheme).equalsIgnoringCase("HTTP://") {
            start &+= 7
            let authority = start
            while start < end, bytes[start] != UInt8(ascii: "/") { start &+= 1 }
            parts.targetAuthority = Slice(offset: authority, size: start &- authority)
        }
        guard start < end, bytes[start] == UInt8(ascii: "/") else { return .targetForm }
        var index = start
        while index < end, bytes[index] != UInt8(ascii: "?") { index &+= 1 }
        parts.path = Slice(offset: start, size: index &- start)
        if index < end { parts.query = Slice(offset: index &+ 1, size: end &- index &- 1) }
        return nil
    }
}
