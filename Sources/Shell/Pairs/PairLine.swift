// A pair as one line of JSON, which is what export writes and import reads:
//
//     {"key":"greeting","value":"Hello, world!"}
//     {"key64":"/w==","value":"x","expires":1764000060123}

import Bytes
import Wire

/// A pair that goes from one place to another.
package struct TransferPair: Equatable, Sendable {
    package var key: [UInt8]
    package var value: [UInt8]
    /// When it ends, in Unix milliseconds.
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

    /// Reads a line; nil where it is blank.
    /// - Throws: `LineError`, which says what was expected.
    package init?(line: [UInt8]) throws(LineError) {
        let fields: [JSONField]?
        do {
            fields = try JSONFieldReader.fields(of: line)
        } catch {
            throw error
        }
        guard let fields else { return nil }
        var (key, value, expires) = ([UInt8]?.none, [UInt8]?.none, Int?.none)
        for field in fields {
            switch field.name {
            case "key": try TransferPair.take(field, into: &key, isBase64: false)
            case "key64": try TransferPair.take(field, into: &key, isBase64: true)
            case "value": try TransferPair.take(field, into: &value, isBase64: false)
            case "value64": try TransferPair.take(field, into: &value, isBase64: true)
            case "expires":
                switch field.value {
                case .number(let milliseconds) where milliseconds > 0: expires = milliseconds
                case .null: break
                default: throw LineError("\"expires\" is not a time in Unix milliseconds")
                }
            default:
                throw LineError(
                    "Unknown field \"\(field.name)\"; expected key or key64, value or value64, and expires")
            }
        }
        guard let key else { throw LineError("There is no \"key\" (or \"key64\")") }
        guard let value else { throw LineError("There is no \"value\" (or \"value64\")") }
        self.init(key: key, value: value, expires: expires)
    }

    private static func take(_ field: JSONField, into place: inout [UInt8]?, isBase64: Bool) throws(LineError) {
        guard place == nil else { throw LineError("There are two of \"\(field.name)\"") }
        guard case .text(let text) = field.value else { throw LineError("\"\(field.name)\" is not a string") }
        guard isBase64 else {
            place = text
            return
        }
        var bytes = ByteBuffer()
        guard bytes.append(decodedBase64: text.span) else { throw LineError("\"\(field.name)\" is not base64") }
        place = Array(bytes.bytes)
    }
}

extension ByteBuffer {
    /// Appends a pair as one line of JSON.
    package mutating func append(jsonLine pair: TransferPair) {
        append("{")
        append(member: "key", of: pair.key)
        append(field: "value", of: pair.value)
        if let expires = pair.expires { append(text: ",\"expires\":\(expires)") }
        append("}\n")
    }
}
