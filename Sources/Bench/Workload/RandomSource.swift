// Where the load's randomness comes from: a generator of 64 bits of state per thread, so that a seed names a run.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
package struct RandomSource: Sendable {
    private var state: UInt64

    /// - Parameter stream: a number that gives each thread a sequence of its own.
    package init(seed: UInt64, stream: Int = 0) {
        state = RandomSource.mix(seed &+ UInt64(truncatingIfNeeded: stream) &* 0xd134_2543_de82_ef95)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return RandomSource.mix(state)
    }

    /// A number from 0 to `limit` - 1, each as likely to within 2^-64 · limit.
    package mutating func below(_ limit: Int) -> Int {
        Int(truncatingIfNeeded: UInt64(limit).multipliedFullWidth(by: next()).high)
    }

    /// A number from 0 up to, but not including, 1.
    package mutating func fraction() -> Double {
        Double(next() &>> 11) * 0x1p-53
    }

    /// Spreads every bit of `value` over all 64.
    package static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value &>> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value &>> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value &>> 31
    }
}
