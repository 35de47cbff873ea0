// A client's part of one server: its connections, the requests that wait for one, and the time of the next attempt to
// connect.

import Bytes
import Commands
import Reactor
import Wire

/// A pool of connections to one server, on the library's thread. It is advanced once a turn.
final class Lane {
    let address: ServerAddress
    let isFollower: Bool
    private unowned let router: Router
    private var options: Client.Options { router.options }

    /// Requests that wait for a connection.
    private var waiting = FIFO<PendingRequest>()
    private var links: [Link] = []
    private var connector: Connector?
    private var connectDeadline = Int.max
    private var backoff: Backoff
    /// No attempt to connect begins before this time.
    private var retryTime = 0
    /// Why the last attempt failed; nil after one that succeeded.
    private var failure: String?

    /// For a follower: whether it has its leader (nil until it has answered), when to ask next, and whether a question
    /// is in flight.
    private var isHealthy: Bool?
    private var checkTime = Int.max
    private var isChecking = false

    init(_ address: ServerAddress, isFollower: Bool, _ router: Router) {
        self.address = address
        self.isFollower = isFollower
        self.router = router
        backoff = Backoff(
            seed: UInt64.random(in: .min ... .max), first: Lane.milliseconds(router.options.firstPause),
            longest: Lane.milliseconds(router.options.longestPause))
    }

    static func milliseconds(_ duration: Duration) -> UInt64 {
        UInt64(max(1, 0.adding(duration) / 1_000_000))
    }

    /// Whether a request would be sent at once, or as soon as others have their replies.
    var isReady: Bool { (isHealthy == true || !isFollower) && links.contains { $0.isUsable } }
    /// Whether it may be ready soon.
    var isComing: Bool { connector != nil || (isHealthy == nil && !links.isEmpty) }
    /// Whether there is no connection, and the last attempt failed.
    var isFailing: Bool { links.isEmpty && failure != nil }
    var hasLoss: Bool { links.contains { $0.loss != nil } }

    func append(_ request: PendingRequest) { waiting.append(request) }

    // MARK: A turn

    /// Handles lost connections, and the one being made.
    func settle(now: Int) {
        while let index = links.firstIndex(where: { $0.loss != nil }) { bury(links.remove(at: index), now: now) }
        if isFollower && links.isEmpty { (isHealthy, isChecking, checkTime) = (nil, false, .max) }
        switch connector?.advance() {
        case .success(let stream)?: connected(stream, now: now)
        case .failure(let error)?: failed(error.reason, now: now)
        case nil:
            if connector != nil && connectDeadline <= now {
                failed("no connection within \(options.connectTimeout)", now: now)
            }
        }
    }

    /// Assigns requests to connections, and connects if needed.
    func dispatch(now: Int) {
        var kept: [PendingRequest] = []
        while let request = waiting.popFirst() {
            if request.isOver { continue }
            if let link = link(for: request) {
                send(request, over: link)
            } else {
                kept.append(request)
                if !request.kind.waits { break }
            }
        }
        waiting.prepend(kept)
        if isFollower && checkTime <= now && !isChecking { check(now: now) }
        for link in links { link.flush() }
        if wantsLink && retryTime <= now { connect(now: now) }
    }

    private var wantsLink: Bool {
        connector == nil && links.count < max(1, options.poolSize)
            && (!waiting.isEmpty || (isFollower && links.isEmpty))
    }

    /// The connection with the fewest requests in flight. A request that may wait on the server gets one for itself, if
    /// the pool has room for another.
    private func link(for request: PendingRequest) -> Link? {
        let isFull = links.count >= options.poolSize || failure != nil
        let limit = max(1, options.pipelineLimit)
        var best: Link?
        for link in links where link.isUsable && link.load < limit {
            if !isFull && (link.isOccupied || (request.kind.waits && link.load > 0)) { continue }
            guard let other = best else {
                best = link
                continue
            }
            if (link.isOccupied ? 1 : 0, link.load) < (other.isOccupied ? 1 : 0, other.load) { best = link }
        }
        return best
    }

