// A table's calls in terms of arrays, for tests.

import Bytes
import Store
import TestSupport

extension Table {
    /// A table whose hash, and so the order of its keys, is the same in every run.
    convenience init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        self.init(sipHash: SipHash(key: (random.next(), random.next())))
    }

    func set(_ key: [UInt8], _ value: [UInt8]) {
        set(key.span, hash: hash(key.span), value: value.span)
    }

    func remove(_ key: [UInt8]) -> Bool {
        remove(key.span, hash: hash(key.span))
    }

    func get(_ key: [UInt8]) -> [UInt8]? {
        guard let pair = pair(for: key.span, hash: hash(key.span)) else { return nil }
        return Array(pair.value)
    }
}
