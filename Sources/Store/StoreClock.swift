// The clock that stamps changes. The wall clock can jump, either way, and a stamp can never be taken back: so time runs
// by the machine's boot time, which is monotonic and includes sleep, and follows the wall clock slowly.
//
//     the wall clock is      by up to 10 s      by more
//     ahead                  step to it         keep one's pace; after 60 s, if it is still so, step to it
//     behind                 run at 9/10        keep one's pace
//
// A follower does not look at its wall clock: it goes by the times that its leader tells, each second and in each change. From
// one to the next, and without a leader, it runs by the boot time. So a pair expires on a follower when it does on the leader.
//
// It never stands still and never goes back, but for a follower that gets another leader. A server that follows each jump at once lets one wrong second of NTP stamp
// changes with a wrong year, or expire every lock (valkey-io/valkey#2651).

/// Both clocks of the machine at one moment.
package struct ClockReading: Equatable, Sendable {
    /// Nanoseconds of the boot time (`CLOCK_BOOTTIME`): it includes sleep, and cannot be set.
    package var boot: Int
    /// Microseconds since 1970-01-01 UTC by the wall clock, which can be set.
    package var wall: Int

    package init(boot: Int, wall: Int) {
        (self.boot, self.wall) = (boot, wall)
    }
}

/// The result of a check of the wall clock. Times are in microseconds.
package enum ClockEvent: Equatable, Sendable {
    /// It has jumped ahead by this much, and will be followed if it stays there.
    case jumpedAhead(by: Int)
    /// It has stayed ahead, and is followed: time has just stepped by this much.
    case followed(by: Int)
    /// It is behind by this much, and is not followed.
    case isBehind(by: Int)
    /// It agrees with the time again, to within what is followed at once.
    case agrees
}

