// A request whose answer waits for something that is not a change of its own: followers, a change of the leader's, a handover.
// Its connection runs no further requests meanwhile.

import Reactor
import Wire

/// What a session waits for, and what it answers then.
struct ParkedRequest {
    let dialect: ReplyDialect
    /// In milliseconds of the monotonic clock; nil waits for ever.
    private let deadline: Int?
    private let isDone: () -> Bool
    private let answer: (inout ReplyQueue, _ isLate: Bool) -> Void

    /// - Parameters:
    ///   - milliseconds: how long it waits; nil for ever.
    ///   - isDone: asked in each turn.
    ///   - answer: writes the reply; told whether the time was over first.
    init(
        _ dialect: ReplyDialect, within milliseconds: Int? = nil, until isDone: @escaping () -> Bool,
        answer: @escaping (inout ReplyQueue, _ isLate: Bool) -> Void
    ) {
        self.dialect = dialect
        self.isDone = isDone
        self.answer = answer
        deadline = milliseconds.map { MonotonicClock.milliseconds + $0 }
    }

    /// Answers where that can be done now.
    /// - Returns: whether it was.
    func step(_ replies: inout ReplyQueue) -> Bool {
        let isReady = isDone()
        guard isReady || deadline.map({ MonotonicClock.milliseconds >= $0 }) ?? false else { return false }
        answer(&replies, !isReady)
        return true
    }
}
