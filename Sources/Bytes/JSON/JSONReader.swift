// Reads JSON (RFC 8259) token by token: no tree is made, and a text takes no more memory than its longest string. For
// texts of people and other programs; lines of the log and of the replication stream have codecs of their own.

/// The next part of a JSON text.
package enum JSONToken: Equatable, Sendable {
    case beginObject, endObject
    case beginList, endList
    /// A member's name; its value comes next.
    case name([UInt8])
    case text([UInt8])
    /// A number as it is written; the caller converts it.
    case number([UInt8])
    case boolean(Bool)
    case null
    /// The end of the text.
    case end
}

/// Why bytes are not exactly one JSON value.
package enum JSONError: Error, Equatable {
    /// What was expected at an offset where something else is, or the text ends.
    case expected(Expected, offset: Int)
    /// An invalid string.
    case string(JSONStringError)
    /// Objects and lists are nested deeper than the reader's limit.
    case isTooDeep(offset: Int)

    package enum Expected: Sendable {
        case value, name, colon
        /// A comma, or the end of the object or list.
        case comma
        /// The end of the text.
        case end
    }
}

/// Reads one JSON value from left to right. Bytes of 0x80 and above pass through unchanged: a caller that needs valid
/// UTF-8 asks `isUTF8`.
package struct JSONReader: ~Escapable {
    /// What may come next.
    private enum State { case value, firstItem, firstName, name, colon, comma, end }

    private let text: Span<UInt8>
    private let depthLimit: Int
    private var offset = 0
    private var state = State.value
    /// One entry for each open object or list: whether it is an object.
    private var isObject: [Bool] = []

    /// - Parameter depthLimit: how deep objects and lists may be nested.
    @_lifetime(copy text)
    package init(_ text: Span<UInt8>, depthLimit: Int = 64) {
        self.text = text
        self.depthLimit = depthLimit
    }

    /// The next token. After the last one it returns `.end` each time.
    /// - Throws: `JSONError`; the reader must not be used afterwards.
    package mutating func next() throws(JSONError) -> JSONToken {
        skipBlanks()
        switch state {
        case .firstItem where takes("]"): return close(.endList)
        case .value, .firstItem: return try value()
        case .firstName where takes("}"): return close(.endObject)
        case .name, .firstName: return .name(try name())
        case .colon:
            guard takes(":") else { throw .expected(.colon, offset: offset) }
            skipBlanks()
            return try value()
        case .comma: return try behindItem()
        case .end:
            guard offset == text.count else { throw .expected(.end, offset: offset) }
            return .end
        }
    }

    private mutating func behindItem() throws(JSONError) -> JSONToken {
        let isInObject = isObject.last ?? false
        if takes(",") {
            state = isInObject ? .name : .value
            return try next()
        }
        guard takes(isInObject ? "}" : "]") else { throw .expected(.comma, offset: offset) }
        return close(isInObject ? .endObject : .endList)
    }

    @_lifetime(self: copy self)
    private mutating func open(object: Bool) throws(JSONError) {
        guard isObject.count < depthLimit else { throw .isTooDeep(offset: offset - 1) }
        isObject.append(object)
        state = object ? .firstName : .firstItem
    }

    @_lifetime(self: copy self)
    private mutating func close(_ token: JSONToken) -> JSONToken {
        isObject.removeLast()
        endItem()
        return token
    }

    private mutating func endItem() { state = isObject.isEmpty ? .end : .comma }

    private mutating func name() throws(JSONError) -> [UInt8] {
        guard offset < text.count, text[offset] == UInt8(ascii: "\"") else {
            throw .expected(.name, offset: offset)
        }
        state = .colon
        return try string()
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> JSONToken {
        guard offset < text.count else { throw .expected(.value, offset: offset) }
        switch text[offset] {
        case UInt8(ascii: "{"):
            offset += 1
            try open(object: true)
            return .beginObject
        case UInt8(ascii: "["):
            offset += 1
            try open(object: false)
            return .beginList
        case UInt8(ascii: "\""):
            endItem()
            return .text(try string())
        default:
            endItem()
            return try word()
        }
    }

    private mutating func word() throws(JSONError) -> JSONToken {
        let start = offset
        while offset < text.count, !isDelimiter(text[offset]) { offset += 1 }
        let word = text.extracting(start..<offset)
        if word.count == 4, word.starts(with: "true") { return .boolean(true) }
        if word.count == 5, word.starts(with: "false") { return .boolean(false) }
        if word.count == 4, word.starts(with: "null") { return .null }
        guard word.isJSONNumber else { throw .expected(.value, offset: start) }
        return .number(Array(word))
    }

    private mutating func string() throws(JSONError) -> [UInt8] {
        var decoded = ByteBuffer()
        do throws(JSONStringError) {
            offset = try decoded.append(decodedJSONString: text, at: offset)
        } catch {
            throw .string(error)
        }
        return Array(decoded.bytes)
    }

    // MARK: Bytes

    private func isDelimiter(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    @_lifetime(self: copy self)
    private mutating func takes(_ character: Unicode.Scalar) -> Bool {
        guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipBlanks() {
        while offset < text.count {
            switch text[offset] {
            case 0x20, 0x09, 0x0a, 0x0d: offset += 1
            default: return
            }
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes are a JSON number (RFC 8259, section 6): a minus, digits without a leading zero, a fraction,
    /// an exponent.
    fileprivate var isJSONNumber: Bool {
        var index = 0
        if index < count, self[index] == UInt8(ascii: "-") { index += 1 }
        let whole = digits(from: index)
        guard whole > 0, whole == 1 || self[index] != UInt8(ascii: "0") else { return false }
        index += whole
        if index < count, self[index] == UInt8(ascii: ".") {
            let fraction = digits(from: index + 1)
            guard fraction > 0 else { return false }
            index += 1 + fraction
        }
        if index < count, self[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < count, self[index] == UInt8(ascii: "+") || self[index] == UInt8(ascii: "-") { index += 1 }
            let exponent = digits(from: index)
            guard exponent > 0 else { return false }
            index += exponent
        }
        return index == count
    }

    /// The number of digits at `offset`.
    private func digits(from offset: Int) -> Int {
        var end = offset
        while end < count, self[end] &- UInt8(ascii: "0") < 10 { end += 1 }
        return end - offset
    }
}
