// The replication stream's texts other than lines of the log. What is accepted is written again, and must be the same
// apart from unknown fields.

import Bytes
import Store

/// Checks the readers of hellos and of the leader's lines on one line.
func checkStream(_ input: [UInt8]) throws(BrokenProperty) {
    let line = Array(input.prefix { $0 != 0x0a })
    if let hello = (try? LeaderHello(line.span)) {
        let word = Array("REPLICATE ".utf8)
        try requireText(line.starts(with: word) ? line : word + line) { $0.append(leaderHello: hello) }
    }
    if let hello = (try? FollowerHello(line.span)) { try requireText(line) { $0.append(followerHello: hello) } }
    let read: FeedLine?
    do throws(ReplicationError) {
        read = try FeedLine(line.span)
    } catch {
        let text = "\(error)"
        try require(text.utf8.count < 1_000 && text.utf8.allSatisfy { $0 >= 0x20 }, "not one short line: \(text)")
        return
    }
    if let read { try requireText(line) { $0.append(feedLine: read) } }
}

/// The line must be what is written, with or without more fields before the brace.
private func requireText(_ line: [UInt8], _ write: (inout ByteBuffer) -> Void) throws(BrokenProperty) {
    var buffer = ByteBuffer()
    write(&buffer)
    let written = Array(buffer.bytes).dropLast(2)
    let rest = line.dropFirst(written.count)
    try require(
        line.starts(with: written) && rest.last == UInt8(ascii: "}")
            && (rest.count == 1 || rest.starts(with: Array(",\"".utf8))),
        "\(shown(line)) is read as if it were \(shown(Array(written)))")
}
