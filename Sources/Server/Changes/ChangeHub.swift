// The feeds of changes. Consumers that have everything so far share one reading of the log: each record is read once a
// turn, and its message is made once for those with the same prefix and dialect. Who comes from an older token, or takes
// its messages too slowly, has a reading of its own until it has caught up. So a slow consumer costs reads of the disk,
// and no memory.
//
//     queued ─> behind ─> live ─> ended          a page (CHANGES … LIMIT) ends as soon as it has something
//        ^         │        │
//        └──────── paused <─┘                    its client takes nothing

import Bytes
import LogFormat
import Logging
import Store
import Wire

/// The consumers of changes. Used on the loop's thread.
final class ChangeHub {
    /// Live consumers with the same prefix, by the form of their messages.
    private struct Group {
        var members: [ChangeSubscriber.Form: [ChangeSubscriber]] = [:]
    }

    /// Counters since the start.
    struct Counts {
        /// Records shown to consumers, those of the shared reading once.
        var records = 0
        /// Messages given to consumers, and their size in bytes.
        var messages = 0
        var bytes = 0
        /// Feeds that ended because their changes were compacted, and because their client took nothing.
        var compacted = 0
        var stalled = 0
    }

    /// Set once, when the server is assembled.
    private unowned var owner: Server?
    private var server: Server {
        guard let owner else { preconditionFailure("used before it is attached to a server") }
        return owner
    }
    private var subscribers: [ObjectIdentifier: ChangeSubscriber] = [:]
    /// Whether there are any. A plain property, because it is read each turn.
    private var isUsed = false
    /// The feed that all live subscribers share; nil without any.
    private var shared: ChangeFeed?
    private var prefixes = PrefixIndex()
    /// By the index of the prefix.
    private var groups: [Group] = []
    private var queue: [ChangeSubscriber] = []
    private var behind: [ChangeSubscriber] = []
    /// Live pages that have something.
    private var readyPages: [ChangeSubscriber] = []
    private var places = RecentPlaces()
    private(set) var counts = Counts()
    /// Whether a reading has stopped only because of a turn's limit.
    private(set) var hasMoreToDo = false
    private var ticks = 0
    /// Counts turns, so that another reading is the first each turn.
    private var round = 0
    /// The message that is being distributed.
    private var message = ReplyWriter()

    /// Bytes of the log that the shared reading, and all others together, look at in a turn.
    private static let turnSize = 1 << 20
    /// And one of the others.
    private static let stepSize = 256 << 10
    /// The number of readings beside the shared one.
    private static let behindLimit = 64
    /// How often a feed begins again because files are removed before it has read them.
    private static let attempts = 3
    /// How often each feed gets its position, in seconds.
    private static let markInterval = 5

    /// Attaches the hub to its server.
    func attach(to server: Server) { owner = server }

    private var store: Store { server.store }

    // MARK: Figures

    /// All consumers, and those that are not live.
    var count: Int { subscribers.count }
    var behindCount: Int { subscribers.values.count { !$0.isLive } }

    // MARK: Joining and leaving

    /// Adds a consumer. If it begins where the shared reading is, it is live at once.
    func add(_ subscriber: ChangeSubscriber) {
        (isUsed, hasMoreToDo) = (true, true)
        subscribers[ObjectIdentifier(subscriber)] = subscriber
        if let shared, let position = shared.position, subscriber.begins(at: position) {
            subscriber.move(to: position, at: shared.place)
            join(subscriber)
        } else {
            queue.append(subscriber)
        }
    }

    /// Removes a consumer, whatever it is doing.
    func remove(_ subscriber: ChangeSubscriber) {
        guard subscribers.removeValue(forKey: ObjectIdentifier(subscriber)) != nil else { return }
        leave(subscriber)
        subscriber.state = .ended
        if subscriber.page != nil, let place = subscriber.place { places.note(place) }
        isUsed = !subscribers.isEmpty
        if !isUsed { hasMoreToDo = false }
    }

