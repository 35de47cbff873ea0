// Which records somebody wants to see.

import Bytes
import LogFormat

/// Conditions on records, all of which have to hold.
package struct RecordQuery: Sendable {
    /// A record with a change of this key.
    package var key: [UInt8]?
    /// A record with a change of a key that begins so.
    package var prefix: [UInt8]?
    package var seqs: ClosedRange<UInt64> = 0...(.max)
    /// In Unix milliseconds.
    package var times: ClosedRange<UInt64> = 0...(.max)

    package init() {}

    /// Whether the changes of a record matter at all.
    var namesKeys: Bool { key != nil || prefix != nil }

    /// Whether a change is of a key that is asked for. `clear` names none.
    func matches(_ change: borrowing Change) -> Bool {
        change.kind == .clear ? !namesKeys : matches(change.key)
    }

    private func matches(_ key: Span<UInt8>) -> Bool {
        if let wanted = self.key, !key.equals(wanted.span) { return false }
        guard let prefix else { return true }
        return key.count >= prefix.count && key.extracting(0..<prefix.count).equals(prefix.span)
    }
}
