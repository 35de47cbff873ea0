// A session's share of the connections' memory: reserving it, waiting for it, and giving it back.

import Bytes
import Wire

extension Session {
    /// The reason for which a session waits for memory. While it waits, no bytes are received for it and no requests
    /// run.
    enum Want: Equatable {
        case nothing
        /// The reply to the current request, which stays unconsumed until the memory is there.
        case reply
        /// The rest of an incomplete request of a total of `size` bytes.
        case request(size: Int)
        /// The next request, or the next step of a long reply.
        case going(MemoryLedger.Purpose)
    }

    // MARK: Replies

    /// Replies of at least this size reserve memory before they are made.
    static let largeReplySize = MemoryLedger.smallSize

    /// Reserves memory for a large reply. If there is none, replies with an error or suspends the request, which runs
    /// again later.
    /// - Parameters:
    ///   - size: the size of the reply in bytes.
    ///   - arguments: of the current request.
    @inline(never)
    func hasMemory(forReplyOf size: Int, _ arguments: Arguments, _ replies: inout ReplyQueue) -> Bool {
        assert(size >= 0 && want == .nothing, "a session waits for memory twice")
        // A request waits once only.
        let waits = !isRunningPart && !hasWaitedInVain
        hasWaitedInVain = false
        guard waits else { return hasMemoryNow(forReplyOf: size, &replies) }
        if reserve(forReplyOf: size, &replies, waits: true) { return true }
        replies.takeBack()
        // The request is counted when it runs again.
        replies.noteWait()
        if let index = commands.index(of: arguments[0]) { requestCounts.takeBack(index) }
        want = .reply
        isBusy = true
        return false
    }

    /// Reserves memory for a large reply. If there is none, replies with an error.
    /// - Parameter size: the size of the reply in bytes.
    func hasMemoryNow(forReplyOf size: Int, _ replies: inout ReplyQueue) -> Bool {
        if reserve(forReplyOf: size, &replies, waits: false) { return true }
        replies.takeBack()
        server.memory.countRefusal()
        replies.fail(.outOfMemory(used: server.usedMemory, limit: server.memory.limit, reply: size))
        return false
    }

    private func reserve(forReplyOf size: Int, _ replies: inout ReplyQueue, waits: Bool) -> Bool {
        guard size <= reservedReplySize || pool.ask(size, .reply, for: self, waits: waits) else { return false }
        if size > reservedReplySize { charge += size }
        reservedReplySize = 0
        replies.writer.buffer.reserve(size)
        return true
    }

    /// What the replies of a transaction may take together. Large ones among them reserve their own memory.
    struct ListAllowance {
        private let session: Session
        private var reserved = 0
        private var charge: Int

        init(session: Session) {
            self.session = session
            charge = session.charge
        }

        /// Reserves memory for the replies so far.
        /// - Parameter size: bytes of the replies so far.
        /// - Returns: the error for the next request if its reply may not follow.
        mutating func refusal(ofMoreThan size: Int) -> ReplyError? {
            let server = session.server
            guard size <= server.limits.unsentSize else { return .repliesTooLarge(limit: server.limits.unsentSize) }
            reserved += session.charge - charge
            charge = session.charge
            let more = size - reserved
            guard more >= Session.largeReplySize else { return nil }
            guard session.pool.ask(more, .reply, for: session, waits: false) else {
                server.memory.countRefusal()
                return .outOfMemory(used: server.usedMemory, limit: server.memory.limit, reply: size)
            }
            session.charge += more
            (reserved, charge) = (size, session.charge)
            return nil
        }
    }

    // MARK: Transactions

