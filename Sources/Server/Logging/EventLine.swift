// Formats an event of the log as one line, whatever bytes it contains.

import Bytes
import Logging
import Reactor

/// The format of the server's log.
package enum LogOutputFormat: String, Sendable, CaseIterable {
    /// `2026-01-15 10:30:00 INFO Server starting on 127.0.0.1:8080`
    case text
    /// One JSON object per line: `ts`, `level`, `message`, then the event's own fields.
    case json
}

/// The content of one line.
struct EventLine {
    let level: String
    let message: String
    /// In the order of the line.
    let fields: [(name: String, value: String)]
    /// The number of suppressed repetitions, in a summary; nil in an ordinary line.
    var repeated: Int?

    /// Names in every JSON line. An event's own field of such a name gets the suffix `_`.
    private static let reserved = ["ts", "level", "message", "repeated"]

    /// - Returns: the line's bytes, with its line feed.
    func bytes(_ format: LogOutputFormat, at milliseconds: UInt64) -> [UInt8] {
        var line = ByteBuffer()
        switch format {
        case .text: append(textTo: &line)
        case .json: append(objectTo: &line, at: milliseconds)
        }
        line.append("\n")
        return [UInt8](line.bytes)
    }

    private func append(textTo line: inout ByteBuffer) {
        line.append(text: "\(WallClock.localTime) \(level.uppercased()) ")
        line.append(plain: message, quoted: false)
        if let repeated { line.append(text: " (\(repeated) times more in the last 10 s)") }
        for (name, value) in fields {
            line.append(text: " ")
            line.append(plain: name, quoted: true)
            line.append(text: "=")
            line.append(plain: value, quoted: true)
        }
    }

    private func append(objectTo line: inout ByteBuffer, at milliseconds: UInt64) {
        var time = ByteBuffer()
        time.append(time: Timestamp(milliseconds: milliseconds))
        // Escape more than JSON requires: a line must not control a terminal.
        line.append(json: .terminalSafe) { json in
            json.object { json in
                json.member("ts", bytes: time.bytes)
                json.member("level", level)
                json.member("message", message)
                if let repeated { json.member("repeated", repeated) }
                for (name, value) in fields {
                    json.member(EventLine.reserved.contains(name) ? name + "_" : name, value)
                }
            }
        }
    }
}

extension ByteBuffer {
    /// Appends a text, escaped so that it stays on its line and does not control a terminal.
    /// - Parameter quoted: whether a text that is not one word is quoted.
    fileprivate mutating func append(plain text: String, quoted: Bool) {
        let isWord =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && !$0.steersTerminal }
        let quotes = quoted && !isWord
        if quotes { append("\"") }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": append(text: "\\n")
            case "\r": append(text: "\\r")
            case "\t": append(text: "\\t")
            case "\"" where quotes, "\\" where quotes: append(text: "\\\(scalar)")
            case _ where scalar.steersTerminal: append(text: "\\u{\(String(scalar.value, radix: 16))}")
            default: append(text: String(scalar))
            }
        }
        if quotes { append("\"") }
    }
}
