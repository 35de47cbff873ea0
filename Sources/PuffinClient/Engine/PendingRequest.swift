// A call on the library's thread, from its arrival to its end: what it waits for, what has come, and how it ends when
// nothing more will come.

import Bytes
import Wire

/// A call that is not over, or one that is and whose replies are still to come.
final class PendingRequest {
    enum Origin {
        /// A task waits for it.
        case call(Call)
        /// The library asks a follower for its role.
        case check
    }

    let origin: Origin
    /// In nanoseconds of `MonotonicClock`; `.max` for never.
    let deadline: Int
    private(set) var replies: CallResult = []
    /// Whether its end was told; what still comes for it is dropped.
    private(set) var isOver = false

    /// Whether a `SEQ` was sent behind it.
    var asksForSeq = false
    /// Whether `AFTER` was put in front of it.
    var isAfter = false
    /// Whether it may only go to the leader now.
    var needsLeader = false
    /// Connections that it was lost with.
    var losses = 0

    private let waitingCount: WaitingCount?

    /// - Parameter waitingCount: where it is counted until it is over.
    init(_ call: Call, _ waitingCount: WaitingCount) {
        self.waitingCount = waitingCount
        waitingCount.value += 1
        origin = .call(call)
        deadline = call.timeout.map { call.start.adding($0) } ?? .max
    }

    /// A question of the library's own.
    init(checkUntil deadline: Int) {
        origin = .check
        waitingCount = nil
        self.deadline = deadline
    }

    var call: Call? { if case .call(let call) = origin { call } else { nil } }
    var kind: CommandKind { call?.kind ?? CommandKind(isRead: true) }
    var isCancelled: Bool { call?.mark.isCancelled ?? false }

    /// How many replies the requests themselves have.
    var count: Int { call?.count ?? 1 }
    /// Whether all of those have come.
    var isAnswered: Bool { replies.count == count }

    /// Takes the next reply.
    func add(_ reply: Result<RESPValue, PuffinError>) { if !isOver { replies.append(reply) } }

    /// Forgets what has come, to be sent once more.
    func reset() {
        replies = []
        (asksForSeq, isAfter) = (false, false)
    }

    /// Ends it with the replies that have come; `error` stands for those that have not.
    func finish(_ error: PuffinError = .closed) {
        guard !isOver else { return }
        isOver = true
        waitingCount?.value -= 1
        while replies.count < count { replies.append(.failure(error)) }
        call?.finish(replies)
        replies = []
    }

    /// Ends it, after it was sent, without all of its replies.
    /// - Parameter harmless: what is thrown where it has changed nothing.
    func finish(unknown cause: PuffinError.Cause, at server: ServerAddress, harmless: PuffinError) {
        finish(kind.isRead ? harmless : .outcomeUnknown(at: server, cause))
    }
}

extension Int {
    /// A moment later by `duration`, in nanoseconds; `.max` where that is too far away to be told.
    func adding(_ duration: Duration) -> Int {
        let (sum, isBeyond) = addingReportingOverflow(duration.nanoseconds)
        return isBeyond ? (duration < .zero ? self : .max) : sum
    }
}