    /// Charges memory that the transaction is about to take.
    /// - Parameters:
    ///   - more: bytes of memory.
    ///   - size: bytes that the transaction has then.
    /// - Throws: the error if there is not enough.
    func reserve(_ more: Int, forTransactionOf size: Int) throws(ReplyError) {
        guard more > 0 else { return }
        let isGiven: Bool
        if size > MemoryLedger.smallSize {
            isGiven = pool.ask(more, .request, for: self, waits: false)
        } else {
            isGiven = size <= MemoryLedger.tinySize || !pool.isOverfull
            if isGiven { pool.settle(self, from: charge, to: charge + more) }
        }
        guard isGiven else {
            server.memory.countRefusal()
            throw .outOfMemory(used: server.usedMemory, limit: server.memory.limit, transaction: size)
        }
        charge += more
    }

    // MARK: Incomplete requests

    /// Reserves the memory for a large request as a whole before its buffer grows.
    /// - Parameters:
    ///   - size: the bytes received so far.
    ///   - missing: the least number of bytes still to come.
    /// - Returns: the error if the request can never fit; otherwise nil.
    @inline(never)
    func reserve(_ size: Int, missing: Int) -> ReplyError? {
        assert(missing > 0, "the request is complete")
        let needed = size + missing
        guard needed > max(reservedSize, pool.isFull ? MemoryLedger.tinySize : MemoryLedger.smallSize),
            case .nothing = want
        else {
            return nil
        }
        // The length of a line is unknown until its end.
        let wanted = missing > 1 ? needed : max(needed, 2 * max(reservedSize, MemoryLedger.smallSize))
        guard !pool.isTooMuch(needed) else { return refusal(ofRequestOf: needed) }
        let more = wanted - inputSize
        if more <= 0 || pool.ask(more, .request, for: self) {
            charge += max(more, 0)
            reservedSize = wanted
        } else {
            want = .request(size: wanted)
        }
        return nil
    }

    private func refusal(ofRequestOf size: Int) -> ReplyError {
        server.memory.countRefusal()
        return .outOfMemory(used: server.usedMemory, limit: server.memory.limit, incomplete: size)
    }

    /// Charges received bytes that are not consumed, before memory is allocated for them.
    /// - Returns: the error if they are not kept; otherwise nil.
    @inline(never)
    func keep(_ size: Int) -> ReplyError? {
        guard size > inputSize else { return nil }
        let more = size - inputSize
        pool.settle(self, from: charge, to: charge + more)
        charge += more
        return pool.isOverfull && size > MemoryLedger.tinySize && state.isOpen ? refusal(ofRequestOf: size) : nil
    }

    // MARK: Waiting

    func waits(for purpose: MemoryLedger.Purpose) -> Bool {
        guard stream.isOpen else { return false }
        return switch want {
        case .nothing: false
        case .reply: purpose == .reply
        case .request: purpose == .request
        case .going(let wanted): purpose == wanted
        }
    }

    /// Resumes what waited for memory.
    /// - Parameter size: the bytes that were reserved.
    func endWait(with size: Int) {
        assert(isStarved && size >= 0, "memory is reserved for a session that does not wait")
        let had = want
        want = .nothing
        switch had {
        case .nothing: break
        case .reply:
            reservedReplySize = size
            isBusy = false
            resume()
        case .request(let wanted):
            reservedSize = wanted
            // Reading resumes at the end of the turn.
            turn.touch(self)
        case .going: resume()
        }
    }

    /// Fails what waited for memory, because no connection frees any.
    func endWaitInVain() {
        let had = want
        want = .nothing
        switch had {
        case .nothing: break
        case .reply:
            isBusy = false
            hasWaitedInVain = true
            resume()
        case .request: refuseIncomplete()
        case .going:
            let (used, limit) = (server.usedMemory, server.memory.limit)
            if refuseLongReply(.outOfMemory(used: used, limit: limit, reply: longReplySize)) {
                server.memory.countRefusal()
            } else {
                drop("memory is short and its requests wait", [("held", charge), ("used", used)])
            }
        }
    }

    /// Bytes that a step of a long reply may add.
    private static let stepSize = 256 << 10

