// The lines that a follower sends after its hello, and the errors with which either side ends a link.
//
//     ACK <durable> <applied>              the newest changes on the follower's disk and in its table
//     PROMOTED                             the follower is the leader now
//     ERROR: <reason>                      the reason why the link ends
//     -<CODE> <reason>                     the same, from a server that has no place for a connection and read nothing

import Bytes

/// A line of a replication link that is not part of the log.
package enum LinkLine: Equatable, Sendable {
    case acknowledgement(durable: UInt64, applied: UInt64)
    case promoted
    /// The reason why the other side ends the link, truncated.
    case error(String)
    /// The other side has refused the connection without reading a request.
    case noPlace

    /// The meaning of `noPlace`, for the log.
    static let noPlaceReason =
        "it has no place for this server: its clients have taken them all; raise its --max-clients"

    /// The largest size of a reason, in bytes.
    private static let reasonSize = 1024

    /// Parses a line.
    /// - Parameter line: without its line feed.
    /// - Returns: nil for any other line.
    package init?(_ line: Span<UInt8>) {
        if line.starts(with: "ACK ") {
            guard let (durable, applied) = LinkLine.numbers(line.extracting(4..<line.count)) else { return nil }
            self = .acknowledgement(durable: durable, applied: applied)
        } else if line.equals("PROMOTED") {
            self = .promoted
        } else if line.starts(with: "ERROR: ") {
            self = .error(String(line.extracting(7..<min(line.count, LinkLine.reasonSize))))
        } else if line.starts(with: "-") {
            self = .noPlace
        } else {
            return nil
        }
    }

    private static func numbers(_ text: Span<UInt8>) -> (UInt64, UInt64)? {
        var space = 0
        while space < text.count, text[space] != UInt8(ascii: " ") { space += 1 }
        guard space < text.count, let first = text.extracting(0..<space).number,
            let second = text.extracting(space + 1..<text.count).number
        else { return nil }
        return (first, second)
    }
}

extension ByteBuffer {
    /// Appends an acknowledgement.
    package mutating func append(acknowledgement durable: UInt64, applied: UInt64) {
        append("ACK ")
        append(decimal: durable)
        append(" ")
        append(decimal: applied)
        append("\n")
    }

    /// Appends the line that ends a link.
    package mutating func append(linkError reason: String) {
        append("ERROR: ")
        append(text: reason)
        append("\n")
    }
}
