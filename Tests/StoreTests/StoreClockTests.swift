// The store's clock on a machine with simulated clocks: its wall clock is set forward and back, slewed, and wrong at a
// start; it sleeps. No test waits for anything.

import Store
import TestSupport
import Testing

/// A machine's two clocks.
private struct Machine {
    /// Nanoseconds.
    var boot = 1_000_000_000_123
    /// Microseconds.
    var wall = 1_764_000_000_000_456

    var reading: ClockReading { ClockReading(boot: boot, wall: wall) }

    /// Advances both clocks.
    mutating func pass(_ milliseconds: Int) {
        boot += milliseconds * 1_000_000
        wall += milliseconds * 1000
    }

    /// Sets the wall clock, in milliseconds from where it is.
    mutating func setWall(by milliseconds: Int) { wall += milliseconds * 1000 }

    var wallMilliseconds: Int { wall / 1000 }
}

/// A clock on a machine, checked each second as a server does.
private struct Watched {
    var machine = Machine()
    var clock: StoreClock
    var events: [ClockEvent] = []

    init(patience: Int? = nil) {
        clock = patience.map { StoreClock(Machine().reading, patience: $0) } ?? StoreClock(Machine().reading)
    }

    var now: Int { Int(clock.milliseconds(at: machine.boot)) }
    /// How far the time is ahead of the wall clock, in milliseconds.
    var lead: Int { now - machine.wallMilliseconds }

    mutating func run(seconds: Int) {
        for _ in 0..<seconds {
            machine.pass(1000)
            if let event = clock.look(at: machine.reading) { events.append(event) }
        }
    }
}

@Suite("The store's clock")
struct StoreClockTests {
    private static let hour = 3_600_000

    @Test("it is the wall clock, and advances between checks")
    func plain() {
        var watched = Watched()
        #expect(watched.lead == 0)
        watched.machine.pass(400)
        #expect(watched.lead == 0)
        watched.run(seconds: 1000)
        #expect(watched.lead == 0 && watched.events.isEmpty && watched.clock.lead == 0)
    }

    @Test(
        "if the wall clock is ahead by up to ten seconds, it is followed in one step", arguments: [1, 700, 10_000])
    func shortAhead(milliseconds: Int) {
        var watched = Watched()
        watched.machine.setWall(by: milliseconds)
        #expect(watched.lead == -milliseconds)
        watched.run(seconds: 1)
        #expect(watched.lead == 0 && watched.events.isEmpty)
    }

    @Test(
        "if it is behind by up to ten seconds, time runs at nine tenths until they meet",
        arguments: [1, 700, 10_000])
    func shortBehind(milliseconds: Int) {
        var watched = Watched()
        watched.machine.setWall(by: -milliseconds)
        watched.run(seconds: 1)
        let before = watched.now
        watched.run(seconds: 5)
        let pace = watched.now - before
        #expect(milliseconds < 2000 ? pace >= 4500 : pace == 4500)
        watched.run(seconds: max(milliseconds / 100 + 1 - 5, 0))
        #expect(watched.lead == 0 && watched.events.isEmpty)
        watched.run(seconds: 100)
        #expect(watched.lead == 0, "and no slower from there on")
    }

    @Test("a jump ahead of more than ten seconds is reported at once, and followed only after it has lasted a minute")
    func jumpAhead() {
        var watched = Watched()
        watched.run(seconds: 10)
        watched.machine.setWall(by: 10 * 365 * 24 * StoreClockTests.hour)
        watched.run(seconds: 1)
        guard case .jumpedAhead(by: 315_360_000_000_000) = watched.events.first else {
            Issue.record("\(watched.events)")
            return
        }
        watched.run(seconds: 59)
        #expect(watched.lead == -315_360_000_000 && watched.events.count == 1)
        watched.run(seconds: 1)
        #expect(watched.lead == 0 && watched.events.last == .followed(by: 315_360_000_000_000))
        watched.run(seconds: 1000)
        #expect(watched.events.count == 2)
    }

