// Why bytes are not a request. After such an error nothing on the connection can be trusted, so it is answered once and
// the connection is closed.

/// Bytes that are not a request. Sizes are in bytes.
package enum ProtocolError: Error, Equatable, Sendable {
    case lineTooLong(size: Int, limit: Int)
    case invalidArrayLength(limit: Int)
    case invalidBulkLength(limit: Int)
    case expectedBulk(found: UInt8)
    case expectedEndOfBulk
    case requestTooLarge(size: Int, limit: Int)

    /// One line without its prefix. The RESP ones begin with Redis' words, which some clients match.
    package var message: String {
        switch self {
        case .lineTooLong(let size, let limit):
            "Line too long: \(size) bytes or more, the limit is \(limit); the connection is closed"
        case .invalidArrayLength(let limit):
            "Protocol error: invalid multibulk length: expected a number from 0 to \(limit)"
        case .invalidBulkLength(let limit):
            "Protocol error: invalid bulk length: expected a number from 0 to \(limit)"
        case .expectedBulk(let found):
            "Protocol error: expected '$', got '\(printable(found))'"
        case .expectedEndOfBulk:
            "Protocol error: expected CR LF after the bytes of a bulk string"
        case .requestTooLarge(let size, let limit):
            "Protocol error: request of \(size) bytes or more, the limit is \(limit)"
        }
    }
}

/// One byte for a message: itself if it is printable ASCII, otherwise `\x0a`.
func printable(_ byte: UInt8) -> String {
    byte >= 0x20 && byte < 0x7f
        ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
