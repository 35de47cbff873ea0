// A deferred request: its reply waits for something other than a change of its own, such as followers, a leader's
// change or a handover. Its connection runs no further requests meanwhile.

import Bytes
import OpenSSL
import Reactor
import Wire

/// A request that waits for a condition, and its reply.
struct DeferredRequest {
    /// The time-out of the wait.
    enum Patience {
        case milliseconds(Int)
        /// Until the client closes its side.
        case client
        /// Without a time-out; only for conditions that always come true.
        case unlimited
    }

    let dialect: ReplyDialect
    /// Bytes of memory in use.
    let heldSize: Int
    /// The conditions of which one must be met before `isDone` is asked; if empty, it is polled each turn.
    let conditions: [WakeCondition]
    /// The deadline in milliseconds of the monotonic clock; nil before the wait begins.
    private(set) var deadline: Int?
    private let patience: Patience
    private let isDone: () -> Bool
    private let answer: (inout ReplyQueue, _ isLate: Bool) -> Void
    /// What is done if the connection ends before the reply; nil for nothing.
    private(set) var abandon: (() -> Void)?

    /// - Parameters:
    ///   - conditions: see the property.
    ///   - heldSize: the bytes of memory that `answer` retains.
    ///   - isDone: asked when one of the conditions is met.
    ///   - answer: writes the reply; `isLate` is true after a time-out.
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

    /// The same request, with something to do once its reply is written. The queue's `lastFailure` is that of the reply then.
    /// - Parameter abandon: done instead if the connection ends before that; nil for what this request does then.
    func followed(
        by next: @escaping (inout ReplyQueue) -> Void, orIfAbandoned abandon: (() -> Void)? = nil
    ) -> DeferredRequest {
        var request = DeferredRequest(dialect, within: patience, on: conditions, holding: heldSize, until: isDone) {
            [answer] replies, isLate in
            replies.lastFailure = nil
            answer(&replies, isLate)
            next(&replies)
        }
        request.deadline = deadline
        request.abandon = abandon ?? self.abandon
        return request
    }

    /// Begins the wait.
    mutating func begin(at now: Int) {
        assert(deadline == nil, "a request begins to wait twice")
        if case .milliseconds(let limit) = patience { deadline = now + limit }
    }

    /// Whether its reply is that of another request, which it holds.
    var runsRequest: Bool { heldSize > 0 }

    /// Whether it is answered when the client closes its side.
    var waitsForClient: Bool { if case .client = patience { true } else { false } }

    /// Writes the reply if it is due.
    /// - Parameters:
    ///   - now: in milliseconds of the monotonic clock.
    ///   - clientHasEnded: whether the client has closed its side.
    /// - Returns: whether the reply was written.
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

/// The bytes of a request that runs later, counted as buffer memory until then.
/// They are overwritten when they are released: there may be a password in them.
final class HeldRequest {
    private(set) var bytes: [UInt8]
    private var memory = CountedMemory()
    /// Bytes of memory in use.
    var size: Int { memory.size }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        memory.set(Allocation.size(of: bytes.capacity))
    }

    deinit { bytes.cleanse() }
}