    @Test("a jump that is undone within a minute has no effect", arguments: [-1, 0, 3])
    func jumpAndBack(back: Int) {
        var watched = Watched()
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 59)
        watched.machine.setWall(by: back - StoreClockTests.hour)
        watched.run(seconds: 1000)
        #expect(watched.lead == 0)
        #expect(watched.events == [.jumpedAhead(by: 3_600_000_000), .agrees])
    }

    @Test("a jump on a jump has a minute of its own")
    func twoJumps() {
        var watched = Watched()
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 50)
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 60)
        #expect(watched.lead == -2 * StoreClockTests.hour)
        watched.run(seconds: 1)
        #expect(watched.lead == 0)
        #expect(
            watched.events == [
                .jumpedAhead(by: 3_600_000_000), .jumpedAhead(by: 7_200_000_000), .followed(by: 7_200_000_000),
            ])
    }

    @Test("a wall clock that keeps moving is not followed")
    func moving() {
        var watched = Watched()
        watched.machine.setWall(by: StoreClockTests.hour)
        for _ in 0..<200 {
            watched.machine.setWall(by: 4000)
            watched.run(seconds: 1)
        }
        #expect(watched.lead == -StoreClockTests.hour - 800_000)
        watched.run(seconds: 61)
        #expect(watched.lead == 0)
    }

    @Test("the patience is a parameter, in nanoseconds")
    func patience() {
        var watched = Watched(patience: 5_000_000_000)
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 5)
        #expect(watched.lead == -StoreClockTests.hour)
        watched.run(seconds: 1)
        #expect(watched.lead == 0)
    }

    @Test(
        "if the wall clock is set back by more, time keeps its pace and never follows; that is reported repeatedly"
    )
    func jumpBack() {
        var watched = Watched()
        watched.machine.setWall(by: -StoreClockTests.hour)
        let before = watched.now
        watched.run(seconds: 3600)
        #expect(watched.now - before == StoreClockTests.hour, "neither slower nor standing still")
        #expect(watched.lead == StoreClockTests.hour && watched.clock.lead == StoreClockTests.hour * 1000)
        #expect(watched.events == [ClockEvent](repeating: .isBehind(by: 3_600_000_000), count: 6))
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 10)
        #expect(watched.lead == 0 && watched.events.last == .agrees)
    }

    @Test("a jump forward and back again leaves time going on, not standing still until the wall clock has caught up")
    func followedAndBack() {
        var watched = Watched()
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 61)
        watched.machine.setWall(by: -StoreClockTests.hour)
        let before = watched.now
        watched.run(seconds: 60)
        #expect(watched.now - before == 60_000)
    }

    @Test("sleep counts: it is no jump")
    func sleep() {
        var watched = Watched()
        watched.run(seconds: 10)
        watched.machine.pass(8 * StoreClockTests.hour)
        #expect(watched.lead == 0, "also before the wall clock is looked at")
        watched.run(seconds: 10)
        #expect(watched.lead == 0 && watched.events.isEmpty && watched.clock.ageTime != nil)
    }

    @Test("a start behind the newest change continues from that, at its own pace, and repeats no warning at once")
    func startBehind() {
        var watched = Watched()
        let newest = watched.now + 10 * StoreClockTests.hour
        watched.clock.resume(from: UInt64(newest), at: watched.machine.boot, isSaid: true)
        #expect(watched.now == newest && watched.clock.lead == 36_000_000_000 - watched.machine.wall % 1000)
        watched.run(seconds: 60)
        #expect(watched.now == newest + 60_000 && watched.events.isEmpty)
        watched.run(seconds: 600)
        #expect(watched.events.count == 1)
        watched.clock.resume(from: 5, at: watched.machine.boot)
        #expect(watched.now == newest + 660_000, "an older change is none to go on from")
    }

    @Test("a change from the end of time is as late as a time can be, and one that is a little ahead is met")
    func extremes() {
        var watched = Watched()
        watched.clock.resume(from: .max, at: watched.machine.boot)
        #expect(watched.now == 9_007_199_254_740_991)
        watched.run(seconds: 5)
        #expect(watched.now == 9_007_199_254_740_991 + 5000)
        var other = Watched()
        other.clock.resume(from: UInt64(other.now + 500), at: other.machine.boot)
        other.run(seconds: 6)
        #expect(other.lead == 0)
        // A machine that says it is 1970, and one that says it is before.
        for wall in [0, -5_000_000] {
            let clock = StoreClock(ClockReading(boot: 5, wall: wall))
            #expect(clock.milliseconds(at: 5) == 0 && clock.ageTime == 0)
        }
    }

    @Test(
        "the wall clock is reliable for ages only while it has drifted from the boot time by less than an hour")
    func ages() {
        var watched = Watched()
        watched.machine.setWall(by: StoreClockTests.hour)
        watched.run(seconds: 100)
        #expect(watched.clock.ageTime == UInt64(watched.machine.wallMilliseconds))
        watched.machine.setWall(by: 1)
        watched.run(seconds: 100)
        #expect(watched.clock.ageTime == nil, "also once time has followed the jump")
        watched.machine.setWall(by: -2 * StoreClockTests.hour)
        watched.run(seconds: 1)
        #expect(watched.clock.ageTime == UInt64(watched.machine.wallMilliseconds))
        watched.machine.setWall(by: -1000)
        watched.run(seconds: 1)
        #expect(watched.clock.ageTime == nil)
    }

    /// What must hold whatever a machine's clocks do.
    @Test(
        "through jumps, steps back, sleep and drift time never goes back or stands still, and follows no jump that does not stay"
    )
    func simulation() {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("store clock: seed \(seed)")
        for round in 0..<20 {
            var random = SeededRandom(seed: seed &+ UInt64(round))
            simulate(&random, "seed \(seed), round \(round)")
        }
    }

    private func simulate(_ random: inout SeededRandom, _ name: String) {
        var watched = Watched()
        // Recording an expectation each time would take longer than all else.
        func require(_ isRight: Bool, _ what: String) { if !isRight { Issue.record("\(name): \(what)") } }
        var last = watched.clock.milliseconds(at: watched.machine.boot)
        // When the wall clock was last set by more than the tolerance, by the boot time.
        var setTime = Int.min / 2
        var drift = 0
        for _ in 0..<2000 {
            switch random.below(200) {
            case 0:
                watched.machine.setWall(by: (random.below(2) == 0 ? 1 : -1) * (20_000 + random.below(1_000_000_000)))
                setTime = watched.machine.boot
            case 1: watched.machine.setWall(by: random.below(16_001) - 8000)
            case 2: watched.machine.pass(random.below(10_000_000))
            case 3: drift = random.below(1001) - 500
            default: break
            }
            let boot = watched.machine.boot
            // Between checks, as turns ask.
            for _ in 0..<3 {
                watched.machine.pass(250)
                let now = watched.clock.milliseconds(at: watched.machine.boot)
                let passed = (watched.machine.boot - boot) / 1_000_000
                require(now > last, "stands still or goes back")
                require(now &- last >= 224 || passed > 750, "slower than nine tenths")
                last = now
            }
            // Half a thousandth and less: what NTP may slew by.
            watched.machine.wall += drift
            watched.machine.pass(250)
            let before = watched.clock.milliseconds(at: watched.machine.boot)
            let event = watched.clock.look(at: watched.machine.reading)
            last = watched.clock.milliseconds(at: watched.machine.boot)
            require(last >= before, "a look goes back")
            if case .followed? = event {
                require(watched.machine.boot - setTime >= 60_000_000_000, "a jump is followed too early")
            } else {
                require(last &- before <= 10_000, "a step of more than ten seconds without patience")
            }
        }
        // Left alone, it agrees in the end, or is ahead of a clock that was set back.
        for _ in 0..<300 {
            watched.machine.pass(1000)
            _ = watched.clock.look(at: watched.machine.reading)
        }
        let lead = Int(watched.clock.milliseconds(at: watched.machine.boot)) - watched.machine.wallMilliseconds
        #expect(lead == 0 || lead > 10_000, "\(name): \(lead) ms apart")
    }

    // MARK: Following a leader

    @Test("a follower's time is its leader's, whatever its own wall clock says and does", arguments: [-1, 0, 1])
    func following(hours: Int) {
        var watched = Watched()
        let leader = watched.machine
        watched.machine.setWall(by: hours * StoreClockTests.hour)
        watched.clock.follow(from: UInt64(leader.wallMilliseconds - 500), at: watched.machine.boot)
        #expect(watched.now == leader.wallMilliseconds - 500 && watched.clock.isFollowing)
        // The first heartbeat sets it, also back.
        watched.clock.hear(UInt64(leader.wallMilliseconds - 700), at: watched.machine.boot, isFirst: true)
        #expect(watched.now == leader.wallMilliseconds - 700)
        watched.machine.pass(300)
        #expect(watched.now == leader.wallMilliseconds - 400)
        watched.machine.setWall(by: 3 * StoreClockTests.hour)
        watched.run(seconds: 200)
        #expect(watched.now == leader.wallMilliseconds + 199_600 && watched.events == [])
        // A later time is taken over at once.
        watched.clock.hear(UInt64(leader.wallMilliseconds + 200_000), at: watched.machine.boot, isFirst: false)
        #expect(watched.now == leader.wallMilliseconds + 200_000)
    }

    @Test("a heartbeat that was longer on its way does not turn time back: it is met at nine tenths of the pace")
    func delayed() {
        var watched = Watched()
        let start = watched.now
        watched.clock.follow(from: UInt64(start), at: watched.machine.boot)
        watched.clock.hear(UInt64(start - 50), at: watched.machine.boot, isFirst: false)
        #expect(watched.now == start)
        var last = watched.now
        for _ in 0..<1000 {
            watched.machine.pass(1)
            #expect(watched.now >= last && watched.now - last <= 2)
            last = watched.now
        }
        #expect(last == start + 950)
    }

    @Test("a promoted follower goes on from its leader's time: nothing expires early or late")
    func promoted() {
        var watched = Watched()
        let start = watched.now - StoreClockTests.hour
        watched.clock.follow(from: UInt64(start - 5), at: watched.machine.boot)
        watched.clock.hear(UInt64(start), at: watched.machine.boot, isFirst: true)
        watched.clock.beginLeading(at: watched.machine.reading)
        #expect(watched.now == start && !watched.clock.isFollowing)
        // Its own wall clock is an hour ahead: that is a jump like any other.
        watched.run(seconds: 59)
        #expect(watched.now == start + 59_000 && watched.events.count == 1)
        watched.run(seconds: 3)
        #expect(watched.lead == 0)
    }

    @Test("one that has heard no leader since its start begins with the wall clock, or its newest change")
    func promotedWithoutLeader() {
        var watched = Watched()
        watched.clock.follow(from: UInt64(watched.now - StoreClockTests.hour), at: watched.machine.boot)
        watched.clock.beginLeading(at: watched.machine.reading)
        #expect(watched.lead == 0)
        watched.clock.follow(from: UInt64(watched.now + StoreClockTests.hour), at: watched.machine.boot)
        watched.clock.beginLeading(at: watched.machine.reading)
        #expect(watched.lead == StoreClockTests.hour)
    }
}
