// Why bytes are not a reply. After such an error nothing on the connection can be trusted: the client closes it.

/// Bytes that are not a reply, or one beyond the limits. Sizes are in bytes.
package enum MalformedReply: Error, Equatable, Sendable {
    case unknownType(found: UInt8)
    case lineTooLong(limit: Int)
    case expectedEndOfLine
    case invalidLength(type: UInt8)
    case invalidValue(type: UInt8)
    case tooDeep(limit: Int)
    case tooLarge(limit: Int)

    /// One line: what was found and what was expected.
    package var message: String {
        switch self {
        case .unknownType(let found):
            "a reply begins with '\(printable(found))', expected one of + - : $ * _ # , ( ! = % ~ > |"
        case .lineTooLong(let limit):
            "a reply line does not end, the limit is \(limit) bytes"
        case .expectedEndOfLine:
            "a part of a reply is not terminated, expected CR LF"
        case .invalidLength(let type):
            "the length after '\(printable(type))' is invalid, expected decimal digits"
        case .invalidValue(let type):
            "what follows '\(printable(type))' is not a value of that type"
        case .tooDeep(let limit):
            "the lists of a reply are nested too deeply, the limit is \(limit)"
        case .tooLarge(let limit):
            "a reply is too large, the limit is \(limit) bytes"
        }
    }
}