    /// Takes a consumer off the list that it is on. A live one keeps its position.
    private func leave(_ subscriber: ChangeSubscriber) {
        switch subscriber.state {
        case .queued: queue.removeAll { $0 === subscriber }
        case .behind: behind.removeAll { $0 === subscriber }
        case .live: leaveGroup(subscriber)
        case .paused, .ended: break
        }
    }

    private func join(_ subscriber: ChangeSubscriber) {
        subscriber.state = .live
        let index = prefixes.index(of: subscriber.prefix) ?? addGroup(subscriber.prefix)
        groups[index].members[subscriber.form, default: []].append(subscriber)
    }

    private func addGroup(_ prefix: [UInt8]) -> Int {
        let index = prefixes.insert(prefix)
        groups.insert(Group(), at: index)
        return index
    }

    private func leaveGroup(_ subscriber: ChangeSubscriber) {
        guard let index = prefixes.index(of: subscriber.prefix), let shared else {
            preconditionFailure("a live consumer has no group")
        }
        if subscriber.position != shared.position, let position = shared.position {
            subscriber.move(to: position, at: shared.place)
        }
        let form = subscriber.form
        groups[index].members[form]?.removeAll { $0 === subscriber }
        if groups[index].members[form]?.isEmpty == true { groups[index].members[form] = nil }
        readyPages.removeAll { $0 === subscriber }
        guard groups[index].members.isEmpty else { return }
        groups.remove(at: index)
        prefixes.remove(at: index)
        if groups.isEmpty { self.shared = nil }
    }

    private var liveMembers: [ChangeSubscriber] { subscribers.values.filter(\.isLive) }

    // MARK: Each turn

    /// Shows what is committed now.
    @inline(__always)
    func advance() {
        if isUsed { show() }
    }

    private func show() {
        hasMoreToDo = false
        guard server.gate.isServing, store.isLoaded else { return }
        showShared()
        catchUp()
        startQueued()
    }

    // MARK: The shared reading

    private func showShared() {
        guard let feed = shared else { return }
        let (records, end) = (feed.recordCount, feed.readSize + ChangeHub.turnSize)
        var step = ChangeFeed.Step.enough
        while step == .enough, shared === feed {
            var left: [ChangeSubscriber] = []
            step = feed.advance(committed: store.committed, size: max(end - feed.readSize, 0)) { record in
                var full: [ChangeSubscriber] = []
                left = distribute(record, full: &full)
                // Those that took nothing leave before this record, full pages behind it.
                for subscriber in left { pause(subscriber) }
                left = full
                return full.isEmpty && shared === feed ? .more : .enough
            }
            for subscriber in left { endPage(subscriber) }
        }
        counts.records += feed.recordCount - records
        for subscriber in readyPages { endPage(subscriber) }
        switch step {
        case .enough, .paused: hasMoreToDo = true
        case .atEnd, .waiting: break
        case .failed: if shared === feed { beginAnew(liveMembers) }
        }
    }

    /// Gives a record to everybody whom it concerns.
    /// - Parameter full: gets the pages that are complete with it.
    /// - Returns: those that did not take it.
    private func distribute(
        _ record: borrowing ChangeRecord, full: inout [ChangeSubscriber]
    ) -> [ChangeSubscriber] {
        var found: Set<Int> = []
        record.visitChanges { change in
            if change.kind == .clear { return found.formUnion(groups.indices) }
            prefixes.visitMatches(of: change.key) { found.insert($0) }
        }
        // Who gets the log's own lines gets each of them.
        if let rawGroup { found.insert(rawGroup) }
        var refused: [ChangeSubscriber] = []
        for index in found {
            for (form, members) in groups[index].members {
                message.buffer.removeAll()
                message.dialect = form.dialect
                guard message.message(record, of: prefixes.prefixes[index], in: form) else { continue }
                for member in members {
                    guard member.take(message.buffer.bytes) else {
                        refused.append(member)
                        continue
                    }
                    count(message.buffer.count)
                    guard let page = member.page else { continue }
                    if member.isPageFull { full.append(member) } else if page.count == 1 { readyPages.append(member) }
                }
            }
        }
        message.buffer.trim(above: ChangeHub.keptSize)
        return refused
    }

