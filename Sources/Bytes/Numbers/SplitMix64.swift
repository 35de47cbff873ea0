// Reproducible randomness: a printed seed repeats a run. Public, because a load draws several numbers per request, and
// nothing else is inlined into other modules.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    /// One of many sequences of the same seed.
    /// - Parameter stream: the sequence's number, such as a thread's.
    public init(seed: UInt64, stream: Int) {
        state = SplitMix64.mix(seed &+ UInt64(truncatingIfNeeded: stream) &* 0xd134_2543_de82_ef95)
    }

    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return SplitMix64.mix(state)
    }

    /// A number from 0 to `limit` - 1, uniform to within 2^-64 · limit.
    @inlinable
    public mutating func below(_ limit: Int) -> Int {
        Int(truncatingIfNeeded: UInt64(limit).multipliedFullWidth(by: next()).high)
    }

    /// A number from 0 up to, but not including, 1.
    @inlinable
    public mutating func fraction() -> Double {
        Double(next() &>> 11) * 0x1p-53
    }

    /// `count` uniformly random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// `count` bytes, each drawn from `alphabet`.
    public mutating func bytes(_ count: Int, from alphabet: [UInt8]) -> [UInt8] {
        (0..<count).map { _ in alphabet[below(alphabet.count)] }
    }

    /// Mixes every bit of `value` into all 64.
    @inlinable
    public static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value &>> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value &>> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value &>> 31
    }
}
