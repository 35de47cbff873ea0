// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with one round per word and three at
// the end, as in Rust and Python). Clients choose the keys and are not trusted: with a secret key drawn at every start
// nobody can construct colliding keys.

import Bytes

/// A keyed 64-bit hash of byte strings.
package struct SipHash: Sendable {
    private let key: (UInt64, UInt64)

    /// A hash with a fresh random key.
    package init() {
        var random = SystemRandomNumberGenerator()
        self.init(key: (random.next(), random.next()))
    }

    /// A hash with a given key, low word first: for tests.
    package init(key: (UInt64, UInt64)) {
        self.key = key
    }

    /// The 64-bit hash of `bytes`.
    package func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var state = State(key: key)
        let size = bytes.count
        var offset = 0
        while offset &+ 8 <= size {
            state.absorb(UInt64(littleEndian: bytes.word(at: offset)))
            offset &+= 8
        }
        state.absorb(bytes.lastWord(at: offset) | UInt64(truncatingIfNeeded: size) &<< 56)
        return state.finish()
    }

    private struct State {
        var v0, v1, v2, v3: UInt64

        @inline(__always)
        init(key: (UInt64, UInt64)) {
            v0 = key.0 ^ 0x736f_6d65_7073_6575
            v1 = key.1 ^ 0x646f_7261_6e64_6f6d
            v2 = key.0 ^ 0x6c79_6765_6e65_7261
            v3 = key.1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        @inline(__always)
        mutating func finish() -> UInt64 {
            v2 ^= 0xff
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inline(__always)
        private mutating func round() {
            v0 = v0 &+ v1
            v1 = rotated(v1, 13) ^ v0
            v0 = rotated(v0, 32)
            v2 = v2 &+ v3
            v3 = rotated(v3, 16) ^ v2
            v0 = v0 &+ v3
            v3 = rotated(v3, 21) ^ v0
            v2 = v2 &+ v1
            v1 = rotated(v1, 17) ^ v2
            v2 = rotated(v2, 32)
        }

        @inline(__always)
        private func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
            value &<< bits | value &>> (64 &- bits)
        }
    }
}
