// What a series of pings on a schedule says about pauses. Pure bookkeeping; times are in nanoseconds on one clock that
// only goes forward.
//
// Four views of the same pings, because "late" has two possible causes:
//     intended   from when the ping should have gone out to its answer: what a client with a schedule sees
//     server     the same without the meter's own late wake-up: what the server has to answer for. A ping that had to wait for
//                the one before it counts from its intended start, because it was the server that kept it waiting
//     sent       from when it did go out: hides a pause from all pings but one, and is here to compare
//     wakeup     how late the meter itself was, where it had been asleep

import Histogram

/// One ping. Times are in nanoseconds from the start of the series.
package struct Ping: Equatable, Sendable {
    /// When the schedule wanted it to go out.
    package var intended: Int
    /// When it did.
    package var sent: Int
    /// When its answer was there.
    package var answered: Int
    /// Whether the one before it was answered after this one's intended start.
    package var isQueued: Bool

    package init(intended: Int, sent: Int, answered: Int, isQueued: Bool) {
        self.intended = intended
        self.sent = sent
        self.answered = answered
        self.isQueued = isQueued
    }

    var server: Int { answered - (isQueued ? intended : sent) }
}

/// A ping that was slow, with those that had to wait for it.
package struct Pause: Equatable, Sendable {
    /// When the first ping should have gone out, in nanoseconds from the start of the series.
    package var start: Int
    /// The longest that one of them took, in nanoseconds, in three of the views.
    package var intended: Int
    package var server: Int
    package var sent: Int
    /// How late the meter was with the first, in nanoseconds.
    package var wakeup: Int
    /// How many pings had to wait for the first.
    package var queued: Int
}

/// Everything that is kept of a series: four histograms, three digits exact, and the longest pauses.
package struct PauseRecord {
    package private(set) var intended = PauseRecord.histogram()
    package private(set) var server = PauseRecord.histogram()
    package private(set) var sent = PauseRecord.histogram()
    package private(set) var wakeup = PauseRecord.histogram()
    /// Longest first, by `server`.
    private var kept: [Pause] = []
    private var current: Pause?
    private let keeps: Int

    /// - Parameter keeps: how many of the longest pauses are kept.
    package init(keeping keeps: Int = 10) {
        self.keeps = keeps
    }

    /// Up to an hour.
    private static let longest: UInt64 = 3_600_000_000_000

    private static func histogram() -> Histogram<UInt64> {
        Histogram<UInt64>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    }

    package mutating func add(_ ping: Ping) {
        intended.record(PauseRecord.counted(ping.answered - ping.intended))
        server.record(PauseRecord.counted(ping.server))
        sent.record(PauseRecord.counted(ping.answered - ping.sent))
        if !ping.isQueued { wakeup.record(PauseRecord.counted(ping.sent - ping.intended)) }
        guard ping.isQueued, var pause = current else {
            close()
            current = Pause(
                start: ping.intended, intended: ping.answered - ping.intended, server: ping.server,
                sent: ping.answered - ping.sent, wakeup: ping.isQueued ? 0 : ping.sent - ping.intended, queued: 0)
            return
        }
        pause.intended = max(pause.intended, ping.answered - ping.intended)
        pause.server = max(pause.server, ping.server)
        pause.sent = max(pause.sent, ping.answered - ping.sent)
        pause.queued += 1
        current = pause
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
        guard kept.count < keeps || pause.server > kept[kept.count - 1].server else { return }
        kept.insert(pause, at: kept.firstIndex { $0.server < pause.server } ?? kept.count)
        if kept.count > keeps { kept.removeLast() }
    }

    private static func counted(_ nanoseconds: Int) -> UInt64 {
        min(UInt64(max(nanoseconds, 0)), longest)
    }
}
