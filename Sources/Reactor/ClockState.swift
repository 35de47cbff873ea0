// Whether the system's clock is kept right, by adjtimex(2).

import CLibevent
import Glibc

/// The state of the system's clock.
package struct ClockState: Equatable, Sendable {
    /// Whether something synchronises it.
    package let isSynchronised: Bool
    /// The most that it may be wrong by, in microseconds.
    package let largestError: Int

    /// The state now; nil if the kernel does not say.
    package static var now: ClockState? {
        var state = timex()
        // Without modes it only reads.
        let result = unsafe adjtimex(&state)
        guard result >= 0 else { return nil }
        return ClockState(isSynchronised: result != TIME_ERROR, largestError: Int(state.maxerror))
    }
}
