// A range of keys in byte order.

import Bytes

/// Half-open: the keys from `lower` on, up to and without `upper`.
package struct KeyRange: Equatable, Sendable {
    package private(set) var lower: [UInt8]
    /// nil for no end.
    package private(set) var upper: [UInt8]?

    package init(from lower: [UInt8], to upper: [UInt8]?) {
        (self.lower, self.upper) = (lower, upper)
    }

    /// All keys that begin with `prefix`.
    package init(prefix: [UInt8]) {
        lower = prefix
        // The first key behind them: the prefix with its last byte one higher, where that is possible.
        guard let last = prefix.lastIndex(where: { $0 < 0xff }) else { return }
        upper = Array(prefix[..<last]) + [prefix[last] + 1]
    }

    /// Drops the keys up to `key`, itself included.
    package mutating func begin(behind key: [UInt8]) {
        let next = key + [0]
        if lower.span.compared(with: next.span) < 0 { lower = next }
    }

    /// Drops the keys from `key` on, itself included.
    package mutating func end(before key: [UInt8]) {
        if let upper, upper.span.compared(with: key.span) <= 0 { return }
        upper = key
    }

    package func contains(_ key: Span<UInt8>) -> Bool {
        key.compared(with: lower.span) >= 0 && upper.map { key.compared(with: $0.span) < 0 } ?? true
    }

    var isEmpty: Bool { upper.map { lower.span.compared(with: $0.span) >= 0 } ?? false }
}