    /// Whether there is memory for further requests or the next step of a long reply; if not, the session waits for it.
    func hasMemoryToResume() -> Bool {
        guard longReply != nil else {
            guard pool.isFull, charge > MemoryLedger.tinySize, !pool.ask(0, .small, for: self) else { return true }
            want = .going(.small)
            return false
        }
        if pool.isTooMuch(charge + Session.stepSize) {
            let error = ReplyError.outOfMemory(
                used: server.usedMemory, limit: server.memory.limit, reply: longReplySize)
            if refuseLongReply(error) {
                server.memory.countRefusal()
                return false
            }
        }
        guard pool.ask(Session.stepSize, .reply, for: self) else {
            want = .going(.reply)
            return false
        }
        charge += Session.stepSize
        return true
    }

    // MARK: Accounting

    /// Bytes that received but unconsumed requests take or have reserved.
    private var inputSize: Int { max(stream.heldCapacity, reservedSize) }

    /// Updates the charge if it has changed. Called for each session that was active in a turn.
    @inline(__always)
    func settle(_ replies: borrowing ReplyQueue) {
        var size =
            replies.capacity &+ stream.unsentSize &+ max(stream.heldCapacity, reservedSize)
            &+ transactionSize &+ feedSize
        if isBusy || stream.heldCapacity > 0 {
            size += parser.heldSize + longReplySize + (deferredRequest?.heldSize ?? 0)
            if let http { size += http.parser.heldSize }
        }
        if size != charge { settle(at: size) }
    }

    func settle() { if isCounted { settle(replies) } }

    /// Whether its connection is open and its own.
    private var isCounted: Bool { stream.isOpen && !state.isClosed }

    @inline(never)
    private func settle(at size: Int) {
        assert(size >= 0, "a session's charge is negative")
        let now = isCounted ? size : 0
        pool.settle(self, from: charge, to: now)
        charge = now
    }

    /// Sets the charge to 0: the connection is closed or was handed over.
    func settleAtEnd() {
        endTransaction()
        settle(at: 0)
    }

    /// Bytes of unsent replies.
    var outputSize: Int { replies.size + stream.unsentSize + longReplySize }

    /// Bytes of memory that an incomplete request takes; 0 if there is none.
    var incompleteSize: Int {
        guard state.isOpen, !isStalled, !isBusy, stream.heldSize > 0 else { return 0 }
        return inputSize + parser.heldSize
    }

    /// How long the peer has been idle, in milliseconds, since idleness was first checked.
    func idleTime(_ now: Int) -> Int {
        pace.look(sent: replies.sentSize, unsent: stream.unsentSize, held: stream.heldSize, now: now)
    }

    // MARK: Releasing memory

    /// Frees the buffers that are kept for later requests and replies.
    func trim() {
        replies.trim()
        if stream.heldSize == 0 { stream.dropHeld() }
    }

    /// Frees everything at once; the connection is closed.
    func forget() {
        stream.dropHeld()
        replies.forget()
        parser = RequestParser(limits: server.limits.request)
        longReply = nil
        longReplySize = 0
        deferredRequest = nil
    }

    /// Drops an incomplete request, replies with an error, and closes.
    func refuseIncomplete() {
        turn.touch(self)
        let error = refusal(ofRequestOf: incompleteSize)
        if http == nil { answerOutside(parser.dialect, error, &replies) } else { refuseHTTP(HTTPRefusal(error)) }
        stream.dropHeld()
        (reservedSize, want) = (0, .nothing)
        parser = RequestParser(limits: server.limits.request)
        finish()
    }

    /// Replies to a long reply's request with an error if no part of the reply is written.
    /// - Returns: whether the error was written.
    func refuseLongReply(_ error: ReplyError) -> Bool {
        guard let longReply, longReply.canFail else { return false }
        turn.touch(self)
        replies.begin(longReply.dialect)
        replies.fail(error)
        replies.end(committed: store.committed)
        (self.longReply, longReplySize) = (nil, 0)
        isBusy = false
        want = .nothing
        times.noteLongReply(isComplete: true, of: self)
        return true
    }
}
