// Reads one flat JSON object: strings, whole numbers and null. All that a line of pairs needs, and nothing that nests.

import Bytes

/// A member of an object.
struct JSONField {
    enum Value {
        case text([UInt8])
        case number(Int)
        case null
        /// Something that no pair has: a list, an object, a fraction, true or false.
        case other
    }

    let name: String
    let value: Value
}

/// Takes an object's parts from left to right.
struct JSONFieldReader: ~Copyable {
    private let line: [UInt8]
    private var offset = 0

    private init(_ line: [UInt8]) { self.line = line }

    /// The members of the object on a line, in order; nil where the line is blank.
    static func fields(of line: [UInt8]) throws(LineError) -> [JSONField]? {
        var reader = JSONFieldReader(line)
        reader.skipBlanks()
        if reader.offset == line.count { return nil }
        return try reader.object()
    }

    private mutating func object() throws(LineError) -> [JSONField] {
        guard skip("{") else {
            throw LineError("The line is not a JSON object, such as {\"key\":\"k\",\"value\":\"v\"}")
        }
        var fields: [JSONField] = []
        if !skip("}") {
            repeat {
                skipBlanks()
                let name = String(decoding: try string(), as: UTF8.self)
                guard skip(":") else { throw LineError("There is no colon behind \"\(name)\"") }
                fields.append(JSONField(name: name, value: try value()))
            } while skip(",")
            guard skip("}") else { throw LineError("The JSON object has no end, or no comma between its fields") }
        }
        skipBlanks()
        guard offset == line.count else { throw LineError("There is something behind the JSON object") }
        return fields
    }

    private mutating func value() throws(LineError) -> JSONField.Value {
        skipBlanks()
        guard offset < line.count else { throw LineError("The JSON object has no end") }
        if line[offset] == UInt8(ascii: "\"") { return .text(try string()) }
        let start = offset
        while offset < line.count, line[offset] > 0x20, !",}[]{".utf8.contains(line[offset]) { offset += 1 }
        let word = line[start..<offset]
        guard !word.isEmpty else { throw LineError("A field is a list or an object, which no pair has") }
        if word.elementsEqual("null".utf8) { return .null }
        return Array(word).span.decimal.map { .number($0) } ?? .other
    }

    private mutating func string() throws(LineError) -> [UInt8] {
        guard offset < line.count, line[offset] == UInt8(ascii: "\"") else {
            throw LineError("The name of a field is not a JSON string")
        }
        var text = ByteBuffer()
        do {
            offset = try text.append(decodedJSONString: line.span, at: offset)
        } catch {
            switch error {
            case .unterminated: throw LineError("A JSON string has no closing quote")
            case .loneSurrogate(let place):
                let escape = String(decoding: line[place..<place + 6], as: UTF8.self)
                throw LineError(
                    "A JSON string has half of a surrogate pair (\(escape)), which is no character; put bytes that are not UTF-8 "
                        + "into key64 or value64, in base64")
            case .badEscape: throw LineError("A JSON string has an unknown escape")
            case .controlByte: throw LineError("A JSON string has a bare control character")
            }
        }
        return Array(text.bytes)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard offset < line.count, line[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipBlanks() {
        while offset < line.count, [0x20, 0x09, 0x0a, 0x0d].contains(line[offset]) { offset += 1 }
    }
}
