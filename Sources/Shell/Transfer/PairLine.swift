// A pair as one line of JSON, which is what export writes and import reads:
//
//     {"key":"greeting","value":"Hello, world!"}
//     {"key64":"/w==","value":"x","expires":1764000060123}

import Bytes
import Wire

/// A pair in transfer.
package struct TransferPair: Equatable, Sendable {
    package var key: [UInt8]
    package var value: [UInt8]
    /// When it expires, in Unix milliseconds.
    package var expires: Int?

    package init(key: [UInt8], value: [UInt8], expires: Int? = nil) {
        self.key = key
        self.value = value
        self.expires = expires
    }

    /// The request that stores it.
    package var request: [[UInt8]] {
        let set = [Array("SET".utf8), key, value]
        return expires.map { set + [Array("PXAT".utf8), Array(String($0).utf8)] } ?? set
    }

    /// Parses a line; nil if it is blank.
    /// - Throws: `RequestLineError`, which says what was expected.
    package init?(line: [UInt8]) throws(RequestLineError) {
        if line.allSatisfy({ [0x20, 0x09, 0x0a, 0x0d].contains($0) }) { return nil }
        var fields = PairFieldReader(line.span)
        var (key, value, expires) = ([UInt8]?.none, [UInt8]?.none, Int?.none)
        try fields.begin()
        while let name = try fields.nextName() {
            switch name {
            case "key": try fields.take(name, into: &key, isBase64: false)
            case "key64": try fields.take(name, into: &key, isBase64: true)
            case "value": try fields.take(name, into: &value, isBase64: false)
            case "value64": try fields.take(name, into: &value, isBase64: true)
            case "expires": expires = try fields.time()
            default:
                throw RequestLineError(
                    "Unknown field \"\(name)\"; expected key or key64, value or value64, and expires")
            }
        }
        try fields.end()
        guard let key else { throw RequestLineError("There is no \"key\" (or \"key64\")") }
        guard let value else { throw RequestLineError("There is no \"value\" (or \"value64\")") }
        self.init(key: key, value: value, expires: expires)
    }
}

/// Parses the fields of a pair's line, with errors in words.
private struct PairFieldReader: ~Escapable {
    private let line: Span<UInt8>
    private var json: JSONReader
    /// The last field's name.
    private var name = ""

    @_lifetime(copy line)
    init(_ line: Span<UInt8>) {
        self.line = line
        json = JSONReader(line)
    }

    mutating func begin() throws(RequestLineError) {
        guard (try? json.next()) == .beginObject else {
            throw RequestLineError("The line is not a JSON object, such as {\"key\":\"k\",\"value\":\"v\"}")
        }
    }

    /// The next field's name; nil after the last.
    mutating func nextName() throws(RequestLineError) -> String? {
        guard case .name(let bytes) = try next() else { return nil }
        name = String(decoding: bytes, as: UTF8.self)
        return name
    }

    mutating func end() throws(RequestLineError) { _ = try next() }

    /// Takes a field's value if it is a text.
    @_lifetime(self: copy self)
    mutating func take(_ name: String, into place: inout [UInt8]?, isBase64: Bool) throws(RequestLineError) {
        guard place == nil else { throw RequestLineError("There are two of \"\(name)\"") }
        guard case .text(let text) = try value() else { throw RequestLineError("\"\(name)\" is not a string") }
        guard isBase64 else {
            place = text
            return
        }
        var bytes = ByteBuffer()
        guard bytes.append(decodedBase64: text.span) else { throw RequestLineError("\"\(name)\" is not base64") }
        place = Array(bytes.bytes)
    }

    /// Takes a time in Unix milliseconds, or null.
    mutating func time() throws(RequestLineError) -> Int? {
        switch try value() {
        case .null: return nil
        case .number(let digits):
            if let milliseconds = digits.span.decimal, milliseconds > 0 { return milliseconds }
        default: break
        }
        throw RequestLineError("\"expires\" is not a time in Unix milliseconds")
    }

    private mutating func value() throws(RequestLineError) -> JSONToken {
        let token = try next()
        if token == .beginObject || token == .beginList { throw PairFieldReader.noValue }
        return token
    }

    private mutating func next() throws(RequestLineError) -> JSONToken {
        do throws(JSONError) {
            return try json.next()
        } catch {
            throw explained(error)
        }
    }

    private static let noValue = RequestLineError(
        "A field is a list, an object or invalid JSON; a pair has strings and a number")

    private func explained(_ error: JSONError) -> RequestLineError {
        switch error {
        case .expected(.value, let offset):
            offset == line.count ? RequestLineError("The JSON object has no end") : PairFieldReader.noValue
        case .expected(.name, _): RequestLineError("The name of a field is not a JSON string")
        case .expected(.colon, _): RequestLineError("There is no colon after \"\(name)\"")
        case .expected(.comma, _): RequestLineError("The JSON object has no end, or no comma between its fields")
        case .expected(.end, _): RequestLineError("There is text after the JSON object")
        case .isTooDeep: PairFieldReader.noValue
        case .string(.unterminated): RequestLineError("A JSON string has no closing quote")
        case .string(.loneSurrogate(let place)):
            RequestLineError(
                "A JSON string has half of a surrogate pair (\(String(line.extracting(place..<place + 6)))), which is no character; "
                    + "put bytes that are not UTF-8 into key64 or value64, in base64")
        case .string(.badEscape): RequestLineError("A JSON string has an unknown escape")
        case .string(.controlByte): RequestLineError("A JSON string has a bare control character")
        }
    }
}

extension ByteBuffer {
    /// Appends a pair as one line of JSON.
    package mutating func append(jsonLine pair: TransferPair) {
        append(json: .compact) { json in
            json.object { json in
                json.member("key", bytes: pair.key.span)
                json.member("value", bytes: pair.value.span)
                if let expires = pair.expires { json.member("expires", expires) }
            }
        }
        append("\n")
    }
}
