// A request whose answer waits for something that is not a change of its own: followers, a change of the leader's, a handover.
// Its connection runs no further requests meanwhile.

import Bytes
import Reactor
import Wire

/// What a session waits for, and what it answers then.
struct ParkedRequest {
    /// How long it waits.
    enum Patience {
        case milliseconds(Int)
        /// As long as the client does: until it ends its side.
        case client
        /// Until what it waits for has come, which it always does.
        case unlimited
    }

    let dialect: ReplyDialect
    /// Bytes of memory that it holds.
    let heldSize: Int
    /// What has to come about before it is worth asking whether it is done; where there is nothing, it is asked each turn.
    let conditions: [WakeCondition]
    /// When it is answered in any case, in milliseconds of the monotonic clock; known once it waits.
    private(set) var deadline: Int?
    private let patience: Patience
    private let isDone: () -> Bool
    private let answer: (inout ReplyQueue, _ isLate: Bool) -> Void

    /// - Parameters:
    ///   - conditions: see there.
    ///   - heldSize: bytes of memory that `answer` keeps.
    ///   - isDone: asked when one of the conditions is met.
    ///   - answer: writes the reply; told whether the patience was at its end first.
    init(
        _ dialect: ReplyDialect, within patience: Patience, on conditions: [WakeCondition] = [],
        holding heldSize: Int = 0,
        until isDone: @escaping () -> Bool,
        answer: @escaping (inout ReplyQueue, _ isLate: Bool) -> Void
    ) {
        self.dialect = dialect
        self.patience = patience
        self.conditions = conditions
        self.heldSize = heldSize
        self.isDone = isDone
        self.answer = answer
    }

    /// Begins to wait.
    mutating func begin(at now: Int) {
        assert(deadline == nil, "a request waits from twice on")
        if case .milliseconds(let limit) = patience { deadline = now + limit }
    }

    /// Whether its answer is that of another request, which it holds.
    var runsRequest: Bool { heldSize > 0 }

    /// Whether it is answered when the client ends its side.
    var waitsForClient: Bool { if case .client = patience { true } else { false } }

    /// Answers where that can be done now.
    /// - Parameters:
    ///   - now: in milliseconds of the monotonic clock.
    ///   - clientHasEnded: whether the client sends no more.
    /// - Returns: whether it was.
    func step(_ replies: inout ReplyQueue, at now: Int, clientHasEnded: Bool) -> Bool {
        let isReady = isDone()
        guard isReady || isLate(at: now, clientHasEnded) else { return false }
        answer(&replies, !isReady)
        return true
    }

    private func isLate(at now: Int, _ clientHasEnded: Bool) -> Bool {
        switch patience {
        case .milliseconds: deadline.map { now >= $0 } ?? false
        case .client: clientHasEnded
        case .unlimited: false
        }
    }
}

/// A request that runs later, counted with the buffers until then.
final class HeldRequest {
    let bytes: [UInt8]
    private var memory = CountedMemory()
    /// Bytes of memory that it takes.
    var size: Int { memory.size }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        memory.set(Allocation.size(of: bytes.capacity))
    }
}
