// The lines that a leader inserts into its log's bytes: the start, heartbeats, the handover. No line of a log or
// snapshot begins like one of them.
//
//     {"continue":515392,"crc":"eece75c1"}                the records behind that change follow
//     {"snapshot":515392,"crc":"eece75c1"}                a snapshot's lines follow, then the records behind it
//     {"heartbeat":1764000000789,"seq":515400}            between whole lines, now and then; of a sender that seals its
//                                                         audit, with ,"seal":{"n":812,"epoch":17,"mac":"…"}
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

/// The newest seal of a server's audit, as it tells others: they can later prove that its audit had it.
package struct PeerSeal: Equatable, Sendable {
    /// The number of the last event, and the epoch.
    package let n: UInt64
    package let epoch: UInt64
    /// 64 hexadecimal digits.
    package let mac: String

    /// - Parameter mac: 64 hexadecimal digits.
    package init(n: UInt64, epoch: UInt64, mac: String) { (self.n, self.epoch, self.mac) = (n, epoch, mac) }

    /// - Throws: `ReplicationError.malformed`.
    @_lifetime(fields: copy fields)
    fileprivate init(_ fields: inout FieldReader) throws(ReplicationError) {
        n = try fields.expectNumber("n")
        try fields.expect(",\"epoch\":")
        epoch = try fields.expectNumber("epoch")
        try fields.expect(",\"mac\":\"")
        mac = fields.untilQuote()
        guard mac.utf8.count == 64, mac.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), fields.skip("\"") else {
            throw fields.malformed("a seal's code of 64 digits")
        }
        try fields.expect("}")
    }
}

/// A line that is not part of the log.
package enum FeedLine: Equatable, Sendable {
    case start(FeedStart)
    /// The sender is alive. `time` is in Unix milliseconds, 0 if it does not lead and lacks some of its own leader's
    /// changes; `seq` is its newest change that can be sent; `seal` is nil where its audit is not sealed.
    case heartbeat(time: UInt64, seq: UInt64, seal: PeerSeal? = nil)
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
            let seq = try fields.expectNumber("seq")
            let hasSeal = fields.skip(",\"seal\":{\"n\":")
            self = .heartbeat(time: time, seq: seq, seal: hasSeal ? try PeerSeal(&fields) : nil)
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
        case .heartbeat(let time, let seq, let seal):
            append("{\"heartbeat\":")
            append(decimal: time)
            append(",\"seq\":")
            append(decimal: seq)
            if let seal { append(seal) }
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

    private mutating func append(_ seal: PeerSeal) {
        append(",\"seal\":{\"n\":")
        append(decimal: seal.n)
        append(",\"epoch\":")
        append(decimal: seal.epoch)
        append(",\"mac\":\"")
        append(text: seal.mac)
        append("\"}")
    }
}
