// JSON, as far as reports need it.

import Bytes

/// A JSON value; objects keep the order of their fields.
enum JSON {
    case object([(String, JSON)])
    case array([JSON])
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case null

    /// On lines of their own: objects and arrays of objects; short ones stay on one line.
    func text(indent: String = "") -> String {
        switch self {
        case .object(let fields):
            let inner = indent + "  "
            let lines = fields.map { "\(inner)\(JSON.quoted($0.0)): \($0.1.text(indent: inner))" }
            return lines.isEmpty ? "{}" : "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .array(let values):
            let inner = indent + "  "
            let lines = values.map { inner + $0.text(indent: inner) }
            return lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        case .text(let text): return JSON.quoted(text)
        case .integer(let value): return String(value)
        case .number(let value): return value.isFinite ? fixed(value, 3, trimmed: true) : "null"
        case .boolean(let value): return value ? "true" : "false"
        case .null: return "null"
        }
    }

    private static func quoted(_ text: String) -> String {
        var buffer = ByteBuffer()
        let bytes = Array(text.utf8)
        buffer.append(lineQuoted: bytes.span)
        return String(buffer.bytes)
    }
}
