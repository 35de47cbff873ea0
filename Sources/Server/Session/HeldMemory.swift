// What a session holds of the server's memory, how it waits for some, and how it gives it back.

import Bytes
import Wire

extension Session {
    // MARK: Asking for memory

    /// Replies of this size and above ask for memory before they are made.
    static let largeReplySize = 64 << 10

    /// Whether there is memory for a large reply. Where not, says so or lets the request wait: it runs again once there is.
    /// - Parameters:
    ///   - size: bytes of the reply.
    ///   - arguments: of the request that is being run.
    @inline(never)
    func hasMemory(forReplyOf size: Int, _ arguments: Arguments, _ replies: inout ReplyQueue) -> Bool {
        guard !server.hasMemory(forReplyOf: size, to: self) else {
            replies.writer.buffer.reserve(size)
            return true
        }
        replies.takeBack()
        guard !isRunningPart else {
            server.memory.countRefusal()
            replies.fail(.outOfMemory(used: server.usedMemory, limit: server.memory.limit, reply: size))
            return false
        }
        // It is counted when it runs again.
        replies.noteWait()
        if let index = commands.index(of: arguments[0]) { requestCounts.takeBack(index) }
        awaitedSize = size
        isBusy = true
        server.memoryRelief.starve(self)
        return false
    }

    /// Runs the request that has waited for memory.
    func endWait() {
        awaitedSize = 0
        isBusy = false
        goOn()
    }

    // MARK: What is held

    /// Bytes of memory that it holds beside those of a bare connection.
    var heldMemory: Int {
        stream.unsentSize + replies.capacity + stream.heldCapacity + parser.heldSize + listingSize
            + (parked?.heldSize ?? 0)
    }

    /// Bytes of replies on their way.
    var outputSize: Int { replies.size + stream.unsentSize + listingSize }

    /// Bytes of memory that the beginning of an incomplete request takes; 0 where there is none.
    var incompleteSize: Int {
        guard case .open = state, !isStalled, !isBusy, stream.heldSize > 0 else { return 0 }
        return stream.heldCapacity + parser.heldSize
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
        listing = nil
        listingSize = 0
        parked = nil
    }

    /// Drops a request that is not complete, says why, and ends.
    func refuseIncomplete(_ error: ReplyError) {
        turn.touch(self)
        answerOutside(parser.dialect, error, &replies)
        stream.dropHeld()
        parser = RequestParser(limits: server.limits.request)
        finish()
    }

    /// Answers a listing under way with an error, where nothing of it has been written.
    /// - Returns: whether it was.
    func refuseListing(_ error: ReplyError) -> Bool {
        guard let current = listing.take() else { return false }
        guard current.canFail else {
            listing = consume current
            return false
        }
        turn.touch(self)
        replies.begin(current.dialect)
        replies.fail(error)
        replies.end(committed: store.committed)
        listingSize = 0
        isBusy = false
        times.noteListing(isComplete: true, of: self)
        return true
    }
}
