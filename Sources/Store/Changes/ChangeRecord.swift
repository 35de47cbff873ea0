// A record as a feed of changes shows it: its position, its time, and its changes.

import Bytes
import LogFormat

/// A committed record of the log.
package struct ChangeRecord: ~Escapable {
    /// After this record.
    package let position: ChainPosition
    /// In Unix milliseconds.
    package let timestamp: UInt64
    /// Without the line feed; it was checked.
    package let line: Span<UInt8>
    private let plain: PlainLine?

    @_lifetime(copy line)
    init(_ line: Span<UInt8>, _ plain: PlainLine?, after position: ChainPosition, at timestamp: UInt64) {
        self.position = position
        self.timestamp = timestamp
        self.line = line
        self.plain = plain
    }

    /// Whether it is one change, and not a record of several.
    package var isSingle: Bool {
        if plain != nil { return true }
        switch Operation(of: line) {
        case .multi, .expired: return false
        case .set, .delete, .clear, .ttl, .meta: return true
        }
    }

    /// Whether it removes pairs because they have expired.
    package var isExpiry: Bool { plain == nil && Operation(of: line) == .expired }

    /// Visits its changes of pairs, in order: none for the change of a note, which no feed shows.
    package func visitChanges(_ visit: (borrowing Change) -> Void) {
        if let plain { return visit(plain.change(in: line)) }
        var parser = RecordParser()
        do throws(LineError) {
            try parser.changes(of: line, needs: .known) { change in if change.kind != .note { visit(change) } }
        } catch {
            preconditionFailure("a record that was checked cannot be read")
        }
    }
}
