// Reproducible randomness. A test that uses it takes its seed as an argument, which Swift Testing prints if the test
// fails; PUFFIN_SEED=<seed> then runs every such test with that seed alone.

import Bytes
import Foundation

package typealias SeededRandom = SplitMix64

extension SplitMix64 {
    /// The seeds to run a test with: 1 to `count`, or the one in the environment.
    package static func seeds(_ count: UInt64) -> [UInt64] {
        if let text = ProcessInfo.processInfo.environment["PUFFIN_SEED"], let seed = UInt64(text) { return [seed] }
        return Array(1...count)
    }
}
