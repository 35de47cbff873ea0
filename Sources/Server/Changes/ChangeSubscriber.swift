// One consumer of changes: a connection that is a feed, or one CHANGES … LIMIT that waits for its reply.

import Bytes
import LogFormat
import Store
import Wire

/// A consumer of changes, as `ChangeHub` sees it.
final class ChangeSubscriber {
    enum State {
        /// Waits for a feed of its own.
        case queued
        /// Has a feed of its own.
        case behind(ChangeFeed)
        /// Shares the hub's feed.
        case live
        /// Its client takes nothing at the moment.
        case paused
        /// Gets nothing more: it was removed, or its reply is complete.
        case ended
    }

    /// What a CHANGES … LIMIT collects.
    struct Page {
        /// The largest number of changes in one reply.
        static let largestLimit = 10_000

        let limit: Int
        /// Whether it waits for the first change.
        let waits: Bool
        fileprivate(set) var count = 0
    }

    /// The form of its messages: consumers with the same prefix and form get the same bytes.
    struct Form: Hashable {
        let dialect: ReplyDialect
        /// Whether a message is an element of a reply.
        let isElement: Bool
        /// How HTTP has it; nil for the other dialects.
        let stream: StreamForm?
    }

    unowned let session: Session
    let prefix: [UInt8]
    let dialect: ReplyDialect
    /// How HTTP has its messages; nil for the other dialects.
    let stream: StreamForm?
    var state = State.queued
    /// Where it begins.
    private let start: ChangeToken
    /// Up to where it has every change; nil until the beginning is found.
    private(set) var position: ChainPosition?
    /// Where that is in the files.
    private(set) var place: ChangePlace?
    /// Why it has ended.
    var error: ReplyError?
    /// Whether the client has the reply to CHANGES, so that messages may follow.
    var isAnswered = false
    /// How often its feed had to begin again because files were removed.
    var attempts = 0
    /// nil for a feed.
    private(set) var page: Page?
    /// The messages of the page.
    private(set) var messages = ReplyWriter()
    /// When it last took something, in milliseconds of the monotonic clock, and how much it had taken then.
    private var lastMove = 0
    private var moved = -1

    /// - Parameter start: where it begins, as the client has said; nil for the newest change.
    init(
        _ session: Session, prefix: [UInt8], from start: ChangeToken?, dialect: ReplyDialect, stream: StreamForm? = nil,
        page: Page?
    ) {
        self.session = session
        self.prefix = prefix
        let newest = session.store.newestPlace
        self.start = start ?? .position(newest.position)
        if start == nil { (position, place) = (newest.position, newest) }
        self.dialect = dialect
        self.stream = stream
        self.page = page
        messages.dialect = dialect
    }

    var form: Form { Form(dialect: dialect, isElement: page != nil && dialect != .line, stream: stream) }

    /// Where a feed of its own begins.
    var token: ChangeToken { position.map { .position($0) } ?? start }

    /// Whether it has ended.
    var isEnded: Bool { if case .ended = state { true } else { false } }
    /// Whether it shares the hub's feed.
    var isLive: Bool { if case .live = state { true } else { false } }

    /// Bytes of memory in use.
    var heldSize: Int {
        var size = prefix.capacity + messages.buffer.capacity
        if case .behind(let feed) = state { size += feed.heldSize }
        return size
    }

    func move(to position: ChainPosition, at place: ChangePlace?) {
        assert(position.seq >= self.position?.seq ?? 0, "a feed goes back")
        (self.position, self.place) = (position, place)
    }

    /// The files were replaced.
    func forgetPlace() { place = nil }

    /// Whether it begins at a position.
    func begins(at position: ChainPosition) -> Bool { start == .position(position) || start == .seq(position.seq) }

    // MARK: Taking messages

    /// Whether it can take a message now.
    var canTake: Bool { page != nil || session.canTakePush }

    /// The largest size of a page, in bytes, not counting its last change.
    private static let pageSize = 1 << 20

