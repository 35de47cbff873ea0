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

    func set(_ key: [UInt8], _ value: [UInt8], expires: UInt64 = 0) {
        set(key.span, hash: hash(key.span), value: value.span, expires: expires)
    }

    func setExpiry(of key: [UInt8], to expires: UInt64) -> Bool {
        setExpiry(of: key.span, hash: hash(key.span), to: expires)
    }

    func remove(_ key: [UInt8]) -> Bool {
        remove(key.span, hash: hash(key.span))
    }

    func get(_ key: [UInt8], at time: UInt64 = 0) -> [UInt8]? {
        guard let pair = pair(for: key.span, hash: hash(key.span), at: time) else { return nil }
        return Array(pair.value)
    }

    /// When a pair expires: 0 for never, nil if it is not there.
    func expires(_ key: [UInt8]) -> UInt64? {
        pair(for: key.span, hash: hash(key.span), at: 0)?.expires
    }
}
