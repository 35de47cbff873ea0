// Which records to list.

import Bytes
import LogFormat

/// Conditions on records; all must hold.
package struct RecordQuery: Sendable {
    /// A record with a change of this key.
    package var key: [UInt8]?
    /// A record with a change of a key with this prefix.
    package var prefix: [UInt8]?
    package var seqs: ClosedRange<UInt64> = 0...(.max)
    /// In Unix milliseconds.
    package var times: ClosedRange<UInt64> = 0...(.max)

    /// The author's text, or a user whose clients all count.
    package var author: String?

    package init() {}

    /// Whether the query looks at a record's changes at all.
    var namesKeys: Bool { key != nil || prefix != nil }

    /// Whether a change is of a requested key. `clear` has no key, and neither has a note.
    func matches(_ change: borrowing Change) -> Bool {
        change.kind == .clear || change.kind == .note ? !namesKeys : matches(change.key)
    }

    /// Whether a record's author is the requested one.
    func matches(_ author: Author?) -> Bool {
        guard let wanted = self.author else { return true }
        return author?.matches(wanted) ?? false
    }

    private func matches(_ key: Span<UInt8>) -> Bool {
        if let wanted = self.key, !key.equals(wanted.span) { return false }
        guard let prefix else { return true }
        return key.count >= prefix.count && key.extracting(0..<prefix.count).equals(prefix.span)
    }
}
