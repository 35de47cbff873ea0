// The memory limit: who may grow, and who has to give back when there is too little. Nothing is ever evicted.

import Bytes
import Commands
import Reactor
import Store
import Wire

extension Server {
    /// Bytes that count against the limit: pairs and table, what was cleared, buffers, connections.
    var usedMemory: Int { storeMemory + bufferMemory }

    var storeMemory: Int { store.size + store.clearedSize }

    private var bufferMemory: Int { BufferMemory.size &+ loop.streamSize }

    /// Says what is used and what the limit is.
    func reportMemory() {
        log.info("\(ByteSize(usedMemory)) of memory in use, \(memory.origin.description)")
        if let warning = memory.origin.warning { log.warning("\(warning)") }
        lookAtMemory()
    }

    // MARK: Requests

    /// Looks whether a request that gives values to keys fits; where not, says so.
    /// - Parameter keys: where the keys are; each is followed by its value.
    /// - Returns: whether it fits, or takes no more memory than is in use now.
    @inline(never)
    func makesRoom(for arguments: Arguments, _ keys: Keys, _ replies: inout ReplyQueue) -> Bool {
        var growth = 0
        for index in keys.indices(count: arguments.count) where index + 1 < arguments.count {
            growth += max(store.growth(for: arguments[index], valueSize: arguments[index + 1].count), 0)
        }
        while growth > 0, usedMemory + growth > memory.limit {
            // What was cleared is given back bit by bit; here somebody needs it now.
            guard store.clearedSize > 0 else {
                memory.countRefusal()
                tell(memory.news(used: usedMemory, isRefused: true))
                replies.fail(.outOfMemory(used: usedMemory, limit: memory.limit, needed: growth))
                return false
            }
            _ = store.giveBackMemory()
        }
        memory.grant(used: usedMemory + growth, buffers: bufferMemory)
        return true
    }

    // MARK: Turns

    /// Looks at what buffers and connections take, when they have taken much since the last look.
    @inline(__always)
    func watchMemory() {
        if memory.isLookDue(bufferMemory) { lookAtMemory() }
    }

    private func lookAtMemory() {
        memory.noteBuffers(bufferMemory)
        if memory.needsRelief(store: storeMemory, buffers: bufferMemory) { relieveMemory() }
        tell(memory.news(used: usedMemory, isRefused: false))
        memory.grant(used: usedMemory, buffers: bufferMemory)
    }

    /// What connections hold beyond what the store leaves of the limit. What the log and compactions hold is not theirs: it goes by
    /// itself.
    private func excess(held: Int) -> Int { memory.excess(store: storeMemory, buffers: held) }

    private var heldMemory: Int { connections.all.reduce(0) { $0 + ($1.stream.isOpen ? $1.heldMemory : 0) } }

    /// Makes connections give memory back: first what idle ones keep for later; then, the largest first, until they take half of
    /// what they may: those with half a request get an error, and so do listings of which nothing is sent; those that do not take
    /// their replies are dropped, and so is whoever else holds much.
    private func relieveMemory() {
        for session in connections.all { session.trim() }
        var held = heldMemory
        let incomplete = sessions(by: \.incompleteSize, from: limits.shortRequestSize)
        // One alone may be large: at the limit it may be the value that makes another one smaller.
        let limit = memory.inputReserve + (incomplete.count == 1 ? memory.outputReserve : 0)
        var left = incomplete[...]
        if excess(held: held) > limit {
            while let (session, size) = left.first, excess(held: held) > memory.inputReserve / 2 {
                left.removeFirst()
                memory.countRefusal()
                session.refuseIncomplete(.outOfMemory(used: usedMemory, limit: memory.limit, incomplete: size))
                held -= size
            }
        }
        held -= left.reduce(0) { $0 + $1.size }
        if excess(held: held) > memory.outputReserve {
            for (session, size) in sessions(by: \.heldMemory, from: 0)
            where session.incompleteSize <= limits.shortRequestSize {
                guard excess(held: held) > memory.outputReserve / 2 else { break }
                free(session)
                held -= size
            }
        }
        memory.relieved(store: storeMemory, buffers: bufferMemory)
    }

    /// Has a session give back what it holds.
    func free(_ session: Session) {
        let (listing, unsent, held) = (session.listingSize, session.outputSize, session.heldMemory)
        if session.refuseListing(.outOfMemory(used: usedMemory, limit: memory.limit, reply: listing)) {
            memory.countRefusal()
        } else if unsent > 0 {
            session.drop(
                "memory is short and it does not take its replies", [("unsent", unsent), ("used", usedMemory)])
        } else if session.incompleteSize > 0 {
            memory.countRefusal()
            session.refuseIncomplete(.outOfMemory(used: usedMemory, limit: memory.limit, incomplete: held))
        } else {
            session.drop("memory is short and its requests wait", [("held", held), ("used", usedMemory)])
        }
    }

    /// Open sessions for which a size is larger than `least`, with it, the largest first.
    private func sessions(by size: KeyPath<Session, Int>, from least: Int) -> [(Session, size: Int)] {
        connections.all.filter { $0.stream.isOpen }.map { ($0, $0[keyPath: size]) }.filter { $0.size > least }
            .sorted { $0.size > $1.size }
    }

    // MARK: Replies

    /// What connections may take together: what the store leaves of the limit, and the reserve for replies.
    private var connectionMemory: Int {
        memory.limit == .max ? .max : max(memory.limit - storeMemory, 0) + memory.outputReserve
    }