    /// The group in which somebody gets the log's own lines; nil if nobody does.
    private var rawGroup: Int? {
        prefixes.index(of: []).flatMap { index in
            groups[index].members.keys.contains { $0.stream?.isRaw == true } ? index : nil
        }
    }

    /// Memory that is kept for the next message.
    private static let keptSize = 64 << 10

    private func count(_ size: Int) {
        counts.messages += 1
        counts.bytes += size
    }

    // MARK: The others

    /// A step of each reading that is behind.
    private func catchUp() {
        guard !behind.isEmpty else { return }
        var left = ChangeHub.turnSize
        var held = behind.reduce(0) { $0 + $1.heldSize }
        let all = behind
        let first = round % all.count
        round &+= 1
        for subscriber in all[first...] + all[..<first] {
            guard left > 0 else {
                hasMoreToDo = true
                return
            }
            guard case .behind(let feed) = subscriber.state else { continue }
            // Records may be large: where readings hold much, only the first of them goes on.
            guard subscriber === behind.first || held <= server.pool.turnSize else { continue }
            let (records, size) = (feed.recordCount, feed.readSize)
            held -= subscriber.heldSize
            catchUp(subscriber, feed, upTo: min(left, ChangeHub.stepSize))
            held += subscriber.heldSize
            counts.records += feed.recordCount - records
            left -= feed.readSize - size
        }
    }

    private func catchUp(_ subscriber: ChangeSubscriber, _ feed: ChangeFeed, upTo size: Int) {
        guard subscriber.isAnswered || subscriber.page != nil else { return locate(subscriber, feed) }
        guard subscriber.canTake else { return pause(subscriber) }
        let step = feed.advance(committed: store.committed, size: size) { record in
            subscriber.take(record) { count($0) }
        }
        if let position = feed.position {
            subscriber.move(to: position, at: feed.place)
            subscriber.attempts = 0
        }
        subscriber.session.noteFeedSize()
        switch step {
        case .enough: if subscriber.isPageFull { endPage(subscriber) } else { pause(subscriber) }
        case .paused: hasMoreToDo = true
        case .waiting: break
        case .atEnd: endCatchUp(subscriber, feed)
        case .failed(let failure): fail(subscriber, failure)
        }
    }

    /// Finds where a feed begins, which its client is told before any change.
    private func locate(_ subscriber: ChangeSubscriber, _ feed: ChangeFeed) {
        guard subscriber.position == nil else { return }
        let step = feed.advance(committed: 0, size: 0) { _ in .refused }
        if case .failed(let failure) = step { return fail(subscriber, failure) }
        guard let position = feed.position else { return }
        subscriber.move(to: position, at: feed.place)
        wake(subscriber)
    }

    /// A reading has shown everything: its consumer becomes live, unless the shared reading is not there yet.
    private func endCatchUp(_ subscriber: ChangeSubscriber, _ feed: ChangeFeed) {
        if subscriber.isPageReady { return endPage(subscriber) }
        guard shared == nil || shared?.position == feed.position else { return }
        if shared == nil { shared = feed }
        leave(subscriber)
        join(subscriber)
        subscriber.session.noteFeedSize()
        mark(subscriber)
    }

    /// Begins readings for those that wait for one, the oldest token first.
    private func startQueued() {
        guard !queue.isEmpty, behind.count < ChangeHub.behindLimit else { return }
        queue.sort { $0.token.seq < $1.token.seq }
        let starting = queue.prefix(ChangeHub.behindLimit - behind.count)
        queue.removeFirst(starting.count)
        for subscriber in starting {
            if let shared, let position = subscriber.position, shared.position == position, subscriber.isAnswered {
                join(subscriber)
                continue
            }
            let place = subscriber.place ?? places[subscriber.token]
            subscriber.state = .behind(store.changes(from: subscriber.token, at: place))
            behind.append(subscriber)
        }
    }

    private func mark(_ subscriber: ChangeSubscriber) {
        guard subscriber.page == nil, let position = shared?.position else { return }
        var mark = ReplyWriter()
        mark.dialect = subscriber.dialect
        mark.message("at", position, in: subscriber.form)
        if subscriber.take(mark.buffer.bytes) { count(mark.buffer.count) } else { pause(subscriber) }
    }

