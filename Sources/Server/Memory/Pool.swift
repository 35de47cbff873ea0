// The memory of connections, and the sessions that wait for more. A session settles its account when it is
// flushed; while it waits it is neither read nor run. A session that holds much and transfers nothing yields to those that wait.

import Bytes
import Reactor
import Wire

/// The memory of all sessions. Used from one thread. A separate object with private state only, so that Swift can prove that
/// accesses do not overlap, and needs no exclusivity checks at run time.
final class Pool {
    /// Set once, when the server is assembled.
    private unowned var owner: Server?
    private var server: Server {
        guard let owner else { preconditionFailure("used before it is attached to a server") }
        return owner
    }
    private var ledger: MemoryLedger
    /// The timer of checks for idle sessions, while others wait.
    private var timer: Timer?
    /// The time of the last grant to a waiting session, or of the pool's last decrease, in milliseconds of the monotonic clock; the memory
    /// held then; and whether there was a grant since the last check.
    private var lastMove = 0
    private var lastHeld = 0
    private var isMoving = false
    /// Whether idle sessions have released their spare memory.
    private var isTrimmed = false

    /// How long a client that transfers almost nothing may hold memory that others wait for, in milliseconds. A client that reads
    /// transfers something each round trip.
    private static let patience = 500
    /// How long nothing may be transferred before the waiting sessions are refused, in milliseconds.
    private static let longestStandstill = 1000
    /// The interval of both checks, in milliseconds.
    private static let interval = 100
    /// Sessions that hold no more than this are left alone: every client holds that much at times.
    private static let idleSize = 16 << 10

    init(size: Int) {
        ledger = MemoryLedger(pool: size)
        turnSize = ledger.turnSize
    }

    /// Attaches the pool to a server's sessions.
    func attach(to server: Server) { owner = server }

    /// Changes the pool's size.
    func change(to size: Int) {
        ledger.change(pool: size)
        noteState()
    }

    // MARK: Memory held

    /// Bytes that sessions hold.
    var held: Int { ledger.held }
    /// The bytes of replies in one share of a turn. This and the next two are read several times a turn, so they are cached.
    private(set) var turnSize: Int
    /// Whether even sessions that hold little must wait.
    private(set) var isFull = false
    /// Whether no session should keep spare memory.
    private(set) var isTight = false
    /// Whether any connection waits.
    private var isWaitedFor = false

    /// Updates the cached values, after each change of the ledger.
    private func noteState() {
        (turnSize, isFull, isTight) = (ledger.turnSize, ledger.isFull, ledger.isTight)
        isWaitedFor = ledger.isWaitedFor
    }

    /// Notes that a session holds `now` bytes instead of `before`.
    func settle(_ session: Session, from before: Int, to now: Int) {
        ledger.settle(session.id, from: before, to: now)
        noteState()
    }

    // MARK: Reserving

    func isTooMuch(_ size: Int) -> Bool {
        ledger.note(left: server.memoryLeft)
        return ledger.isTooMuch(size)
    }

    /// Whether not even the beginning of a small request may be kept.
    var isOverfull: Bool { ledger.isOverfull }

    /// Reserves memory for a session.
    /// - Parameter waits: whether the session waits if there is not enough.
    /// - Returns: whether the memory is granted.
    func ask(_ size: Int, _ purpose: MemoryLedger.Purpose, for session: Session, waits: Bool = true) -> Bool {
        ledger.note(left: server.memoryLeft)
        defer { noteState() }
        if ledger.ask(size, purpose, for: session.id, charge: session.charge, waits: waits) { return true }
        guard waits else { return false }
        if timer == nil {
            (lastMove, lastHeld) = (server.clock.milliseconds, ledger.held)
            timer = Timer(server.loop, every: Pool.interval) { [unowned self] in look() }
        }
        return false
    }

    // MARK: Each turn

    /// Continues sessions that waited for memory, in order of arrival.
    @inline(__always)
    func advance() {
        if isWaitedFor { feed() }
        if isTrimmed != isTight { trim() }
    }