    private func send(_ request: PendingRequest, over link: Link) {
        if isFollower {
            link.send(request, after: router.requiredSeq)
        } else {
            link.send(request, asksForSeq: router.asksForSeq && !request.kind.isRead)
        }
    }

    /// The next time at which it must be advanced, whatever else happens.
    var nextMoment: Int {
        var next = isFollower && !isChecking ? checkTime : .max
        if connector != nil { next = min(next, connectDeadline) }
        if wantsLink { next = min(next, retryTime) }
        return next
    }

    // MARK: Connections

    private func connect(now: Int) {
        let milliseconds = Int(Lane.milliseconds(options.connectTimeout))
        connector = Connector(
            router.loop, to: address.endpoint, within: milliseconds, security: router.security?.target(for: address),
            bell: router.bell)
        connectDeadline = now.adding(options.connectTimeout)
    }

    private func connected(_ stream: Stream, now: Int) {
        connector = nil
        failure = nil
        links.append(Link(stream, self, options.credentials))
        if isFollower { checkTime = min(checkTime, now) }
    }

    private func failed(_ reason: String, now: Int) {
        connector = nil
        failure = reason
        pause(now: now)
        // The remaining connections keep serving.
        guard links.isEmpty else { return }
        for request in waiting.takeAll() where !request.isOver {
            if router.canGoElsewhere(request, from: self) {
                router.route(request)
            } else if options.waitsForServer {
                waiting.append(request)
            } else {
                request.finish(.cannotConnect(to: address, reason: reason))
            }
        }
    }

    private func pause(now: Int) {
        retryTime = now.adding(.milliseconds(Int64(backoff.next())))
    }

    /// Closes a lost connection, and decides about each of its requests.
    private func bury(_ link: Link, now: Int) {
        var again: [PendingRequest] = []
        let entries = link.close()
        guard let loss = link.loss else { return }
        // A connection that never answered counts as a failed attempt.
        if link.hasAnswered { backoff.reset() } else if case .notAdmitted = loss {} else { pause(now: now) }
        for (request, isSent) in entries where !request.isOver {
            if case .check = request.origin { isChecking = false }
            if keeps(request, isSent: isSent, after: loss) { again.append(request) }
        }
        if isFollower { again.forEach(router.route) } else { waiting.prepend(again) }
        // The others would be refused as well, one connection after the other.
        switch loss {
        case .refused(let message):
            for request in waiting.takeAll() { request.finish(.notLoggedIn(at: address, message: message)) }
        case .notAdmitted(let reason): failed(reason, now: now)
        default: break
        }
    }

    /// - Returns: whether the request is sent again; otherwise it has its result.
    private func keeps(_ request: PendingRequest, isSent: Bool, after loss: Link.Loss) -> Bool {
        let reason: String
        switch loss {
        case .broken(let why): reason = why
        case .abandoned: reason = "it was given up"
        case .refused(let message):
            request.finish(.notLoggedIn(at: address, message: message))
            return false
        case .notAdmitted:
            // Nothing was carried out, so `failed` decides, as it does about those that wait.
            if request.call == nil { request.finish() } else { request.reset() }
            return request.call != nil
        case .malformed(let why):
            let error = PuffinError.malformedReply(from: address, reason: why)
            request.finish(
                isSent ? error : .cannotConnect(to: address, reason: "it is not a Puffin server: \(why)"))
            return false
        }
        if request.asksForSeq { router.forgetSeq() }
        if request.isAnswered || request.call == nil {
            request.finish()
            return false
        }
        let lost = PuffinError.connectionLost(to: address, reason: reason)
        if isSent {
            request.losses += 1
            guard request.kind.isRead, options.repeatsReads, request.losses < Lane.mostLosses else {
                request.finish(unknown: .connectionLost(reason: reason), at: address, harmless: lost)
                return false
            }
        }
        request.reset()
        return true
    }

