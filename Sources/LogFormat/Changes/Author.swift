// Who made a change. A record may say it in its last field before the checksum, `"by":TEXT`: a user, perhaps with the
// client's number (`alice#812`). No change depends on it, so a reader may pass over it, and it needs nothing.

import Bytes

/// The author of changes, ready to be appended to their records.
public struct Author: Equatable, Sendable {
    /// `alice`; empty for nobody.
    public let text: String
    /// `,"by":"alice"`; empty for nobody.
    package let field: [UInt8]

    /// The author of records that do not say who made them.
    public static let nobody = Author()

    /// The size of the largest text, in bytes.
    public static let largestSize = 128

    private init() { (text, field) = ("", []) }

    /// - Returns: nil unless the text has 1 to 128 bytes.
    public init?(_ text: String) {
        guard (1...Author.largestSize).contains(text.utf8.count) else { return nil }
        var field = ByteBuffer()
        field.append(",\"by\":")
        field.append(jsonString: Array(text.utf8).span)
        self.text = text
        self.field = Array(field.bytes)
    }

    /// The author of a record, from a line that `RecordParser.parse` has accepted; nil if it has none.
    package init?(ofRecord line: Span<UInt8>) {
        let body = line.lineBody
        // A text of 128 bytes has at most six times as many in JSON.
        let earliest = max(body.count - 6 * Author.largestSize - 8, 0)
        var start = body.count - 8
        while start >= earliest, !body.starts(with: ",\"by\":\"", at: start) { start -= 1 }
        guard start >= earliest, start >= 0 else { return nil }
        // Inside a note's value, the same bytes are followed by more than this text.
        var text = ByteBuffer()
        guard (try? text.append(decodedJSONString: body, at: start + 6)) == body.count else { return nil }
        self.init(String(text.bytes))
    }

    /// Whether a person who asks for `name` means this author: all clients of a user, or one of them.
    package func matches(_ name: String) -> Bool { text == name || text.hasPrefix(name + "#") }
}
