// The memory limit for pairs, and its messages. Nothing is ever evicted. The memory of clients never
// causes a change to be refused: it has an account of its own (`Pool`).

import Bytes
import Commands
import Reactor
import Store
import Wire

extension Server {
    /// The bytes that count against the limit: pairs and table, cleared tables, buffers, connections.
    var usedMemory: Int { storeMemory + BufferMemory.size &+ loop.streamSize }

    private var storeMemory: Int { gate.usedMemory }

    /// The part of the limit that pairs leave, in bytes.
    var memoryLeft: Int { memory.limit - storeMemory }

    /// The memory used, and the limit.
    func reportMemory() {
        log.info("\(ByteSize(usedMemory)) of memory in use, \(memory.origin.description)")
        if let warning = memory.origin.warning { log.warning("\(warning)") }
        lookAtMemory()
    }

    /// Applies another limit.
    func changeMemory(to wanted: Int?) {
        guard memory.change(to: wanted) else { return }
        let shares = memory.shares
        pool.change(to: shares.pool)
        store.pendingLimit = shares.log
        reportMemory()
    }

    // MARK: Replies

    /// Why a reply of several values cannot be sent while the store takes this much memory; nil if it can.
    func refusal(ofReplyOf size: Int) -> ReplyError? {
        guard pool.isTooMuch(size) else { return nil }
        memory.countRefusal()
        return .outOfMemory(used: usedMemory, limit: memory.limit, reply: size)
    }

    // MARK: Turns

    /// Checks for room after the limit was reached.
    @inline(__always)
    func watchMemory() {
        if memory.isReached { lookAtMemory() }
    }

    private func lookAtMemory() {
        if let news = memory.news(used: storeMemory, isRefused: false) { tell(news) }
        memory.renewQuota(used: storeMemory)
    }

    /// Logs once when the limit is reached, and once when there is room again.
    package func tell(_ news: MemoryBudget.News) {
        let figures = "\(ByteSize(storeMemory)) of \(ByteSize(memory.storeLimit)) in use"
        switch news {
        case .isReached:
            log.warning(
                "Memory limit reached: \(figures); changes that need more are refused. Delete keys or raise --max-memory"
            )
        case .isLeft: log.info("Memory is below its limit again: \(figures)")
        }
    }
}

extension ReplyError {
    private init(outOfMemory figures: String) {
        self.init(
            line: "Out of memory: " + figures,
            resp: "command not allowed when used memory > 'maxmemory'. " + figures, code: .outOfMemory)
    }

    /// The error of a request that would take `needed` more bytes.
    static func outOfMemory(used: Int, limit: Int, needed: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "this needs \(needed) bytes more, \(used) of \(limit) are in use; "
                + "delete keys or raise --max-memory")
    }

    /// The error of a reply for which there is no memory.
    static func outOfMemory(used: Int, limit: Int, reply: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "the reply takes \(reply) bytes, \(used) of \(limit) are in use; "
                + "ask for less at a time or raise --max-memory")
    }

    /// The error of a transaction whose requests cannot be kept until EXEC.
    static func outOfMemory(used: Int, limit: Int, transaction: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "the transaction takes \(transaction) bytes, \(used) of \(limit) are in use; "
                + "queue less or raise --max-memory")
    }

    /// The error of an incomplete request that already takes too much.
    static func outOfMemory(used: Int, limit: Int, incomplete: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "half a request takes \(incomplete) bytes, \(used) of \(limit) are in use; "
                + "delete keys or raise --max-memory; the connection is closed")
    }
}