    // MARK: Pausing

    /// Stops a feed whose client takes nothing at the moment. Nothing is held for it but its position.
    private func pause(_ subscriber: ChangeSubscriber) {
        leave(subscriber)
        subscriber.state = .paused
        subscriber.beginIdleness()
        // Without memory, it tries again a second later.
        subscriber.session.isFeedPaused = !subscriber.session.canTakePush
        subscriber.session.noteFeedSize()
    }

    /// Continues a feed whose client takes messages again.
    func resume(_ subscriber: ChangeSubscriber) {
        guard case .paused = subscriber.state else { return }
        subscriber.session.isFeedPaused = false
        subscriber.state = .queued
        queue.append(subscriber)
        hasMoreToDo = true
    }

    /// Makes consumers look for their positions again: files were removed or replaced.
    private func beginAnew(_ subscribers: [ChangeSubscriber]) {
        for subscriber in subscribers {
            leave(subscriber)
            subscriber.forgetPlace()
            subscriber.state = .queued
            queue.append(subscriber)
        }
        hasMoreToDo = true
    }

    /// The data set is loaded again: its files were replaced.
    func beginAnew() {
        guard isUsed else { return }
        places.removeAll()
        for subscriber in subscribers.values { subscriber.forgetPlace() }
        beginAnew(subscribers.values.filter { if case .paused = $0.state { false } else { true } })
    }

    // MARK: Ends

    /// Sends the reply of a page.
    private func endPage(_ subscriber: ChangeSubscriber) {
        remove(subscriber)
        wake(subscriber)
    }

    private func wake(_ subscriber: ChangeSubscriber) { server.turn.add(subscriber.session, to: .deferred) }

    private func fail(_ subscriber: ChangeSubscriber, _ failure: FeedFailure) {
        if failure == .removed, subscriber.attempts < ChangeHub.attempts {
            subscriber.attempts += 1
            return beginAnew([subscriber])
        }
        if case .compacted = failure { counts.compacted += 1 }
        end(subscriber, because: server.error(for: failure, from: subscriber.token))
    }

    /// Ends a consumer with an error, which is the reply to its request if that is still awaited.
    func end(_ subscriber: ChangeSubscriber, because error: ReplyError) {
        subscriber.error = error
        remove(subscriber)
        guard subscriber.isAnswered else { return wake(subscriber) }
        subscriber.session.endFeed(because: error)
    }

    /// Ends everything, at the server's end: pages get their replies as they are, feeds get nothing more.
    func close() {
        for subscriber in subscribers.values {
            remove(subscriber)
            if subscriber.isAnswered {
                subscriber.session.feed = nil
                subscriber.session.noteFeedSize()
            } else {
                if subscriber.position == nil { subscriber.error = .stopping }
                wake(subscriber)
            }
        }
    }

    // MARK: Each second

    /// Sends each feed its position now and then, and ends those whose clients take nothing.
    /// - Parameter now: in milliseconds of the monotonic clock.
    func tick(at now: Int) {
        guard isUsed else { return }
        ticks += 1
        for subscriber in subscribers.values where subscriber.page == nil && subscriber.isAnswered {
            switch subscriber.state {
            case .paused: tick(paused: subscriber, at: now)
            case .live where subscriber.session.peerHasEnded: probe(subscriber)
            case .live where ticks % ChangeHub.markInterval == 0: mark(subscriber)
            case .live, .queued, .behind, .ended: break
            }
        }
    }

    /// A client that is gone looks like one that has only ended its side until it is sent something.
    private func probe(_ subscriber: ChangeSubscriber) {
        if subscriber.session.isPeerGone { subscriber.session.close() } else { mark(subscriber) }
    }

    private func tick(paused subscriber: ChangeSubscriber, at now: Int) {
        let session = subscriber.session
        if subscriber.idleTime(now) >= server.limits.feedIdleTime {
            counts.stalled += 1
            session.drop(
                "it takes nothing of its feed of changes",
                [("unsent", session.outputSize), ("milliseconds", server.limits.feedIdleTime)])
        } else if session.canTakePush {
            resume(subscriber)
        }
    }
}
