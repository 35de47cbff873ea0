// The fields of a head (RFC 9112, section 5), and those of them that say where the request ends (section 6).

import Bytes

extension HTTPParser {
    mutating func takeField(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        switch takeLine(bytes, before: limits.headSize, else: .headTooLarge) {
        case .incomplete: return .incomplete(missing: 1)
        case .malformed(let error): return .malformed(error)
        case .complete(let line):
            if line.size == 0 { return endHead(bytes) }
            switch HTTPParser.field(in: bytes, line) {
            case .malformed(let error): return .malformed(error)
            case .valid(let name, let value):
                guard fields.count < limits.fieldCount &* 2 else { return .malformed(.tooManyFields) }
                fields.append(name)
                fields.append(value)
                if let error = note(bytes.extracting(name), value, bytes) { return .malformed(error) }
                return nil
            }
        }
    }

    enum Field {
        case valid(name: Slice, value: Slice)
        case malformed(HTTPError)
    }

    /// The field in a line that is not empty.
    static func field(in bytes: Span<UInt8>, _ line: Slice) -> Field {
        let end = line.offset &+ line.size
        var colon = line.offset
        while colon < end, isHTTPToken(bytes[colon]) { colon &+= 1 }
        guard colon > line.offset else {
            return .malformed(isHTTPBlank(bytes[colon]) ? .folding : .fieldName)
        }
        guard colon < end, bytes[colon] == UInt8(ascii: ":") else {
            return .malformed(colon < end && isHTTPBlank(bytes[colon]) ? .blankBeforeColon : .fieldName)
        }
        let value = bytes.withoutBlanks(Slice(offset: colon &+ 1, size: end &- colon &- 1))
        guard bytes.extracting(value).isHTTPFieldValue else { return .malformed(.fieldValue) }
        return .valid(name: Slice(offset: line.offset, size: colon &- line.offset), value: value)
    }

    /// Looks at the fields that matter to the parser itself. Their names have different sizes.
    private mutating func note(_ name: Span<UInt8>, _ value: Slice, _ bytes: Span<UInt8>) -> HTTPError? {
        switch name.count {
        case 4 where name.equalsIgnoringCase("HOST"): noteHost(value, bytes)
        case 6 where name.equalsIgnoringCase("EXPECT"): noteExpectation(bytes.extracting(value))
        case 10 where name.equalsIgnoringCase("CONNECTION"): noteConnection(bytes.extracting(value))
        case 14 where name.equalsIgnoringCase("CONTENT-LENGTH"): noteLength(bytes.extracting(value))
        case 17 where name.equalsIgnoringCase("TRANSFER-ENCODING"): noteCoding(bytes.extracting(value))
        default: nil
        }
    }

    private mutating func noteHost(_ value: Slice, _ bytes: Span<UInt8>) -> HTTPError? {
        guard parts.authority == nil else { return .twoHosts }
        guard let name = bytes.extracting(value).httpHostName else { return .host }
        parts.authority = value
        parts.host = Slice(offset: value.offset &+ name.offset, size: name.size)
        return nil
    }

    private mutating func noteExpectation(_ value: Span<UInt8>) -> HTTPError? {
        guard value.equalsIgnoringCase("100-CONTINUE") else { return .expectation }
        // HTTP/1.0 does not know the field: it is ignored there (RFC 9110, section 10.1.1).
        expectsContinue = minorVersion == 1
        return nil
    }

    /// The options of a connection are a list. Those but `close` and `keep-alive` are for proxies.
    private mutating func noteConnection(_ value: Span<UInt8>) -> HTTPError? {
        var offset = 0
        while let element = value.nextHTTPElement(at: &offset) {
            let option = value.extracting(element)
            guard option.count > 0 else { continue }
            guard option.isHTTPTokenText else { return .connection }
            if option.equalsIgnoringCase("CLOSE") { saysClose = true }
            if option.equalsIgnoringCase("KEEP-ALIVE") { saysKeepAlive = true }
        }
        return nil
    }

    private mutating func noteLength(_ value: Span<UInt8>) -> HTTPError? {
        guard contentLength == nil else { return .twoLengths }
        guard value.count >= 1, value.count <= 18 else { return .length }
        var length = 0
        for index in 0..<value.count {
            let digit = value[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return .length }
            length = length &* 10 &+ Int(digit)
        }
        contentLength = length
        return nil
    }

    /// One coding that is unknown gets 501 (RFC 9112, section 6.1); what a proxy may have understood differently gets
    /// 400 (section 6.3).
    private mutating func noteCoding(_ value: Span<UInt8>) -> HTTPError? {
        guard minorVersion == 1 else { return .codingOfOldVersion }
        guard !isChunked, value.isHTTPTokenText else { return .coding }
        guard value.equalsIgnoringCase("CHUNKED") else { return .unknownCoding }
        isChunked = true
        return nil
    }

    private mutating func endHead(_ bytes: Span<UInt8>) -> HTTPParseResult? {
        if isChunked, contentLength != nil { return .malformed(.lengthAndCoding) }
        if minorVersion == 1, parts.authority == nil { return .malformed(.noHost) }
        if let named = parts.targetAuthority {
            guard let authority = parts.authority,
                bytes.extracting(named).equalsIgnoringCase(bytes.extracting(authority))
            else { return .malformed(.foreignTarget) }
        }
        let length = contentLength ?? 0
        guard length <= bodyLimit else { return .malformed(.bodyTooLarge) }
        parts.body = Slice(offset: position, size: length)
        isHeadComplete = true
        guard isChunked || length > 0 else {
            expectsContinue = false
            return .complete(used: position)
        }
        stage = isChunked ? .chunkLine : .sizedBody
        if isChunked { parts.body.size = 0 }
        return .head
    }
}
