// A follower's answer to a leader's hello: its history, its position, and the positions to which it could cut its log
// back if the leader does not know that one.
//
//     {"history":"5f0c9a52e1b7","seq":515400,"crc":"0d1e2f3a","checkpoints":[{"seq":515392,"crc":"eece75c1"}],
//      "id":"0123456789abcdef","knows":["expiry"]}                          one line

import Bytes
import LogFormat

/// A follower's first line.
package struct FollowerHello: Equatable, Sendable {
    /// The data set. Meaningless without any change.
    package var history: String
    /// The newest change.
    package var position: ChainPosition
    /// The starts of segments that are not in the snapshot, newest first.
    package var checkpoints: [ChainPosition]
    /// Its id; nil if its version has none.
    package var id: ServerID?
    /// The needs of files that it knows; none if its version does not say.
    package var knows: NamedNeeds

    /// The most that are sent and accepted.
    package static let checkpointLimit = 64

    package init(
        history: String, position: ChainPosition, checkpoints: [ChainPosition], id: ServerID? = nil, knows: Needs = []
    ) {
        self.history = history
        self.position = position
        self.checkpoints = checkpoints
        self.id = id
        self.knows = NamedNeeds(knows)
    }

    /// Parses an answer.
    /// - Parameter text: the line without its line feed.
    /// - Throws: `ReplicationError.malformed`.
    package init(_ text: Span<UInt8>) throws(ReplicationError) {
        var fields = FieldReader(text)
        try fields.expect("{\"history\":\"")
        history = try fields.expectHistory()
        try fields.expect(",\"seq\":")
        position = try fields.expectPosition()
        try fields.expect(",\"checkpoints\":[")
        checkpoints = []
        while fields.skip(checkpoints.isEmpty ? "{\"seq\":" : ",{\"seq\":") {
            guard checkpoints.count < FollowerHello.checkpointLimit else {
                throw fields.malformed("\(FollowerHello.checkpointLimit) checkpoints at most")
            }
            checkpoints.append(try fields.expectPosition())
            try fields.expect("}")
        }
        try fields.expect("]")
        id = try fields.takeID()
        knows = NamedNeeds()
        if fields.skip(",\"knows\":") {
            guard let named = fields.needs() else { throw fields.malformed("names of needs") }
            knows = named
        }
        try fields.expectEnd()
    }
}

extension ByteBuffer {
    /// Appends a follower's answer, with the line feed.
    package mutating func append(followerHello hello: FollowerHello) {
        append("{\"history\":\"")
        append(text: hello.history)
        append("\",\"seq\":")
        append(position: hello.position)
        append(",\"checkpoints\":[")
        for (index, checkpoint) in hello.checkpoints.prefix(FollowerHello.checkpointLimit).enumerated() {
            append(index == 0 ? "{\"seq\":" : ",{\"seq\":")
            append(position: checkpoint)
            append("}")
        }
        append("]")
        append(id: hello.id)
        if !hello.knows.isEmpty {
            append(",\"knows\":")
            append(needs: hello.knows)
        }
        append("}\n")
    }
}
