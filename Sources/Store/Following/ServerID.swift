// A server's identity while it runs: it may have many addresses and names, and two of them may lead to the same
// process.

import Bytes
import LogFormat

/// A server's id: 64 random bits, drawn at each start and never stored, so that a copy of a disk is not a copy of the
/// id.
package struct ServerID: Hashable, Sendable, CustomStringConvertible {
    private let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    /// A new one, from the system's random numbers.
    package static func random() -> ServerID { ServerID(UInt64.random(in: .min ... .max)) }

    /// Parses sixteen lower-case hexadecimal digits. nil for anything else.
    package init?(_ text: Span<UInt8>) {
        guard text.count == 16, let high = text.hex32(at: 0), let low = text.hex32(at: 8) else { return nil }
        value = UInt64(high) << 32 | UInt64(low)
    }

    /// Sixteen hexadecimal digits.
    package var description: String {
        var digits = ByteBuffer()
        digits.append(hex: UInt32(truncatingIfNeeded: value >> 32))
        digits.append(hex: UInt32(truncatingIfNeeded: value))
        return String(digits.bytes)
    }
}

extension FieldReader {
    /// Parses the field `id` if it is next. Peers whose version has no ids do not send it.
    mutating func takeID() throws(ReplicationError) -> ServerID? {
        guard skip(",\"id\":\"") else { return nil }
        guard let digits = quoted(16), let id = ServerID(digits) else {
            throw malformed("sixteen hexadecimal digits as id")
        }
        return id
    }
}

extension ByteBuffer {
    /// Appends the field `id`; nothing for nil.
    mutating func append(id: ServerID?) {
        guard let id else { return }
        append(",\"id\":\"")
        append(text: id.description)
        append("\"")
    }
}
