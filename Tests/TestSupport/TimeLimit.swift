// How long tests wait for conditions. Only something broken takes that long.

import Foundation

package enum TimeLimit {
    /// Whether programs run under a sanitizer (`make security`). They are up to ten times as slow then, and the memory that the
    /// system counts says nothing of them.
    package static let isSanitized = ProcessInfo.processInfo.environment["PUFFIN_SANITIZED"] != nil

    private static let factor = isSanitized ? 10.0 : 1.0

    /// For one reply, in seconds.
    package static let reply = 30 * factor
    /// For a condition, in seconds.
    package static let condition = 60 * factor
    /// For the end of a program, in seconds.
    package static let program = 120 * factor

    /// The time at which waiting for a condition ends.
    package static var end: Date { Date(timeIntervalSinceNow: condition) }
}
