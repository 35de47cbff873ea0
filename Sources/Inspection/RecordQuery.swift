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

    package init() {}

    /// Whether the query looks at a record's changes at all.
    var namesKeys: Bool { key != nil || prefix != nil }

    /// Whether a change is of a requested key. `clear` has no key.
    func matches(_ change: borrowing Change) -> Bool {
        change.kind == .clear ? !namesKeys : matches(change.key)
    }

    private func matches(_ key: Span<UInt8>) -> Bool {
        if let wanted = self.key, !key.equals(wanted.span) { return false }
        guard let prefix else { return true }
        return key.count >= prefix.count && key.extracting(0..<prefix.count).equals(prefix.span)
    }
}
