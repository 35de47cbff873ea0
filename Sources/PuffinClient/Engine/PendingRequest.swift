// A call on the library's thread, from arrival to end: what it waits for, the replies so far, and its result if no more
// come.

import Bytes
import Wire

/// A call in progress, or one that is over and still has replies to come.
final class PendingRequest {
    enum Origin {
        /// A task waits for it.
        case call(Call)
        /// The library's question for a follower's role.
        case check
    }

    let origin: Origin
    /// In nanoseconds of `MonotonicClock`; `.max` for never.
    let deadline: Int
    private(set) var replies: CallResult = []
    /// Whether it has its result; later replies are dropped.
    private(set) var isOver = false

    /// Whether a `SEQ` was sent after it.
    var asksForSeq = false
    /// Whether it was prefixed with `AFTER`.
    var isAfter = false
    /// Whether only the leader may answer it now.
    var needsLeader = false
    /// How many connections were lost with it.
    var losses = 0

    private let waitingCount: WaitingCount?

    /// - Parameter waitingCount: counts it until it is over.
    init(_ call: Call, _ waitingCount: WaitingCount) {
        self.waitingCount = waitingCount
        waitingCount.value += 1
        origin = .call(call)
        deadline = call.timeout.map { call.start.adding($0) } ?? .max
    }

    /// The library's own question.
    init(checkUntil deadline: Int) {
        origin = .check
        waitingCount = nil
        self.deadline = deadline
    }

    var call: Call? { if case .call(let call) = origin { call } else { nil } }
    var kind: CommandKind { call?.kind ?? CommandKind(isRead: true) }
    var isCancelled: Bool { call?.mark.isCancelled ?? false }

    /// The number of replies to the requests themselves.
    var count: Int { call?.count ?? 1 }
    /// Whether all of them have come.
    var isAnswered: Bool { replies.count == count }

    /// Takes the next reply.
    func add(_ reply: Result<RESPValue, PuffinError>) { if !isOver { replies.append(reply) } }

    /// Forgets the replies, to be sent again.
    func reset() {
        replies = []
        (asksForSeq, isAfter) = (false, false)
    }

    /// Ends it with the replies so far, and `error` for the others.
    func finish(_ error: PuffinError = .closed) {
        guard !isOver else { return }
        isOver = true
        waitingCount?.value -= 1
        while replies.count < count { replies.append(.failure(error)) }
        call?.finish(replies)
        replies = []
    }

    /// Ends it, after it was sent, without all of its replies.
    /// - Parameter harmless: thrown if it has changed nothing.
    func finish(unknown cause: PuffinError.Cause, at server: ServerAddress, harmless: PuffinError) {
        finish(kind.isRead ? harmless : .outcomeUnknown(at: server, cause))
    }
}

extension Int {
    /// This time plus `duration`, in nanoseconds; `.max` on overflow.
    func adding(_ duration: Duration) -> Int {
        let (sum, isBeyond) = addingReportingOverflow(duration.nanoseconds)
        return isBeyond ? (duration < .zero ? self : .max) : sum
    }
}
