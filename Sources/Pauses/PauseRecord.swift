// Pauses in a series of scheduled pings. Pure bookkeeping; times are in nanoseconds of one monotonic clock.
//
// A ping is sent on schedule, whether or not earlier ones were answered. So each ping that falls into a pause sees the
// rest of it, and no pause is hidden behind a single ping in flight (no coordinated omission). Three views of the same
// pings, because "late" has two possible causes:
//     intended   from when the ping should have gone out to its answer: what a client with a schedule sees
//     sent       from when it did go out to its answer: what the server, and the machine, have to answer for
//     wakeup     between the two: how late the meter itself was

import Histogram

/// One ping. Times are in nanoseconds from the start of the series.
package struct Ping: Equatable, Sendable {
    /// When it was scheduled.
    package var intended: Int
    /// When it was sent.
    package var sent: Int
    /// When its answer arrived.
    package var answered: Int

    package init(intended: Int, sent: Int, answered: Int) {
        self.intended = intended
        self.sent = sent
        self.answered = answered
    }
}

/// A ping, with those sent before it was answered.
package struct Pause: Equatable, Sendable {
    /// The first ping, which waited longest.
    package var first: Ping
    /// How many more waited meanwhile.
    package var waited = 0

    /// Nanoseconds since it was sent.
    package var length: Int { first.answered - first.sent }
}

/// The record of a series: three histograms, exact to three digits, and the longest pauses.
package struct PauseRecord: Sendable {
    package private(set) var intended = PauseRecord.histogram()
    package private(set) var sent = PauseRecord.histogram()
    package private(set) var wakeup = PauseRecord.histogram()
    /// Longest first.
    private var kept: [Pause] = []
    private var current: Pause?
    private let keeps: Int

    /// - Parameter keeps: how many of the longest pauses to keep.
    package init(keeping keeps: Int = 10) {
        self.keeps = keeps
    }

    /// Up to an hour.
    private static let longest: UInt64 = 3_600_000_000_000

    private static func histogram() -> Histogram<UInt64> {
        Histogram<UInt64>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    }

    /// Adds a ping, in the order of sending.
    package mutating func add(_ ping: Ping) {
        intended.record(PauseRecord.counted(ping.answered - ping.intended))
        sent.record(PauseRecord.counted(ping.answered - ping.sent))
        wakeup.record(PauseRecord.counted(ping.sent - ping.intended))
        if let pause = current, ping.sent < pause.first.answered {
            current?.waited += 1
        } else {
            close()
            current = Pause(first: ping)
        }
    }

    /// The longest pauses, longest first.
    package var pauses: [Pause] {
        var copy = self
        copy.close()
        return copy.kept
    }

    private mutating func close() {
        guard let pause = current else { return }
        current = nil
        guard kept.count < keeps || pause.length > kept[kept.count - 1].length else { return }
        kept.insert(pause, at: kept.firstIndex { $0.length < pause.length } ?? kept.count)
        if kept.count > keeps { kept.removeLast() }
    }

    private static func counted(_ nanoseconds: Int) -> UInt64 {
        min(UInt64(max(nanoseconds, 0)), longest)
    }
}
