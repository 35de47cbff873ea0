// A change of a feed as puffin-cli shows it.

import Bytes
import Wire

/// A change to show.
package struct ShownChange: Equatable, Sendable {
    /// As in the log: `set`, `delete`, `expired`, `ttl`, `clear`.
    package let operation: String
    /// nil where it concerns every key.
    package let key: [UInt8]?
    /// nil unless the key was set.
    package let value: [UInt8]?
    /// In Unix milliseconds; nil for never, or where it says nothing of that.
    package let expires: Int?
    /// In Unix milliseconds.
    package let time: Int
    package let token: String

    package init(operation: String, key: [UInt8]?, value: [UInt8]?, expires: Int?, time: Int, token: String) {
        (self.operation, self.key, self.value) = (operation, key, value)
        (self.expires, self.time, self.token) = (expires, time, token)
    }
}

extension ByteBuffer {
    /// Appends a change as a line: `set user:1 Ada`, keys and values as in the line protocol.
    package mutating func append(text change: ShownChange) {
        append(text: change.operation)
        for part in [change.key, change.value] {
            guard let part else { continue }
            append(UInt8(ascii: " "))
            let isOneWord = part != change.key || !part.contains(UInt8(ascii: " "))
            if part.span.isPlainLineValue && isOneWord { append(part.span) } else { append(lineQuoted: part.span) }
        }
        if let expires = change.expires { append(text: " (expires \(expires))") }
        append(UInt8(ascii: "\n"))
    }

    /// Appends a change as one JSON object on a line. Bytes that are not UTF-8 are in base64, as in an export.
    package mutating func append(json change: ShownChange) {
        append(json: .compact) { json in
            json.object { json in
                json.member("op", change.operation)
                if let key = change.key { json.member("key", bytes: key.span) }
                if let value = change.value { json.member("value", bytes: value.span) }
                if let expires = change.expires { json.member("expires", expires) }
                json.member("ts", change.time)
                json.member("token", change.token)
            }
        }
        append(UInt8(ascii: "\n"))
    }

    /// Appends a change's parts as they are, with tabs between them and a line feed at the end.
    package mutating func append(raw change: ShownChange) {
        append(text: change.operation)
        for part in [change.key, change.value] {
            guard let part else { continue }
            append(UInt8(ascii: "\t"))
            append(part.span)
        }
        append(UInt8(ascii: "\n"))
    }
}
