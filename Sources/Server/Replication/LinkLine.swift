// The lines that a follower sends behind its hello, and the errors with which either side of a link ends it.
//
//     ACK <durable> <applied>              what is on the follower's disk, and in its table
//     PROMOTED                             it leads now
//     ERROR: <reason>                      why it ends the link
//     -<CODE> <reason>                     the same, of a server that has not read what the link is for: it has no place

import Bytes

/// A line of a link between servers that is no part of a log.
package enum LinkLine: Equatable, Sendable {
    case acknowledgement(durable: UInt64, applied: UInt64)
    case promoted
    /// Why the other side ends the link, cut to a line that can be read.
    case error(String)
    /// The other side has refused the connection without reading what it is for.
    case noPlace

    /// What `noPlace` means, for the log.
    static let noPlaceReason =
        "it has no place for this server: its clients have taken them all; raise its --max-clients"

    /// Bytes of a reason that are looked at.
    private static let reasonSize = 1024

    /// Reads a line.
    /// - Parameter line: without its line feed.
    /// - Returns: nil if it is none of these.
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
    /// Appends what is on a follower's disk, and in its table.
    package mutating func append(acknowledgement durable: UInt64, applied: UInt64) {
        append("ACK ")
        append(decimal: durable)
        append(" ")
        append(decimal: applied)
        append("\n")
    }

    /// Appends the line with which a link is ended.
    package mutating func append(linkError reason: String) {
        append("ERROR: ")
        append(text: reason)
        append("\n")
    }
}
