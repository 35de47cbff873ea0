// What connections hold, and which of them wait for more: the ledger with its sessions. A session settles what it holds when it is
// flushed; it waits by not being read and not being run. Who holds much and moves nothing has to give way to those who wait.

import Bytes
import Reactor
import Wire

/// The memory of all sessions. Used from one thread. An object of its own with nothing but private state, so that Swift sees that
/// no two accesses to it overlap, and checks none at run time.
final class Pool {
    /// Set once, when the server is made of its parts.
    private unowned var owner: Server?
    private var server: Server {
        guard let owner else { preconditionFailure("used before it is attached to a server") }
        return owner
    }
    private var ledger: MemoryLedger
    /// Looks for sessions that move nothing, while others wait.
    private var timer: Timer?
    /// When any of those who wait last got something, or the pool shrank, in milliseconds of the monotonic clock; what was held then; and
    /// whether any got something since the last look.
    private var lastMove = 0
    private var lastHeld = 0
    private var isMoving = false
    /// Whether idle sessions have given back what they keep for later.
    private var isTrimmed = false

    /// For how long a client that moves next to no bytes may hold memory that others wait for, in milliseconds. A client that reads
    /// moves something each round trip.
    private static let patience = 500
    /// How long nothing may move before those who wait in vain are refused, in milliseconds.
    private static let longestStandstill = 1000
    /// How often both are looked at, in milliseconds.
    private static let interval = 100
    /// Who holds no more than this is left alone: that much any client holds now and then.
    private static let idleSize = 16 << 10

    init(size: Int) {
        ledger = MemoryLedger(pool: size)
        turnSize = ledger.turnSize
    }

    /// Is the pool of a server's sessions from now on.
    func attach(to server: Server) { owner = server }

    /// Has another size from now on.
    func change(to size: Int) {
        ledger.change(pool: size)
        noteState()
    }

    // MARK: What is held

    /// Bytes that sessions hold.
    var held: Int { ledger.held }
    /// Bytes of replies that one share of a turn may make. This and what follows is asked several times a turn, so it is kept.
    private(set) var turnSize: Int
    /// Whether even sessions that hold little have to wait.
    private(set) var isFull = false
    /// Whether nobody should keep memory for later.
    private(set) var isTight = false
    /// Whether anybody waits.
    private var isWaitedFor = false

    /// Keeps what the ledger says, after each change of it.
    private func noteState() {
        (turnSize, isFull, isTight) = (ledger.turnSize, ledger.isFull, ledger.isTight)
        isWaitedFor = ledger.isWaitedFor
    }

    /// Notes that a session holds `now` bytes instead of `before`.
    func settle(_ session: Session, from before: Int, to now: Int) {
        ledger.settle(session.id, from: before, to: now)
        noteState()
    }

    // MARK: Asking

    func isTooMuch(_ size: Int) -> Bool {
        ledger.note(left: server.memoryLeft)
        return ledger.isTooMuch(size)
    }

    /// Whether not even the beginning of a small request is to be kept.
    var isOverfull: Bool { ledger.isOverfull }

    /// Asks for memory for a session.
    /// - Parameter waits: whether the session waits where there is not enough.
    /// - Returns: whether it may be taken.
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

    /// Lets sessions go on that have waited for memory, first come first served.
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
            // What was seen of them says nothing the next time.
            for session in server.connections.all { session.pace.reset() }
        }
    }

    /// Has idle sessions give back what they keep for later, once, when half of the pool is taken.
    private func trim() {
        isTrimmed = isTight
        guard isTrimmed else { return }
        for session in server.connections.all where session.stream.isOpen {
            session.trim()
            session.settle()
        }
    }

    // MARK: Clients that hold memory others wait for

    /// Looks for who is in the way of those who wait; where nobody is and nothing moves, they have waited in vain.
    private func look() {
        guard ledger.isWaitedFor else { return }
        let now = server.clock.milliseconds
        ledger.note(left: server.memoryLeft)
        if freeHolders(at: now, waiting: false) || isMoving || ledger.held < lastHeld - Pool.idleSize {
            (lastMove, lastHeld, isMoving) = (now, ledger.held, false)
        } else if now - lastMove >= Pool.longestStandstill, !server.allowance.isThrottling {
            // Those who wait hold what the others lack.
            _ = freeHolders(at: now, waiting: true)
            refuseBlocked()
            (lastMove, lastHeld) = (now, ledger.held)
        }
        noteState()
    }

    /// Refuses those that cannot have what they wait for: together they hold what each of them lacks.
    private func refuseBlocked() {
        for purpose in MemoryLedger.Purpose.allCases {
            let charge = { [connections = server.connections] (id: Int) -> Int? in
                guard let session = connections[id], session.waits(for: purpose) else { return nil }
                return session.charge
            }
            for id in ledger.removeBlocked(purpose, charge: charge) { server.connections[id]?.endWaitInVain() }
        }
    }

    /// Takes memory from clients that move no bytes, the largest first, until those who are first get what they wait for.
    /// - Parameter isWaiting: whether from those that wait for a request's rest themselves, which is why they move nothing.
    /// - Returns: whether there were any.
    private func freeHolders(at now: Int, waiting isWaiting: Bool) -> Bool {
        var idle: [(Session, size: Int)] = []
        for session in server.connections.all where session.stream.isOpen {
            // Who waits for a reply holds a request, not what the others wait for; who waits for the log waits for this server.
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

    /// Has a session give back what it holds.
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

    /// Looks whether the sum of what sessions hold is what is counted.
    /// - Returns: what is wrong; nothing where all is well.
    func check() -> [String] {
        let sum = server.connections.all.reduce(0) { $0 + $1.charge }
        return sum == ledger.held ? [] : ["sessions hold \(sum) bytes, \(ledger.held) are counted"]
    }
}