    /// Why a reply of several values can never be given, as long as the store takes so much; nil where it can.
    func refusal(ofReplyOf size: Int) -> ReplyError? {
        guard size > connectionMemory else { return nil }
        memory.countRefusal()
        return .outOfMemory(used: usedMemory, limit: memory.limit, reply: size)
    }

    /// Whether a large reply can be given now: it fits beside what all others hold, or there is no other large one, so that each
    /// value can be read at some time, however little memory there is.
    func hasMemory(forReplyOf size: Int, to asking: Session) -> Bool {
        let limit = connectionMemory
        if size <= limit &- bufferMemory { return true }
        var (held, isAlone) = (0, true)
        for session in connections.all where session !== asking && session.stream.isOpen {
            held += session.heldMemory
            if session.outputSize >= Session.largeReplySize { isAlone = false }
        }
        return isAlone || held + size <= limit
    }

    /// Tells the log, once, when the limit is reached and when there is room again.
    private func tell(_ news: MemoryBudget.News?) {
        guard let news else { return }
        let figures = "\(ByteSize(usedMemory)) of \(ByteSize(memory.limit)) in use"
        switch news {
        case .isReached:
            log.warning(
                "Memory limit reached: \(figures); changes that need more are refused. Delete keys or raise --max-memory"
            )
        case .isLeft: log.info("Memory is below its limit again: \(figures)")
        }
    }
}

/// Who holds memory that others wait for has to give it back.
final class MemoryRelief {
    private unowned let server: Server
    private var starvedTimer: Timer?
    /// Whether it is looked at each second which clients move bytes.
    private var isLookingAtPace = false

    init(_ server: Server) { self.server = server }

    /// Lets sessions go on that have waited for memory, first come first served.
    func feedStarved() {
        let sessions = server.turn.take(.starved)
        var isFed = true
        for session in sessions where session.stream.isOpen && session.awaitedSize > 0 {
            isFed =
                isFed && server.allowance.hasReplies && server.hasMemory(forReplyOf: session.awaitedSize, to: session)
            if isFed { session.endWait() } else { server.turn.add(session, to: .starved) }
        }
        server.turn.giveBack(sessions)
    }

    // MARK: Clients that hold memory others wait for

    /// For how long a client that moves no bytes may hold memory, in milliseconds: while changes are refused, and while another
    /// one waits for a reply, to which it has to give way sooner. A client that reads moves something each round trip.
    private static let idleLimits = (changes: 5000, replies: 500)
    /// Who holds no more than this is left alone: that much any client holds now and then.
    private static let idleSize = 16 << 10
    /// How often that is looked at while a reply waits, in milliseconds.
    private static let starvedInterval = 100

    /// Has a session wait until there is memory for its next reply.
    func starve(_ session: Session) {
        server.turn.add(session, to: .starved)
        if starvedTimer == nil {
            starvedTimer = Timer(server.loop, every: MemoryRelief.starvedInterval) { [unowned self] in dropIdleHolders()
            }
        }
    }

    /// While memory is short: takes it from clients that move no bytes, the largest first, until changes are accepted again and
    /// no reply waits. Each second, and more often while a reply waits.
    func dropIdleHolders() {
        guard server.memory.isReached || !server.turn.isEmpty(.starved) else {
            starvedTimer = nil
            if isLookingAtPace { for session in server.connections.all { session.pace.reset() } }
            isLookingAtPace = false
            return
        }
        isLookingAtPace = true
        let now = server.clock.milliseconds
        let isReplyWaited = isReplyWaitedFor
        let limit = isReplyWaited ? MemoryRelief.idleLimits.replies : MemoryRelief.idleLimits.changes
        var idle: [(Session, size: Int)] = []
        for session in server.connections.all where session.stream.isOpen {
            // Who waits holds a request, not what the others wait for.
            guard session.idleTime(now) >= limit, session.awaitedSize == 0 else { continue }
            let size = session.heldMemory
            if size > MemoryRelief.idleSize { idle.append((session, size)) }
        }
        guard isReplyWaited || isChangeWaitedFor else { return }
        idle.sort { $0.size > $1.size }
        for (session, _) in idle {
            server.free(session)
            guard isReplyWaitedFor || isChangeWaitedFor else { return }
        }
    }

    /// Whether changes are refused because of more than the store.
    private var isChangeWaitedFor: Bool {
        server.memory.isReached && server.memory.isNear(server.usedMemory) && !server.memory.isNear(server.storeMemory)
    }

    private var isReplyWaitedFor: Bool {
        server.turn.first(of: .starved).map { !server.hasMemory(forReplyOf: $0.awaitedSize, to: $0) } ?? false
    }
}

extension ReplyError {
    private init(outOfMemory figures: String) {
        self.init(
            line: "Out of memory: " + figures,
            resp: "command not allowed when used memory > 'maxmemory'. " + figures, code: .outOfMemory)
    }

    /// Of a request that would take `needed` bytes more.
    static func outOfMemory(used: Int, limit: Int, needed: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "this needs \(needed) bytes more, \(used) of \(limit) are in use; "
                + "delete keys or raise --max-memory")
    }

    /// Of a reply that there is no memory for.
    static func outOfMemory(used: Int, limit: Int, reply: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "the reply takes \(reply) bytes, \(used) of \(limit) are in use; "
                + "ask for less at a time or raise --max-memory")
    }

    /// Of a request that has not come completely, and takes too much already.
    static func outOfMemory(used: Int, limit: Int, incomplete: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "half a request takes \(incomplete) bytes, \(used) of \(limit) are in use; "
                + "delete keys or raise --max-memory; the connection is closed")
    }
}
