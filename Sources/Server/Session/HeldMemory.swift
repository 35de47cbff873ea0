// What a session holds of the connections' memory, how it waits for some, and how it gives it back.

import Bytes
import Wire

extension Session {
    /// What a session waits for memory for. Meanwhile it is neither read nor run.
    enum Want: Equatable {
        case nothing
        /// The reply to the request at hand, which stays unused until there is memory for it.
        case reply
        /// The rest of a request that is not complete, of so many bytes as a whole.
        case request(size: Int)
        /// To go on with what it has been asked for.
        case going(Ledger.Purpose)
    }

    // MARK: Replies

    /// Replies of this size and above ask for memory before they are made.
    static let largeReplySize = Ledger.smallSize

    /// Whether there is memory for a large reply. Where not, says so or lets the request wait: it runs again once there is.
    /// - Parameters:
    ///   - size: bytes of the reply.
    ///   - arguments: of the request that is being run.
    @inline(never)
    func hasMemory(forReplyOf size: Int, _ arguments: Arguments, _ replies: inout ReplyQueue) -> Bool {
        assert(size >= 0 && want == .nothing, "a session waits for two things")
        // Once it has waited in vain it does not wait again.
        let waits = !isRunningPart && !hasWaitedInVain
        hasWaitedInVain = false
        let isGiven = size <= grantedSize || pool.ask(size, .reply, for: self, waits: waits)
        if isGiven {
            if size > grantedSize { charge += size }
            grantedSize = 0
            replies.writer.buffer.reserve(size)
            return true
        }
        replies.takeBack()
        guard waits else {
            server.memory.countRefusal()
            replies.fail(.outOfMemory(used: server.usedMemory, limit: server.memory.limit, reply: size))
            return false
        }
        // It is counted when it runs again.
        replies.noteWait()
        if let index = commands.index(of: arguments[0]) { requestCounts.takeBack(index) }
        want = .reply
        isBusy = true
        return false
    }

    // MARK: Requests that have not come completely

    /// Asks for the memory that a large request takes as a whole, before any of it is taken.
    /// - Parameters:
    ///   - size: bytes of it that have come.
    ///   - missing: bytes that have to come at least.
    /// - Returns: why it is not waited for; nil where it is.
    @inline(never)
    func reserve(_ size: Int, missing: Int) -> ReplyError? {
        assert(missing > 0, "a request is waited for that is complete")
        let needed = size + missing
        guard needed > max(reservedSize, pool.isFull ? Ledger.tinySize : Ledger.smallSize), case .nothing = want else {
            return nil
        }
        // Of a line nobody knows how long it will be.
        let wanted = missing > 1 ? needed : max(needed, 2 * max(reservedSize, Ledger.smallSize))
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

    /// Counts what has come and is not used, before memory is taken for it.
    /// - Returns: why it is not kept; nil where it is.
    @inline(never)
    func keep(_ size: Int) -> ReplyError? {
        guard size > inputSize else { return nil }
        let more = size - inputSize
        pool.settle(self, from: charge, to: charge + more)
        charge += more
        return pool.isOverfull && size > Ledger.tinySize && state.isOpen ? refusal(ofRequestOf: size) : nil
    }

    // MARK: Going on

    func waits(for purpose: Ledger.Purpose) -> Bool {
        guard stream.isOpen else { return false }
        return switch want {
        case .nothing: false
        case .reply: purpose == .reply
        case .request: purpose == .request
        case .going(let wanted): purpose == wanted
        }
    }

    /// Goes on with what it has waited for.
    /// - Parameter size: bytes that it was given.
    func endWait(with size: Int) {
        assert(isStarved && size >= 0, "a session is given what it does not wait for")
        let had = want
        want = .nothing
        switch had {
        case .nothing: break
        case .reply:
            grantedSize = size
            isBusy = false
            goOn()
        case .request(let wanted):
            reservedSize = wanted
            // Reading goes on at the end of the turn.
            turn.touch(self)
        case .going: goOn()
        }
    }

    /// Gives up what it has waited for: nobody gives anything back.
    func endWaitInVain() {
        let had = want
        want = .nothing
        switch had {
        case .nothing: break
        case .reply:
            isBusy = false
            hasWaitedInVain = true
            goOn()
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

    /// Bytes that a step of a long reply may gather.
    private static let stepSize = 256 << 10

    /// Whether there is memory to go on with requests, or with a long reply; waits for it where there is not.
    func hasMemoryToGoOn() -> Bool {
        guard longReply != nil else {
            guard pool.isFull, charge > Ledger.tinySize, !pool.ask(0, .small, for: self) else { return true }
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

    // MARK: What is held

    /// Bytes that what has come of requests takes, or will take.
    private var inputSize: Int { max(stream.heldCapacity, reservedSize) }

    /// Says what it holds now, where that has changed. To be called for each session that did anything in a turn.
    @inline(__always)
    func settle(_ replies: borrowing ReplyQueue) {
        var size = replies.capacity &+ stream.unsentSize &+ max(stream.heldCapacity, reservedSize)
        if isBusy || stream.heldCapacity > 0 { size += parser.heldSize + longReplySize + (parked?.heldSize ?? 0) }
        if size != charge { settle(at: size) }
    }

    func settle() { if isCounted { settle(replies) } }

    /// Whether it still has its connection.
    private var isCounted: Bool { stream.isOpen && !state.isClosed }

    @inline(never)
    private func settle(at size: Int) {
        assert(size >= 0, "a session holds less than nothing")
        let now = isCounted ? size : 0
        pool.settle(self, from: charge, to: now)
        charge = now
    }

    /// Says that it holds nothing any more: its connection is closed, or somebody else's.
    func settleAtEnd() { settle(at: 0) }

    /// Bytes of replies on their way.
    var outputSize: Int { replies.size + stream.unsentSize + longReplySize }

    /// Bytes of memory that the beginning of an incomplete request takes; 0 where there is none.
    var incompleteSize: Int {
        guard state.isOpen, !isStalled, !isBusy, stream.heldSize > 0 else { return 0 }
        return inputSize + parser.heldSize
    }

    /// For how long its peer has moved next to no bytes, in milliseconds, as far as that was looked at.
    func idleTime(_ now: Int) -> Int {
        pace.look(sent: replies.sentSize, unsent: stream.unsentSize, held: stream.heldSize, now: now)
    }

    // MARK: Giving back

    /// Gives back what is kept for later requests and replies.
    func trim() {
        replies.trim()
        if stream.heldSize == 0 { stream.dropHeld() }
    }

    /// Gives back everything at once, of a connection that is closed.
    func forget() {
        stream.dropHeld()
        replies.forget()
        parser = RequestParser(limits: server.limits.request)
        longReply = nil
        longReplySize = 0
        parked = nil
    }

    /// Drops a request that is not complete, says why, and ends.
    func refuseIncomplete() {
        turn.touch(self)
        answerOutside(parser.dialect, refusal(ofRequestOf: incompleteSize), &replies)
        stream.dropHeld()
        (reservedSize, want) = (0, .nothing)
        parser = RequestParser(limits: server.limits.request)
        finish()
    }

    /// Answers a long reply's request with an error, where nothing of it has been written.
    /// - Returns: whether it was.
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
