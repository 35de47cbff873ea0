// The lines that a leader inserts into its log's bytes: the start, heartbeats, the handover. No line of a log or
// snapshot begins like one of them.
//
//     {"continue":515392,"crc":"eece75c1"}                the records behind that change follow
//     {"snapshot":515392,"crc":"eece75c1"}                a snapshot's lines follow, then the records behind it
//     {"heartbeat":1764000000789,"seq":515400}            between whole lines, now and then
//     {"promote":515400,"crc":"0d1e2f3a","followers":["10.0.0.3:8080"]}

import Bytes
import LogFormat

/// Where a feed begins: the first line after the hellos.
package enum FeedStart: Equatable, Sendable {
    /// The records after this change follow. A follower that has more cuts its log back first.
    case continues(ChainPosition)
    /// The lines of a snapshot that is exact at this change follow, then the records after it.
    case snapshot(ChainPosition)
}

/// A line that is not part of the log.
package enum FeedLine: Equatable, Sendable {
    case start(FeedStart)
    /// The sender is alive. `time` is in Unix milliseconds, 0 if it does not lead and lacks some of its own leader's
    /// changes; `seq` is its newest change that can be sent.
    case heartbeat(time: UInt64, seq: UInt64)
    /// The leader makes no change after this one; the follower that has it must lead, and these must follow it
    /// (`host:port` each).
    case promote(ChainPosition, followers: [String])

    /// Parses a line.
    /// - Parameter text: the line without its line feed.
    /// - Returns: nil for a line of the log or snapshot.
    /// - Throws: `ReplicationError.malformed`.
    package init?(_ text: Span<UInt8>) throws(ReplicationError) {
        var fields = FieldReader(text)
        if fields.skip("{\"heartbeat\":") {
            let time = try fields.expectNumber("heartbeat")
            try fields.expect(",\"seq\":")
            self = .heartbeat(time: time, seq: try fields.expectNumber("seq"))
        } else if fields.skip("{\"continue\":") {
            self = .start(.continues(try fields.expectPosition()))
        } else if fields.skip("{\"snapshot\":") {
            self = .start(.snapshot(try fields.expectPosition()))
        } else if fields.skip("{\"promote\":") {
            let position = try fields.expectPosition()
            self = .promote(position, followers: try FeedLine.followers(&fields))
        } else {
            return nil
        }
        try fields.expectEnd()
    }

    private static func followers(_ fields: inout FieldReader) throws(ReplicationError) -> [String] {
        try fields.expect(",\"followers\":[")
        var followers: [String] = []
        while fields.skip(followers.isEmpty ? "\"" : ",\"") {
            let address = fields.untilQuote()
            guard (1...300).contains(address.utf8.count), address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
                fields.skip("\""), followers.count < RoleNote.followerLimit
            else { throw fields.malformed("addresses of followers") }
            followers.append(address)
        }
        try fields.expect("]")
        return followers
    }
}

extension ByteBuffer {
    /// Appends a line, with the line feed.
    package mutating func append(feedLine line: FeedLine) {
        switch line {
        case .start(.continues(let position)):
            append("{\"continue\":")
            append(position: position)
        case .start(.snapshot(let position)):
            append("{\"snapshot\":")
            append(position: position)
        case .heartbeat(let time, let seq):
            append("{\"heartbeat\":")
            append(decimal: time)
            append(",\"seq\":")
            append(decimal: seq)
        case .promote(let position, let followers):
            append("{\"promote\":")
            append(position: position)
            append(",\"followers\":[")
            for (index, address) in followers.enumerated() {
                append(index == 0 ? "\"" : ",\"")
                append(text: address)
                append("\"")
            }
            append("]")
        }
        append("}\n")
    }
}
