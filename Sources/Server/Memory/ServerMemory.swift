// The memory limit: what pairs may take, and what is said when there is too little. Nothing is ever evicted. What clients hold never
// keeps a change from being accepted: that has an account of its own (`Pool`).

import Bytes
import Commands
import Reactor
import Store
import Wire

extension Server {
    /// Bytes that count against the limit: pairs and table, what was cleared, buffers, connections.
    var usedMemory: Int { storeMemory + BufferMemory.size &+ loop.streamSize }

    private var storeMemory: Int { gate.usedMemory }

    /// What pairs leave of the limit, in bytes.
    var memoryLeft: Int { memory.limit - storeMemory }

    /// Says what is used and what the limit is.
    func reportMemory() {
        log.info("\(ByteSize(usedMemory)) of memory in use, \(memory.origin.description)")
        if let warning = memory.origin.warning { log.warning("\(warning)") }
        lookAtMemory()
    }

    /// Puts another limit into force.
    func changeMemory(to wanted: Int?) {
        guard memory.change(to: wanted) else { return }
        let shares = memory.shares
        pool.change(to: shares.pool)
        store.pendingLimit = shares.log
        reportMemory()
    }

    // MARK: Replies

    /// Why a reply of several values can never be given, as long as the store takes so much; nil if it can.
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

    /// Tells the log, once, when the limit is reached and when there is room again.
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
