// A client on the library's thread: which server gets a request, and which changes its reads must reflect.

import Reactor

/// The servers of one client.
final class Router {
    let options: Client.Options
    /// How connections get TLS; nil for plain ones.
    let security: LinkSecurity?
    let loop: EventLoop
    let bell: Wakeup.Bell
    private var leader: Lane { lanes[0] }
    private var followers: ArraySlice<Lane> { lanes[1...] }
    /// The leader, then the followers.
    private var lanes: [Lane] = []

    /// Reads that any server may answer.
    private var reads = FIFO<PendingRequest>()
    private var nextFollower = 0
    private let waitingCount = WaitingCount()
    /// When to check for overdue requests.
    private var pruneTime = Int.max
    /// Feeds of changes.
    private var feeds: [ChangeLink] = []

    /// The newest change that covers all of this client's; nil if unknown.
    private var seq: UInt64? = 0

    init(
        _ options: Client.Options, _ security: LinkSecurity?, leader: ServerAddress, followers: [ServerAddress],
        _ loop: EventLoop, _ bell: Wakeup.Bell
    ) {
        self.options = options
        self.security = security
        self.loop = loop
        self.bell = bell
        lanes = [Lane(leader, isFollower: false, self)] + followers.map { Lane($0, isFollower: true, self) }
    }

    // MARK: Requests

    /// Takes a call; its result comes in a later turn.
    func submit(_ call: Call) {
        guard waitingCount.value < options.waitingLimit else {
            return call.fail(.overloaded(limit: options.waitingLimit))
        }
        let request = PendingRequest(call, waitingCount)
        if request.isCancelled { return request.finish(.cancelled) }
        watch(request.deadline)
        route(request)
    }

    /// Begins a feed of changes.
    func follow(_ buffer: ChangeBuffer) {
        feeds.append(ChangeLink(buffer, options, security, servers: lanes.map(\.address), loop, bell))
    }

    /// Queues a request for a server.
    func route(_ request: PendingRequest) {
        if suitsFollowers(request) { reads.append(request) } else { leader.append(request) }
    }

    private func suitsFollowers(_ request: PendingRequest) -> Bool {
        guard request.kind.suitsFollowers, !request.needsLeader, !followers.isEmpty else { return false }
        guard options.readsYourWrites, let seq else { return !options.readsYourWrites }
        // AFTER takes one request.
        return seq == 0 || request.count == 1
    }

    /// Whether another server may answer a request in place of an unreachable one.
    func canGoElsewhere(_ request: PendingRequest, from lane: Lane) -> Bool {
        if lane.isFollower { return true }
        return suitsFollowers(request) && followers.contains { $0.isReady || $0.isComing }
    }

    /// Makes sure that a deadline is noticed.
    func watch(_ deadline: Int) { pruneTime = min(pruneTime, deadline) }

    // MARK: A turn

    /// Does everything that can be done now.
    /// - Parameter isPruning: whether a task was cancelled.
    func advance(now: Int, isPruning: Bool) {
        if isPruning || pruneTime <= now { prune(now: now) }
        repeat {
            for lane in lanes { lane.settle(now: now) }
            distributeReads()
            for lane in lanes { lane.dispatch(now: now) }
        } while lanes.contains { $0.hasLoss }
        for feed in feeds { feed.advance(now: now) }
        feeds.removeAll(where: \.isOver)
    }

    /// The next time at which it must be advanced, whatever else happens.
    var nextMoment: Int {
        feeds.reduce(lanes.reduce(pruneTime) { min($0, $1.nextMoment) }) { min($0, $1.nextMoment) }
    }

    private func distributeReads() {
        var kept: [PendingRequest] = []
        while let request = reads.popFirst() {
            if request.isOver { continue }
            if !suitsFollowers(request) {
                leader.append(request)
            } else if let follower = nextReadyFollower() {
                follower.append(request)
            } else if leader.isFailing && followers.contains(where: { $0.isComing }) {
                kept.append(request)
            } else {
                leader.append(request)
            }
        }
        reads.prepend(kept)
    }

    private func nextReadyFollower() -> Lane? {
        for _ in followers {
            let lane = lanes[1 + nextFollower]
            nextFollower = (nextFollower + 1) % followers.count
            if lane.isReady { return lane }
        }
        return nil
    }

    private func prune(now: Int) {
        pruneTime = .max
        reads.forEach { request in
            if request.isCancelled {
                request.finish(.cancelled)
            } else if request.deadline <= now {
                request.finish(.timedOut(at: leader.address, after: request.call?.timeout ?? .zero))
            } else {
                watch(request.deadline)
            }
        }
        for lane in lanes { watch(lane.prune(now: now)) }
    }

    // MARK: What reads have to have in them

    /// Whether the leader is asked for the number of each change.
    var asksForSeq: Bool { options.readsYourWrites && !followers.isEmpty }

    /// The change that a follower must have before it answers; nil if any will do.
    var requiredSeq: UInt64? {
        guard options.readsYourWrites, let seq, seq > 0 else { return nil }
        return seq
    }

    func note(seq newest: UInt64) { seq = max(seq ?? 0, newest) }

    /// A change may have been made whose number is unknown: until the next number, only the leader is sure to have it.
    func forgetSeq() { seq = nil }

    /// Ends everything.
    func close() {
        for request in reads.takeAll() { request.finish(.closed) }
        for lane in lanes { lane.close() }
        for feed in feeds { feed.end(.closed) }
    }
}

/// The number of a client's requests in progress.
final class WaitingCount {
    var value = 0
}
