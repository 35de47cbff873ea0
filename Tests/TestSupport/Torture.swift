// How long tests with many variants run: seconds normally, longer with PUFFIN_TORTURE=1 in the environment.

import Foundation

/// Scales what tests try.
package enum Torture {
    package static let isOn = ProcessInfo.processInfo.environment["PUFFIN_TORTURE"] == "1"

    /// The seeds to run with: `count`, or many more.
    package static func seeds(_ count: UInt64, orTorture many: UInt64) -> [UInt64] {
        SeededRandom.seeds(isOn ? many : count)
    }
}