    /// Takes a record that its own feed shows.
    /// - Parameter taken: called with the size of its message, if there is one.
    func take(_ record: borrowing ChangeRecord, taken: (Int) -> Void) -> ChangeFeed.Answer {
        guard page == nil else {
            let size = messages.buffer.count
            guard messages.message(record, of: prefix, in: form) else { return .more }
            page?.count += 1
            taken(messages.buffer.count - size)
            return isPageFull ? .enough : .more
        }
        var message = ReplyWriter()
        message.dialect = dialect
        guard message.message(record, of: prefix, in: form) else { return .more }
        guard session.push(message.buffer.bytes) else { return .refused }
        taken(message.buffer.count)
        return session.canTakePush ? .more : .enough
    }

    /// Takes a message of the hub's feed.
    /// - Returns: false if it is not taken.
    func take(_ message: Span<UInt8>) -> Bool {
        guard page == nil else {
            messages.buffer.append(message)
            page?.count += 1
            return true
        }
        return session.canTakePush && session.push(message)
    }

    var isPageFull: Bool {
        guard let page else { return false }
        return page.count >= page.limit || messages.buffer.count >= ChangeSubscriber.pageSize
    }

    /// Whether the page can be sent, as nothing more is there now.
    var isPageReady: Bool {
        guard let page else { return false }
        return page.count > 0 || !page.waits
    }

    /// Where the next page begins; nil if the beginning was not found in time. A position that the client has named need
    /// not be found for that.
    var next: ChainPosition? { position ?? start.position }

    /// Takes the messages of the page.
    func takeMessages() -> ReplyWriter {
        var messages = ReplyWriter()
        swap(&messages, &self.messages)
        return messages
    }

    /// Writes the reply of the page.
    func writePage(_ replies: inout ReplyQueue) {
        guard let position = next else { return replies.fail(.notFoundYet) }
        let messages = takeMessages()
        if replies.writer.isLine {
            replies.writer.message("next", position)
            replies.writer.buffer.append(messages.buffer.bytes)
            return replies.writer.endList()
        }
        replies.writer.list(2)
        replies.writer.token(position)
        replies.writer.list(page?.count ?? 0)
        replies.writer.buffer.append(messages.buffer.bytes)
    }

    /// Its client stops taking messages.
    func beginIdleness() { moved = -1 }

    /// How long its client has taken nothing, in milliseconds.
    func idleTime(_ now: Int) -> Int {
        let taken = session.takenSize
        if taken != moved || session.isBusy { (lastMove, moved) = (now, taken) }
        return now - lastMove
    }
}

extension Session {
    /// Whether a message may be appended to its replies: it runs no request, and its client takes what it gets.
    var canTakePush: Bool {
        state.isOpen && stream.isOpen && !isBusy && !isOutputFull
            && (!pool.isFull || charge <= MemoryLedger.tinySize)
    }

    /// Appends a message that answers no request.
    /// - Returns: false if there is no memory for it.
    func push(_ message: Span<UInt8>) -> Bool {
        if message.count >= Session.largeReplySize {
            guard pool.ask(message.count, .reply, for: self, waits: false) else { return false }
            charge += message.count
        }
        replies.push(message, committed: store.committed)
        turn.touch(self)
        return true
    }

    /// Bytes that its client has taken.
    var takenSize: Int { replies.sentSize - stream.unsentSize }

    /// Ends its feed.
    func endFeed() {
        guard let feed else { return }
        server.changes.remove(feed)
        self.feed = nil
        noteFeedSize()
    }

    /// Ends its feed, and tells the client why.
    func endFeed(because error: ReplyError) {
        guard let form = feed?.form else { return }
        endFeed()
        requestCounts.count(error)
        var message = ReplyWriter()
        message.dialect = form.dialect
        message.end(error, in: form)
        replies.push(message.buffer.bytes, committed: store.committed)
        if form.stream != nil { finish() }
    }

    /// Ends what reads changes for it, because the connection is closed.
    func forgetFeeds() {
        for subscriber in [feed, page] {
            if let subscriber { server.changes.remove(subscriber) }
        }
        (feed, page, feedSize, isFeedPaused) = (nil, nil, 0, false)
    }

    /// Updates the memory of its feeds.
    func noteFeedSize() {
        feedSize = (feed?.heldSize ?? 0) + (page?.heldSize ?? 0)
        turn.touch(self)
    }
}
