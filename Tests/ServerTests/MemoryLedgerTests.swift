import Server
import TestSupport
import Testing

/// The account of connections' memory, against a model of connections that reserve, hold, release, stall and close.
@Suite("The ledger")
struct MemoryLedgerTests {
    private static let pool = 16 << 20

    @Test("replies leave room for requests, and both for what is too small to ask")
    func purposes() {
        var ledger = MemoryLedger(pool: Self.pool)
        let turn = ledger.turnSize
        #expect(turn == 2 << 20)
        var isGiven = ledger.ask(Self.pool, .reply, for: 1, charge: 0)
        #expect(isGiven && !ledger.isFull)
        // The pool is used up by a reader: another one waits, a writer and small requests do not.
        isGiven = ledger.ask(1 << 20, .reply, for: 2, charge: 0)
        #expect(!isGiven && ledger.waiting(for: .reply) == 1)
        isGiven = ledger.ask(turn, .request, for: 3, charge: 0)
        #expect(isGiven)
        isGiven = ledger.ask(turn, .request, for: 4, charge: 0)
        #expect(!isGiven)
        ledger.settle(5, from: 0, to: turn)
        #expect(!ledger.isFull)
        ledger.settle(6, from: 0, to: 1)
        #expect(ledger.isFull && !ledger.isOverfull)
        ledger.settle(7, from: 0, to: turn)
        #expect(ledger.isOverfull)
    }

    @Test("one connection may hold more than the pool, if the store leaves so much; the others keep what is left")
    func outsider() {
        var ledger = MemoryLedger(pool: Self.pool)
        ledger.note(left: 4 * Self.pool)
        ledger.settle(1, from: 0, to: 1000)
        var isGiven = ledger.ask(3 * Self.pool, .reply, for: 1, charge: 1000)
        #expect(isGiven && ledger.outsider == 1 && ledger.inside == 0)
        isGiven = ledger.ask(Self.pool - 1000, .reply, for: 2, charge: 0)
        #expect(isGiven)
        isGiven = ledger.ask(2 * Self.pool, .reply, for: 3, charge: 0)
        #expect(!isGiven)
        // It reads its reply, and is one of many again.
        ledger.settle(1, from: 3 * Self.pool + 1000, to: 0)
        #expect(ledger.outsider == nil && ledger.held == Self.pool - 1000)
        let next = ledger.next(.reply) { _ in 0 }
        #expect(next?.id == 3 && ledger.outsider == 3)
    }

    @Test("what the store does not leave is too much, but for a value that is read when nobody else holds anything")
    func tooMuch() {
        var ledger = MemoryLedger(pool: Self.pool)
        #expect(ledger.isTooMuch(2 * Self.pool) && !ledger.isTooMuch(Self.pool))
        var isGiven = ledger.ask(2 * Self.pool, .request, for: 1, charge: 0)
        #expect(!isGiven)
        isGiven = ledger.ask(2 * Self.pool, .reply, for: 2, charge: 0)
        #expect(isGiven && ledger.held == 2 * Self.pool)
    }

    @Test("those that hold together what each of them lacks can be told from those that can be served")
    func blocked() {
        var ledger = MemoryLedger(pool: Self.pool)
        ledger.note(left: 4 * Self.pool)
        for id in 1...3 { ledger.settle(id, from: 0, to: 3 << 20) }
        var isGiven = ledger.ask(4 * Self.pool - (1 << 20), .reply, for: 1, charge: 3 << 20)
        #expect(!isGiven)
        isGiven = ledger.ask(1 << 20, .reply, for: 2, charge: 3 << 20)
        #expect(!isGiven)
        let isBlocked = ledger.isBlocked { _ in 3 << 20 }
        #expect(isBlocked)
        // The third has closed meanwhile.
        _ = ledger.ask(1 << 20, .reply, for: 3, charge: 3 << 20)
        let found = ledger.removeBlocked(.reply) { $0 == 3 ? nil : 3 << 20 }
        #expect(found == [1] && ledger.waiting(for: .reply) == 1)
        let next = ledger.next(.reply) { _ in 3 << 20 }
        #expect(next?.id == 2 && !ledger.isWaitedFor)
    }

    /// One connection of the model.
    private struct Connection {
        var charge = 0
        /// What it waits for, and since which step.
        var wants: (size: Int, purpose: MemoryLedger.Purpose, since: Int)?
        var isStalled = false
    }

    @Test(
        "whatever connections do, the sum is right and bounded, and nobody waits for ever while others give back",
        arguments: SeededRandom.seeds(3))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var ledger = MemoryLedger(pool: Self.pool)
        var connections: [Int: Connection] = [:]
        var nextID = 0
        var longest = 0
        for step in 0..<(Torture.isOn ? 1_000_000 : 60_000) {
            if step % 100 == 0 { ledger.note(left: random.below(6 * Self.pool)) }
            if connections.count < 30 {
                nextID += 1
                connections[nextID] = Connection()
            }
            let ids = connections.keys.sorted()
            let id = ids[random.below(ids.count)]
            var one = connections[id] ?? Connection()
            switch random.below(10) {
            case 0:
                // It closes.
                ledger.settle(id, from: one.charge, to: 0)
                connections[id] = nil
            case 1..<5 where one.wants == nil:
                let purpose = MemoryLedger.Purpose.allCases[random.below(3)]
                let size =
                    purpose == .small
                    ? 0 : MemoryLedger.smallSize + random.below(random.below(8) == 0 ? 40 << 20 : 4 << 20)
                guard !ledger.isTooMuch(size) else { break }
                if ledger.ask(size, purpose, for: id, charge: one.charge) {
                    one.charge += size
                } else {
                    one.wants = (size, purpose, step)
                }
                connections[id] = one
            default:
                // Its peer reads some, or it keeps slightly more than it reserved.
                guard !one.isStalled else { break }
                let now = random.below(5) == 0 ? one.charge + random.below(1000) : one.charge / (1 + random.below(4))
                ledger.settle(id, from: one.charge, to: now)
                one.charge = now
                one.isStalled = random.below(20) == 0
                connections[id] = one
            }
            for purpose in MemoryLedger.Purpose.allCases {
                while let (id, size) = ledger.next(
                    purpose, charge: { connections[$0]?.wants == nil ? nil : connections[$0]?.charge })
                {
                    longest = max(longest, step - (connections[id]?.wants?.since ?? step))
                    connections[id]?.charge += size
                    connections[id]?.wants = nil
                }
            }
            // A connection that moves nothing while others wait is dropped: the largest first.
            if ledger.isWaitedFor, step % 50 == 0,
                let idle = connections.filter({ $0.value.isStalled || $0.value.wants != nil })
                    .max(by: { $0.value.charge < $1.value.charge }), idle.value.charge > 0
            {
                ledger.settle(idle.key, from: idle.value.charge, to: 0)
                connections[idle.key] = nil
            }
            let sum = connections.values.reduce(0) { $0 + $1.charge }
            guard ledger.held == sum else {
                Issue.record("step \(step): \(ledger.held) are counted, \(sum) are held")
                return
            }
        }
        for connection in connections where connection.value.wants != nil {
            longest = max(longest, 60_000 - (connection.value.wants?.since ?? 0))
        }
        #expect(longest < 30_000 || Torture.isOn, "somebody waited for \(longest) steps")
        for (id, one) in connections { ledger.settle(id, from: one.charge, to: 0) }
        #expect(ledger.held == 0 && ledger.outsider == nil)
    }
}
