// A leader's first line on a replication link: its id and what its log holds.
//
//     REPLICATE {"version":1,"history":"5f0c9a52e1b7","port":8080,"first":1,"last":515392,"durable":515392,"id":"0123456789abcdef"}
//     REPLICATE {"version":2, …, "id":"0123456789abcdef","needs":["expiry"]}             one line, without spaces
//
// It is of version 2 if what will be sent needs anything (see Needs.swift).

import Bytes
import LogFormat

/// A leader's first line.
package struct LeaderHello: Equatable, Sendable {
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
    /// What its changes need of readers.
    package var needs: Needs

    /// The version of the stream.
    fileprivate var version: UInt64 { needs.isEmpty ? 1 : 2 }

    package init(
        history: String, port: Int, first: UInt64, last: UInt64, durable: UInt64, id: ServerID? = nil,
        needs: Needs = []
    ) {
        self.history = history
        self.port = port
        self.first = first
        self.last = last
        self.durable = durable
        self.id = id
        self.needs = needs
    }

    /// Parses a hello.
    /// - Parameter text: the line without its line feed, with or without the word `REPLICATE`.
    /// - Throws: `ReplicationError.otherVersion`, or `malformed`.
    package init(_ text: Span<UInt8>) throws(ReplicationError) {
        var fields = FieldReader(text)
        _ = fields.skip("REPLICATE ")
        try fields.expect("{\"version\":")
        let version = try fields.expectNumber("version")
        guard version == 1 || version == 2 else { throw LeaderHello.otherVersion("version \(version)") }
        do throws(ReplicationError) {
            self = try LeaderHello(&fields, version)
        } catch {
            // Only what this version writes itself is known of version 2.
            if version == 2, case .malformed = error { throw LeaderHello.otherVersion("version 2") }
            throw error
        }
    }

    private static func otherVersion(_ found: String) -> ReplicationError {
        .otherVersion(expected: "version 1 of it, or version 2 with no needs but \(Needs.known)", found: found)
    }

    /// Parses the fields after the version.
    private init(_ fields: inout FieldReader, _ version: UInt64) throws(ReplicationError) {
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
        needs = []
        if version == 2 {
            try fields.expect(",\"needs\":")
            guard let named = fields.needs() else { throw fields.malformed("names of needs") }
            guard named.unknown.isEmpty else {
                throw LeaderHello.otherVersion("version 2 that needs \(named.unknown.joined(separator: ", "))")
            }
            needs = named.known
        }
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
        if !hello.needs.isEmpty {
            append(",\"needs\":")
            append(needs: NamedNeeds(hello.needs))
        }
        append("}\n")
    }
}
