// The memory limit: who may grow, and who has to give back when there is too little. Nothing is ever evicted.

import Bytes
import Store
import Wire

extension Server {
    /// Bytes that count against the limit: pairs and table, what was cleared, buffers, connections.
    var usedMemory: Int { storeMemory + bufferMemory }

    private var storeMemory: Int { store.size + store.clearedSize }

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
    func makesRoom(for arguments: Arguments, _ keys: Command.Keys, _ replies: inout ReplyQueue) -> Bool {
        var growth = 0
        for index in keys.indices(in: arguments) where index + 1 < arguments.count {
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
        if memory.needsRelief(store: storeMemory, buffers: bufferMemory) { relieveMemory() }
        tell(memory.news(used: usedMemory, isRefused: false))
        memory.grant(used: usedMemory, buffers: bufferMemory)
    }

    /// Makes connections give memory back, the largest first, until they take half of what they may: those with half a
    /// request get an error, those that do not take their replies are dropped.
    private func relieveMemory() {
        for (session, size) in sessions(by: \.incompleteSize, from: limits.shortRequestSize) {
            guard excess > memory.inputReserve / 2 else { break }
            memory.countRefusal()
            session.refuseIncomplete(.outOfMemory(used: usedMemory, limit: memory.limit, incomplete: size))
        }
        if excess > memory.outputReserve {
            for (session, size) in sessions(by: \.stream.unsentSize, from: limits.unsentPauseSize) {
                guard excess > memory.outputReserve / 2 else { break }
                session.drop(
                    "memory is short and it does not take its replies", [("unsent", size), ("used", usedMemory)])
            }
        }
        memory.relieved(store: storeMemory, buffers: bufferMemory)
    }

    private var excess: Int { memory.excess(store: storeMemory, buffers: bufferMemory) }

    /// Sessions for which a size is larger than `least`, with it, the largest first.
    private func sessions(by size: KeyPath<Session, Int>, from least: Int) -> [(Session, size: Int)] {
        sessions.values.map { ($0, $0[keyPath: size]) }.filter { $0.size > least }.sorted { $0.size > $1.size }
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

extension ReplyError {
    private init(outOfMemory figures: String) {
        self.init(
            line: "Out of memory: " + figures,
            resp: "command not allowed when used memory > 'maxmemory'. " + figures, code: "OOM")
    }

    /// Of a request that would take `needed` bytes more.
    static func outOfMemory(used: Int, limit: Int, needed: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "this needs \(needed) bytes more, \(used) of \(limit) are in use; "
                + "delete keys or raise --max-memory")
    }

    /// Of a request that has not come completely, and takes too much already.
    static func outOfMemory(used: Int, limit: Int, incomplete: Int) -> ReplyError {
        ReplyError(
            outOfMemory: "half a request takes \(incomplete) bytes, \(used) of \(limit) are in use; "
                + "delete keys or raise --max-memory; the connection is closed")
    }
}