    /// How often one read's connection may be lost.
    private static let mostLosses = 3

    // MARK: Replies

    /// Takes a reply to a request.
    /// - Returns: whether it is the request's; otherwise the request is sent elsewhere.
    func add(_ reply: Reply, to request: PendingRequest) -> Bool {
        if request.call == nil {
            checked(reply)
            return true
        }
        guard case .error(let code, let message) = reply else {
            request.add(.success(RESPValue(reply)))
            return true
        }
        let known = ErrorCode(rawValue: code)
        let isBehind = known == .loading || (request.isAfter && known == .behind)
        if isFollower, isBehind, request.count == 1, !request.isOver {
            request.reset()
            request.needsLeader = true
            router.route(request)
            return false
        }
        let error = PuffinError(code: code, message: message, at: address, isRead: request.kind.isRead)
        request.add(.failure(error))
        return true
    }

    func noteSeq(_ reply: Reply) {
        if case .integer(let seq) = reply, seq >= 0 { router.note(seq: UInt64(seq)) } else { router.forgetSeq() }
    }

    // MARK: Checks of a follower

    private func check(now: Int) {
        checkTime = now.adding(options.followerCheckInterval)
        guard let link = links.first(where: { $0.isUsable }) else { return }
        isChecking = true
        let deadline = now.adding(options.requestTimeout ?? .seconds(5))
        link.send(PendingRequest(checkUntil: deadline))
        router.watch(deadline)
    }

    /// A follower that has lost its leader, or still loads, is not read from. A server without `ROLE` is accepted.
    private func checked(_ reply: Reply) {
        isChecking = false
        switch reply {
        case .error(let code, _): isHealthy = ErrorCode(rawValue: code) != .loading
        case .array(let parts) where parts.count == 5 && RESPValue(parts[0]).string == "slave":
            isHealthy = RESPValue(parts[3]).string == "connected"
        default: isHealthy = true
        }
    }

    // MARK: Ends

    /// Ends requests that are overdue or whose task was cancelled.
    /// - Returns: when to check again.
    func prune(now: Int) -> Int {
        var next = Int.max
        waiting.forEach { request in
            if request.isCancelled {
                request.finish(.cancelled)
            } else if request.deadline <= now {
                request.finish(timeoutWhileWaiting(request))
            } else {
                next = min(next, request.deadline)
            }
        }
        waiting.removeAll { $0.isOver }
        for link in links { next = min(next, link.prune(now: now)) }
        return next
    }

    private func timeoutWhileWaiting(_ request: PendingRequest) -> PuffinError {
        if let failure, links.isEmpty { return .cannotConnect(to: address, reason: failure) }
        return .timedOut(at: address, after: request.call?.timeout ?? .zero)
    }

    /// Ends a sent request that is overdue.
    func expire(_ request: PendingRequest) {
        guard let call = request.call else {
            (isHealthy, isChecking) = (false, false)
            return request.finish()
        }
        if request.asksForSeq { router.forgetSeq() }
        let limit = call.timeout ?? .zero
        request.finish(
            unknown: .timedOut(after: limit), at: address, harmless: .timedOut(at: address, after: limit))
    }

    /// Ends a sent request whose task was cancelled.
    func cancel(_ request: PendingRequest) {
        if request.asksForSeq && !request.isOver { router.forgetSeq() }
        request.finish(unknown: .cancelled, at: address, harmless: .cancelled)
    }

    /// Ends everything.
    func close() {
        connector = nil
        for request in waiting.takeAll() { request.finish(.closed) }
        for link in links {
            for (request, isSent) in link.close() {
                if isSent {
                    request.finish(unknown: .closed, at: address, harmless: .closed)
                } else {
                    request.finish(.closed)
                }
            }
        }
        links = []
    }
}
