// One connection: requests out, as many in one write as there are; replies in, matched to requests by order. The lane
// handles a lost connection: callbacks of the loop only record it here.

import Bytes
import Commands
import Reactor
import Wire

/// A connection to one server, on the library's thread.
final class Link: StreamDelegate {
    /// Why a connection has to be closed.
    enum Loss {
        case broken(String)
        case malformed(String)
        /// The server refuses the login, with this message.
        case refused(String)
        /// The server refuses the connection, for the client's certificate or for want of TLS. It has run nothing.
        case notAdmitted(String)
        /// All requests in flight are over: cancelled, or past their time limit.
        case abandoned
    }

    private struct Entry {
        let request: PendingRequest
        /// Replies still to come, the one to `SEQ` included.
        var missing: Int
        let hasSeq: Bool
    }

    private unowned let lane: Lane
    private let stream: Stream
    private var parser = ReplyParser()
    private var output = ByteBuffer()
    private var inFlight = FIFO<Entry>()
    /// How many requests in flight have been given to the stream.
    private var givenCount = 0
    /// Requests in flight that may wait on the server.
    private var waitingCount = 0

    private(set) var loss: Loss?
    /// Whether it gets no more requests: one has timed out here, and later ones would wait behind it.
    private(set) var isRetired = false
    /// Whether the reply to the login is still to come. It comes before all others.
    private var awaitsLogin = false
    /// Whether the server has answered anything.
    private(set) var hasAnswered = false

    /// From this size on a request is sent from its own memory instead of being copied, in bytes.
    private static let largeSize = 64 << 10

    /// - Parameter credentials: who logs in; nil for nobody.
    init(_ stream: Stream, _ lane: Lane, _ credentials: Credentials?) {
        self.stream = stream
        self.lane = lane
        stream.start(self)
        guard let credentials else { return }
        output.append(request: credentials.request)
        awaitsLogin = true
    }

    var load: Int { inFlight.count }
    var isUsable: Bool { loss == nil && !isRetired }
    /// Whether later requests would have to wait for more than the server's work.
    var isOccupied: Bool { waitingCount > 0 }

    // MARK: Requests

    /// Queues a request for this turn's write.
    /// - Parameters:
    ///   - seq: the change that a follower must have before it answers.
    ///   - asksForSeq: whether to ask for the number of the newest change after it.
    func send(_ request: PendingRequest, after seq: UInt64? = nil, asksForSeq: Bool = false) {
        guard let call = request.call else { return sendCheck(request) }
        if request.kind.waits { waitingCount += 1 }
        let entry = Entry(request: request, missing: call.count + (asksForSeq ? 1 : 0), hasSeq: asksForSeq)
        (request.asksForSeq, request.isAfter) = (asksForSeq, seq != nil)
        if let seq {
            inFlight.append(entry)
            call.append(to: &output, after: seq)
        } else if call.size >= Link.largeSize {
            flush()
            inFlight.append(entry)
            if loss == nil { gave(call.send(over: stream)) }
        } else {
            inFlight.append(entry)
            call.append(to: &output)
        }
        if asksForSeq { output.append("*1\r\n$3\r\nSEQ\r\n") }
    }

    private func sendCheck(_ request: PendingRequest) {
        inFlight.append(Entry(request: request, missing: 1, hasSeq: false))
        output.append("*1\r\n$4\r\nROLE\r\n")
    }

    /// Writes this turn's requests to the stream.
    func flush() {
        guard loss == nil, !output.isEmpty else { return }
        gave(stream.send(output.bytes))
        output.removeAll()
        output.trim(above: Link.largeSize)
    }

    private func gave(_ isTaken: Bool) {
        if isTaken { return givenCount = inFlight.count }
        // It may have said why.
        if stream.isSecure { stream.readAtOnce() }
        lose(.broken("the server has gone away"))
    }

    // MARK: Replies

    func received(_ bytes: Span<UInt8>) -> Consumption {
        var used = 0
        while loss == nil {
            switch parser.parse(bytes.extracting(used..<bytes.count)) {
            case .complete(let reply, let size):
                used += size
                take(reply)
            case .incomplete(let missing):
                return Consumption(used: used, missing: missing)
            case .malformed(let why):
                lose(.malformed(why.message))
            }
        }
        return Consumption(used: bytes.count, missing: 1)
    }

    private func take(_ reply: Reply) {
        if case .push = reply { return }
        if awaitsLogin {
            awaitsLogin = false
            if noteRefusal(reply) { return }
            if case .error(let code, let message) = reply { lose(.refused(ErrorCode.described(code, message))) }
            return
        }
        if !hasAnswered, noteRefusal(reply) { return }
        hasAnswered = true
        guard var entry = inFlight.first else { return lose(.malformed("an unexpected reply arrived")) }
        entry.missing -= 1
        inFlight.first = entry
        if entry.missing == 0 { removeFirst(entry) }
        if entry.hasSeq && entry.missing == 0 {
            lane.noteSeq(reply)
            entry.request.finish()
        } else if lane.add(reply, to: entry.request), entry.missing == 0, !entry.hasSeq {
            entry.request.finish()
        }
    }

    private func removeFirst(_ entry: Entry) {
        _ = inFlight.popFirst()
        givenCount -= 1
        if entry.request.kind.waits { waitingCount -= 1 }
        if isRetired { closeIfNothingIsOwed() }
    }

    func receivedEnd(unfinished: Int) {
        lose(.broken(unfinished > 0 ? "the server closed it in the middle of a reply" : "the server closed it"))
    }

    func drained() {}

    func failed() {
        guard let failure = stream.securityFailure else { return lose(.broken("the server has gone away")) }
        let isRefused = failure.refusesCertificate && !hasAnswered
        lose(isRefused ? .notAdmitted(failure.text) : .broken(failure.text))
    }

    /// Whether a reply says that the connection should have had TLS.
    private func noteRefusal(_ reply: Reply) -> Bool {
        guard !stream.isSecure, case .error(_, PlainRefusal.message) = reply else { return false }
        lose(.notAdmitted(PlainRefusal.reason))
        return true
    }

    private func lose(_ reason: Loss) { if loss == nil { loss = reason } }

    // MARK: Ends

    /// Ends requests that are overdue or whose task was cancelled. Their replies still come, and are dropped.
    /// - Returns: when to check again.
    func prune(now: Int) -> Int {
        var next = Int.max
        inFlight.forEach { entry in
            let request = entry.request
            if request.deadline <= now {
                lane.expire(request)
                isRetired = true
            } else {
                if request.isCancelled { lane.cancel(request) }
                next = min(next, request.deadline)
            }
        }
        if isRetired { closeIfNothingIsOwed() }
        return next
    }

    private func closeIfNothingIsOwed() {
        if inFlight.count(where: { !$0.request.isOver }) == 0 { lose(.abandoned) }
    }

    /// Closes the connection.
    /// - Returns: its requests, in order, and whether the server may have seen them.
    func close() -> [(request: PendingRequest, isSent: Bool)] {
        stream.close()
        let entries = inFlight.takeAll()
        return entries.enumerated().map { ($1.request, $0 < givenCount) }
    }
}
