import Bench
import Bytes
import Testing

/// The open loop: when requests begin, and from when their latency counts.
@Suite("Open loop")
struct ScheduleTests {
    @Test("requests are due at even distances, and threads take turns", arguments: [1, 2, 3])
    func evenly(threads: Int) {
        var moments: [Int] = []
        for thread in 0..<threads {
            var schedule = Schedule(start: 1_000_000, rate: 1000, thread: thread, of: threads)
            for _ in 0..<10 { moments.append(schedule.take()) }
        }
        for (index, moment) in moments.sorted().enumerated() {
            #expect(abs(moment - (1_000_000 + index * 1_000_000)) <= 1)
        }
    }

    @Test("a rate that divides no second evenly does not drift")
    func drift() {
        var schedule = Schedule(start: 0, rate: 3, thread: 0, of: 1)
        for _ in 0..<3000 { _ = schedule.take() }
        #expect(abs(schedule.next - 1_000_000_000_000) <= 1)
    }

    @Test("requests not taken stay due, however late")
    func due() {
        var schedule = Schedule(start: 0, rate: 1000, thread: 0, of: 1)
        #expect(schedule.due(at: -1) == 0)
        #expect(schedule.due(at: 0) == 1)
        #expect(schedule.due(at: 4_999_999) == 5)
        #expect(schedule.take() == 0)
        #expect(schedule.take() == 1_000_000)
        #expect(schedule.due(at: 4_999_999) == 3)
        #expect(schedule.due(at: 1_999_999) == 0)
        #expect(schedule.count == 2)
        schedule.skip(before: 5_000_000)
        #expect(schedule.next == 5_000_000)
        schedule.skip(before: 4_000_000)
        #expect(schedule.next == 5_000_000)
    }

    @Test("latency counts from the moment a request was to begin, not from when it was sent")
    func intended() throws {
        var core = LoadCore(
            .line, try getOnly(), space: KeySpace(count: 10), verifies: false, thread: 0, of: 1)
        core.measureStart = 0
        var inFlight = InFlight(limit: 4)
        var followUps: [Int] = []
        var schedule = Schedule(start: 1_000_000, rate: 1000, thread: 0, of: 1)
        // All three are sent together, late, as after a pause of the server.
        for _ in 0..<3 { core.issue(start: schedule.take(), &inFlight, &followUps) }
        let replies = Array("a\nb\nc\n".utf8)
        let intake = core.take(replies.span, now: 11_000_000, &inFlight, &followUps)
        #expect(intake.used == 6 && !intake.isMalformed && core.outstanding == 0)
        let latencies = core.recorder.latencies[Int(LoadOperation.get.rawValue)]
        #expect(latencies.totalCount == 3)
        let found = latencies.recordedValues().map { Int($0.value / 100_000) }
        #expect(found == [80, 90, 100])
    }

    @Test("requests intended before the measurement are not measured")
    func warmup() throws {
        var core = LoadCore(.line, try getOnly(), space: KeySpace(count: 10), verifies: false, thread: 0, of: 1)
        core.measureStart = 1000
        var inFlight = InFlight(limit: 2)
        var followUps: [Int] = []
        core.issue(start: 999, &inFlight, &followUps)
        core.issue(start: 1000, &inFlight, &followUps)
        let replies = Array("ERROR: Key not found\nERROR: Disk full: 1\n".utf8)
        _ = core.take(replies.span, now: 2000, &inFlight, &followUps)
        let index = Int(LoadOperation.get.rawValue)
        #expect(core.recorder.latencies[index].totalCount == 1)
        #expect(core.recorder.misses[index] == 0)
        #expect(core.recorder.errors[index] == 1)
        #expect(core.recorder.complaints == ["GET was answered with an error: Disk full: 1"])
    }

    private func getOnly() throws -> Workload {
        var workload = try Workload()
        workload.mix = OperationMix([.get: 1])
        workload.keyCount = 10
        return workload
    }
}
