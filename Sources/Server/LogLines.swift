// What the server says of itself, one line per event, to standard error.

import Bytes
import Logging
import Reactor
import SystemPackage

/// How the server's own messages are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-15 10:30:00 INFO Server starting on 127.0.0.1:8080`
    case text
    /// One JSON object per line: `time`, `level`, `message`, then the event's own fields.
    case json
}

/// Writes swift-log's events in either format.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let format: LogFormat

    package init(level: Logger.Level, format: LogFormat) {
        logLevel = level
        self.format = format
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        var line = ByteBuffer()
        switch format {
        case .text:
            line.append(text: WallClock.localTime)
            line.append(text: " \(event.level.rawValue.uppercased()) \(event.message)")
            for (key, value) in fields { line.append(text: " \(key)=\(value)") }
        case .json:
            line.append("{")
            line.append(field: "time", WallClock.universalTime)
            line.append(",")
            line.append(field: "level", event.level.rawValue)
            line.append(",")
            line.append(field: "message", "\(event.message)")
            for (key, value) in fields {
                line.append(",")
                line.append(field: key, "\(value)")
            }
            line.append("}")
        }
        line.append("\n")
        // Where standard error is closed there is nobody to tell.
        _ = try? FileDescriptor.standardError.writeAll([UInt8](line.bytes))
    }
}

extension ByteBuffer {
    fileprivate mutating func append(field name: String, _ value: String) {
        let (name, value) = (Array(name.utf8), Array(value.utf8))
        append(jsonString: name.span)
        append(UInt8(ascii: ":"))
        append(jsonString: value.span)
    }
}