    private func feed() {
        ledger.note(left: server.memoryLeft)
        defer { noteState() }
        for purpose in MemoryLedger.Purpose.allCases {
            while server.allowance.hasReplies || purpose == .request {
                let next = ledger.next(purpose) { [connections = server.connections] id in
                    guard let session = connections[id], session.waits(for: purpose) else { return nil }
                    return session.charge
                }
                guard let (id, size) = next, let session = server.connections[id] else { break }
                session.charge += size
                session.endWait(with: size)
                isMoving = true
            }
        }
        if !ledger.isWaitedFor {
            timer = nil
            // Earlier measurements do not apply to the next wait.
            for session in server.connections.all { session.pace.reset() }
        }
    }

    /// Makes idle sessions release their spare memory, once, when half of the pool is held.
    private func trim() {
        isTrimmed = isTight
        guard isTrimmed else { return }
        for session in server.connections.all where session.stream.isOpen {
            session.trim()
            session.settle()
        }
    }

    // MARK: Clients that hold memory others wait for

    /// Drops sessions that block those that wait. If there are none and nothing is transferred, refuses those that wait.
    private func look() {
        guard ledger.isWaitedFor else { return }
        let now = server.clock.milliseconds
        ledger.note(left: server.memoryLeft)
        if freeHolders(at: now, waiting: false) || isMoving || ledger.held < lastHeld - Pool.idleSize {
            (lastMove, lastHeld, isMoving) = (now, ledger.held, false)
        } else if now - lastMove >= Pool.longestStandstill, !server.allowance.isThrottling {
            // The waiting sessions hold what each other needs.
            _ = freeHolders(at: now, waiting: true)
            refuseBlocked()
            (lastMove, lastHeld) = (now, ledger.held)
        }
        noteState()
    }

    /// Refuses the sessions that cannot be granted what they wait for: together they hold what each of them needs.
    private func refuseBlocked() {
        for purpose in MemoryLedger.Purpose.allCases {
            let charge = { [connections = server.connections] (id: Int) -> Int? in
                guard let session = connections[id], session.waits(for: purpose) else { return nil }
                return session.charge
            }
            for id in ledger.removeBlocked(purpose, charge: charge) { server.connections[id]?.endWaitInVain() }
        }
    }

    /// Drops clients that transfer nothing, the largest first, until the first waiting sessions are granted their memory.
    /// - Parameter isWaiting: whether to drop those that transfer nothing because they wait for the rest of a request.
    /// - Returns: whether there were any.
    private func freeHolders(at now: Int, waiting isWaiting: Bool) -> Bool {
        var idle: [(Session, size: Int)] = []
        for session in server.connections.all where session.stream.isOpen {
            // A session that waits for a reply holds a request, not what the others wait for; one that waits for the log is not idle.
            guard session.idleTime(now) >= Pool.patience, session.isStarved == isWaiting, !session.waits(for: .reply),
                !session.isThrottled
            else { continue }
            if session.charge > Pool.idleSize { idle.append((session, session.charge)) }
        }
        idle.sort { $0.size > $1.size }
        for (session, _) in idle {
            guard ledger.isBlocked(charge: { [connections = server.connections] in connections[$0]?.charge ?? 0 })
            else {
                break
            }
            free(session)
            session.settle()
        }
        return !idle.isEmpty
    }

    /// Makes a session release its memory.
    private func free(_ session: Session) {
        let (used, limit) = (server.usedMemory, server.memory.limit)
        let (longReply, unsent, held) = (session.longReplySize, session.outputSize, session.charge)
        if session.refuseLongReply(.outOfMemory(used: used, limit: limit, reply: longReply)) {
            server.memory.countRefusal()
        } else if unsent > 0 {
            session.drop("memory is short and it does not take its replies", [("unsent", unsent), ("used", used)])
        } else if session.incompleteSize > 0 {
            session.refuseIncomplete()
        } else {
            session.drop("memory is short and its requests wait", [("held", held), ("used", used)])
        }
    }

    // MARK: Checking

    /// Checks that the sum over the sessions equals the count.
    /// - Returns: the discrepancies; empty if there are none.
    func check() -> [String] {
        let sum = server.connections.all.reduce(0) { $0 + $1.charge }
        return sum == ledger.held ? [] : ["sessions hold \(sum) bytes, \(ledger.held) are counted"]
    }
}
