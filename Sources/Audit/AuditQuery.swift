// Which events are listed, and reading them.

import Bytes
import LogFormat

/// Conditions that an event must meet, all of them.
package struct AuditQuery: Equatable, Sendable {
    /// The user's name; nil matches all.
    package var user: String?
    /// Kinds of events; empty means all.
    package var kinds: Set<AuditEvent.Kind> = []
    /// Unix milliseconds, both included.
    package var times: ClosedRange<UInt64> = 0...UInt64.max
    /// What the key begins with. Events without a plain key do not match.
    package var keyPrefix: [UInt8]?

    /// Matches every event.
    package init() {}

    /// Whether an event meets all conditions.
    package func matches(_ event: AuditEvent) -> Bool {
        if let user, event.user != user { return false }
        guard kinds.isEmpty || kinds.contains(event.kind), times.contains(event.time) else { return false }
        guard let keyPrefix else { return true }
        guard case .plain(let key) = event.key else { return false }
        return key.starts(with: keyPrefix)
    }
}

/// The events of a folder in their order, as they are in the files: nothing is verified.
package enum AuditListing {
    /// Calls `body` for each event that matches, with its line without the line feed. Lines that are no events of a known kind are
    /// skipped.
    /// - Throws: `AuditError` if a file cannot be read, or there are no segments; and what `body` throws.
    package static func forEach(
        in folder: any AuditFolder, _ query: AuditQuery = AuditQuery(),
        _ body: (AuditEvent, Span<UInt8>) throws -> Void
    ) throws {
        let segments = try folder.segments()
        guard !segments.isEmpty else { throw AuditError.missing(path: folder.path) }
        for name in segments {
            var reader = AuditLineReader(try folder.open(name, isWritable: false), path: folder.path(of: name))
            while try reader.next() {
                guard reader.isTerminated, case .event = AuditLine(reader.line),
                    let event = AuditEvent(line: reader.line), query.matches(event)
                else { continue }
                try body(event, reader.line)
            }
        }
    }
}
