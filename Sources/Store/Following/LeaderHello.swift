// A leader's first line on a replication link: its id and what its log holds.
//
//     REPLICATE {"version":1,"history":"5f0c9a52e1b7","port":8080,"first":1,"last":515392,"durable":515392,"id":"0123456789abcdef"}

import Bytes
import LogFormat

/// A leader's first line.
package struct LeaderHello: Equatable, Sendable {
    /// The version of the stream; only 1 exists.
    package var version: UInt64 = 1
    /// The data set.
    package var history: String
    /// The leader's port for clients.
    package var port: Int
    /// The oldest change in its log, or the first that it would have.
    package var first: UInt64
    /// Its newest change.
    package var last: UInt64
    /// Its newest change that is on its disk.
    package var durable: UInt64
    /// Its id; nil if its version has none.
    package var id: ServerID?

    package init(history: String, port: Int, first: UInt64, last: UInt64, durable: UInt64, id: ServerID? = nil) {
        self.history = history
        self.port = port
        self.first = first
        self.last = last
        self.durable = durable
        self.id = id
    }

    /// Parses a hello.
    /// - Parameter text: the line without its line feed, with or without the word `REPLICATE`.
    /// - Throws: `ReplicationError.otherVersion`, or `malformed`.
    package init(_ text: Span<UInt8>) throws(ReplicationError) {
        var fields = FieldReader(text)
        _ = fields.skip("REPLICATE ")
        try fields.expect("{\"version\":")
        version = try fields.expectNumber("version")
        guard version == 1 else { throw .otherVersion(found: "version \(version)") }
        try fields.expect(",\"history\":\"")
        history = try fields.expectHistory()
        try fields.expect(",\"port\":")
        let number = try fields.expectNumber("port")
        guard (1...65_535).contains(number) else { throw fields.malformed("a port") }
        port = Int(number)
        try fields.expect(",\"first\":")
        first = try fields.expectNumber("first")
        try fields.expect(",\"last\":")
        last = try fields.expectNumber("last")
        try fields.expect(",\"durable\":")
        durable = try fields.expectNumber("durable")
        id = try fields.takeID()
        try fields.expectEnd()
    }
}

extension ByteBuffer {
    /// Appends a leader's first line, with the word `REPLICATE` and the line feed.
    package mutating func append(leaderHello hello: LeaderHello) {
        append("REPLICATE {\"version\":")
        append(decimal: hello.version)
        append(",\"history\":\"")
        append(text: hello.history)
        append("\",\"port\":")
        append(decimal: hello.port)
        append(",\"first\":")
        append(decimal: hello.first)
        append(",\"last\":")
        append(decimal: hello.last)
        append(",\"durable\":")
        append(decimal: hello.durable)
        append(id: hello.id)
        append("}\n")
    }
}