/// A clock that stamps changes: Unix time that never decreases. A pure value: its owner takes the readings.
package struct StoreClock: Sendable {
    /// How long a jump ahead must last before it is followed, in nanoseconds of the boot time.
    package let patience: Int

    /// Differences up to this are followed at once, in microseconds.
    package static let tolerance = 10_000_000
    /// How often it is reported again that the wall clock is behind, in nanoseconds of the boot time.
    static let repetition = 600_000_000_000
    /// How far wall clock and boot time may drift apart before the wall clock is unreliable for the age of files, in
    /// microseconds.
    static let ageTolerance = 3_600_000_000
    /// No later time is accepted from a log, in milliseconds: 2^53 - 1.
    private static let latest: UInt64 = 9_007_199_254_740_991

    /// Time runs from `baseTime` (microseconds) at `baseBoot` (nanoseconds), at nine tenths of the boot time's pace if
    /// `isSlow`, until it meets the boot time plus `offset` (microseconds), and equals that from there on.
    private var baseBoot: Int
    private var baseTime: Int
    private var isSlow = false
    private var offset: Int

    private enum State: Equatable {
        case agrees
        /// Since this boot time, with this difference from the boot time.
        case ahead(since: Int, apart: Int)
        /// Last reported at this boot time.
        case behind(told: Int)
    }
    private var state = State.agrees
    /// Whether time is a leader's.
    package private(set) var isFollowing = false
    /// Whether a leader has told its time since `follow`.
    private var hasHeard = false
    /// The initial difference of wall clock and boot time, and the wall clock at the last check, in microseconds.
    private let firstApart: Int
    private var lastReading: ClockReading

    /// Begins with the wall clock's time.
    /// - Parameter patience: in nanoseconds.
    package init(_ reading: ClockReading, patience: Int = 60_000_000_000) {
        self.patience = patience
        (baseBoot, baseTime) = (reading.boot, reading.wall)
        offset = StoreClock.apart(reading)
        firstApart = offset
        lastReading = reading
    }

    private static func apart(_ reading: ClockReading) -> Int { reading.wall - reading.boot / 1000 }

    /// The time at a moment of the boot time, not before the last one, in microseconds since 1970.
    @inline(__always)
    private func microseconds(at boot: Int) -> Int {
        let elapsed = (boot &- baseBoot) / 1000
        let steady = boot / 1000 &+ offset
        return isSlow ? max(baseTime &+ elapsed &- elapsed / 10, steady) : steady
    }

    /// The time at a moment of the boot time (nanoseconds), not before the last one, in Unix milliseconds.
    package func milliseconds(at boot: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: max(microseconds(at: boot), 0) / 1000)
    }

    // MARK: Following the wall clock

    /// Compares the wall clock with the time. To be called each second.
    /// - Returns: what to report, if anything.
    package mutating func look(at reading: ClockReading) -> ClockEvent? {
        assert(reading.boot >= lastReading.boot, "the boot time goes back")
        lastReading = reading
        guard !isFollowing else { return nil }
        let time = microseconds(at: reading.boot)
        let ahead = reading.wall - time
        if ahead > StoreClock.tolerance { return lookAhead(reading, time, ahead) }
        if ahead < -StoreClock.tolerance { return lookBehind(reading, time, ahead) }
        (baseBoot, baseTime) = (reading.boot, max(time, reading.wall))
        // A wall clock that is behind is met on the way.
        (isSlow, offset) = (ahead < 0, StoreClock.apart(reading))
        defer { state = .agrees }
        return state == .agrees ? nil : .agrees
    }

    private mutating func lookAhead(_ reading: ClockReading, _ time: Int, _ ahead: Int) -> ClockEvent? {
        let apart = StoreClock.apart(reading)
        guard case .ahead(let since, let before) = state, abs(apart - before) <= StoreClock.tolerance else {
            keepPace(from: time, at: reading.boot)
            state = .ahead(since: reading.boot, apart: apart)
            return .jumpedAhead(by: ahead)
        }
        guard reading.boot - since >= patience else { return nil }
        offset = apart
        state = .agrees
        return .followed(by: ahead)
    }

    private mutating func lookBehind(_ reading: ClockReading, _ time: Int, _ ahead: Int) -> ClockEvent? {
        keepPace(from: time, at: reading.boot)
        if case .behind(let told) = state, reading.boot - told < StoreClock.repetition { return nil }
        state = .behind(told: reading.boot)
        return .isBehind(by: -ahead)
    }

    /// Runs at the boot time's own pace from now on.
    private mutating func keepPace(from time: Int, at boot: Int) {
        // Not again each second: rounding errors would add up.
        guard isSlow else { return }
        (isSlow, offset) = (false, time - boot / 1000)
    }

    /// Continues from a change's time, if that is later than this clock's.
    /// - Parameters:
    ///   - newest: in Unix milliseconds.
    ///   - boot: the moment, in nanoseconds of the boot time.
    ///   - isSaid: whether the caller reports that the wall clock is behind.
    package mutating func resume(from newest: UInt64, at boot: Int, isSaid: Bool = false) {
        let newest = Int(min(newest, StoreClock.latest)) * 1000
        guard newest > microseconds(at: boot) else { return }
        (isSlow, offset) = (false, newest - boot / 1000)
        if isSaid && lead > StoreClock.tolerance { state = .behind(told: boot) }
    }

    // MARK: Following a leader

    /// Goes by a leader's time from now on, and by the boot time until one tells it.
    /// - Parameters:
    ///   - time: now, in Unix milliseconds.
    ///   - boot: the moment, in nanoseconds of the boot time.
    package mutating func follow(from time: UInt64, at boot: Int) {
        (isFollowing, hasHeard, isSlow, state) = (true, false, false, .agrees)
        offset = Int(min(time, StoreClock.latest)) * 1000 - boot / 1000
    }

    /// Takes over the leader's time. One that is behind is met at nine tenths of the pace: it was longer on its way than the
    /// one before.
    /// - Parameters:
    ///   - time: in Unix milliseconds.
    ///   - boot: the moment, in nanoseconds of the boot time.
    ///   - isFirst: whether this leader has told no time before: then time may go back.
    package mutating func hear(_ time: UInt64, at boot: Int, isFirst: Bool) {
        guard isFollowing else { return }
        let (heard, current) = (Int(min(time, StoreClock.latest)) * 1000, microseconds(at: boot))
        (baseBoot, baseTime) = (boot, isFirst ? heard : max(current, heard))
        (isSlow, offset) = (!isFirst && heard < current, heard - boot / 1000)
        hasHeard = true
    }

    /// Goes by the wall clock from now on: from the leader's time, as from one's own. If no leader has told its time, as after
    /// a start: no earlier than the wall clock.
    package mutating func beginLeading(at reading: ClockReading) {
        guard isFollowing else { return }
        isFollowing = false
        lastReading = reading
        if !hasHeard { resume(from: UInt64(max(reading.wall, 0)) / 1000, at: reading.boot) }
    }

    // MARK: What others know by it

    /// How far the time was ahead of the wall clock at the last check, in microseconds; negative if it was behind.
    package var lead: Int { microseconds(at: lastReading.boot) - lastReading.wall }

    /// The wall clock at the last check, in Unix milliseconds, for the age of files, whose times are the wall clock's.
    /// nil while it has drifted from the boot time by more than an hour since this clock was made: then it is
    /// unreliable for ages.
    package var ageTime: UInt64? {
        guard abs(StoreClock.apart(lastReading) - firstApart) <= StoreClock.ageTolerance else { return nil }
        return UInt64(max(lastReading.wall, 0)) / 1000
    }
}
