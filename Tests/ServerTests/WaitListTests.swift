import Server
import TestSupport
import Testing

/// Requests that wait, against a model that checks each of them all the time.
@Suite("Wait lists")
struct WaitListTests {
    private struct Waiting {
        let conditions: [WakeCondition]
        let deadline: Int?
        let ticket: UInt64
    }

    private func condition(_ random: inout SeededRandom, above seq: UInt64) -> WakeCondition {
        let wanted = seq + UInt64(random.below(50))
        return switch random.below(4) {
        case 0: .committed(wanted)
        case 1: .durable(wanted)
        case 2: .applied(wanted, by: random.below(5) - 1)
        default: .acknowledged(wanted, by: random.below(5) - 1)
        }
    }

    @Test(
        "each is woken when one of the things that it waits for has come, or its time is over",
        arguments: SeededRandom.seeds(3))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var lists = WaitLists()
        var waiting: [Int: Waiting] = [:]
        var progress = Progress()
        progress.applied = [0, 0, 0]
        progress.acknowledged = [0, 0, 0]
        var holder = 0
        for now in 0..<3000 {
            for _ in 0..<random.below(6) {
                holder += 1
                let conditions = (0...random.below(2)).map { _ in condition(&random, above: progress.committed) }
                let deadline = random.below(3) == 0 ? nil : now + random.below(200)
                let ticket = lists.add(holder, for: conditions, until: deadline)
                waiting[holder] = Waiting(conditions: conditions, deadline: deadline, ticket: ticket)
            }
            if random.below(3) == 0, let gone = waiting.keys.sorted().randomElement(using: &random) {
                lists.remove(waiting[gone]?.ticket ?? 0)
                waiting[gone] = nil
            }
            progress.committed += UInt64(random.below(3))
            progress.durable = max(
                progress.durable, progress.committed - min(progress.committed, UInt64(random.below(9))))
            for index in 0..<3 where random.below(4) == 0 {
                progress.applied[index] = progress.committed - min(progress.committed, UInt64(random.below(20)))
                progress.acknowledged[index] = progress.applied[index]
            }
            progress.applied.sort(by: >)
            progress.acknowledged.sort(by: >)
            let woken = lists.wake(progress, at: now).sorted()
            let expected = waiting.filter { _, one in
                one.conditions.contains { progress.meets($0) } || one.deadline.map { $0 <= now } == true
            }.keys.sorted()
            #expect(woken == expected)
            for one in woken { waiting[one] = nil }
            #expect(lists.count == waiting.count)
            #expect(lists.nextDeadline() == waiting.values.compactMap(\.deadline).min())
            // Entries that nothing waits for are dropped in time.
            #expect(lists.size <= 4 * waiting.count + 64 + 12)
        }
    }

    @Test("whoever waits for more followers than there are is woken by its time alone")
    func tooMany() {
        var lists = WaitLists()
        _ = lists.add(1, for: [.applied(1, by: 3)], until: 100)
        var progress = Progress()
        progress.applied = [9, 9]
        var woken = lists.wake(progress, at: 99)
        #expect(woken.isEmpty)
        woken = lists.wake(progress, at: 100)
        #expect(woken == [1] && lists.isEmpty)
    }

    @Test("clients that come, wait for ever and go leave nothing behind")
    func leavers() {
        var lists = WaitLists()
        for number in 0..<100_000 {
            let ticket = lists.add(number, for: [.acknowledged(.max, by: number)], until: nil)
            lists.remove(ticket)
        }
        #expect(lists.isEmpty && lists.size <= 68)
    }
}
