// One follower's way through the log: where it begins, and then the very bytes of the files, first a snapshot's where it needs
// one, then the segments', up to the last change that may be sent. The log is the backlog: however slow the follower is,
// it costs reads, and two chunks of 256 KiB of memory; to find where it begins, one chunk and the log's longest line.
//
// What was just written is in the page cache, and is read on the reactor's thread without waiting. All else is read on a
// thread of the feed's own, a chunk ahead of what is being sent.

import Bytes
import Synchronization

/// Reads the log for one follower. Used from the store's thread; what it has found stays valid until the store is loaded again.
package final class LogFeed {
    /// What `next` has come to.
    package enum Step: Equatable, Sendable {
        /// The first one: what to tell the follower. Nothing was appended.
        case start(FeedStart)
        /// Something was appended.
        case bytes
        /// The thread is busy; the store's `progress` is called when it is done.
        case waiting
        /// Everything that may be sent was appended.
        case atEnd
        /// Nothing more will come.
        case failed(FeedFailure)
    }

    /// What the thread is given and gives back.
    private struct Mailbox: ~Copyable, Sendable {
        var bytes = ByteBuffer()
        var source: FeedSource?
        var start: FeedStart?
        var failure: FeedFailure?
        var isDone = false
    }

    private final class Work: Sendable {
        let mailbox = Mutex(Mailbox())
    }

    private let reader: FeedReader
    private let hello: FollowerHello
    private let progress: @Sendable () -> Void
    private let work = Work()

    /// Whether the thread has a job, or has done one that was not looked at.
    private var isBusy = false
    /// Where the thread began its job, or else where the feed is.
    private var source: FeedSource?
    private var start: FeedStart?
    private var failure: FeedFailure?
    /// What the thread has read and nobody has taken.
    private var ready = ByteBuffer()

    /// As much of the log's end is read on the reactor's thread, if it is in the page cache.
    private static let nearSize = 1 << 20

    /// Whether it is known where the feed begins: nothing is sent before that.
    package var hasStarted: Bool { start == nil && source != nil }

    /// Whether what was appended so far ends with a line, so that one of the leader's own may follow.
    package private(set) var isAtLineEnd = true

    init(_ reader: FeedReader, for hello: FollowerHello, progress: @escaping @Sendable () -> Void) {
        self.reader = reader
        self.hello = hello
        self.progress = progress
        submit()
    }

    /// Bytes that are still to be appended, about; 0 until it is known where the feed begins.
    package var remainingSize: Int {
        ready.count + (source?.remainingSize(until: reader.limit) ?? 0)
    }

    /// The newest change that may be sent.
    package var newestSeq: UInt64 { reader.limit.seq }

    /// Appends up to `size` bytes, at least 1, of what comes next.
    package func next(_ buffer: inout ByteBuffer, upTo size: Int) -> Step {
        if isBusy && ready.isEmpty { collect() }
        if let start = start.take() { return .start(start) }
        if !ready.isEmpty {
            let count = min(size, ready.count)
            buffer.append(ready.bytes.extracting(0..<count))
            ready.removeFirst(count)
            return appended(to: buffer)
        }
        if isBusy { return .waiting }
        if let failure { return .failed(failure) }
        return readAtOnce(&buffer, upTo: size)
    }

    private func appended(to buffer: borrowing ByteBuffer) -> Step {
        assert(!buffer.isEmpty, "nothing was appended")
        isAtLineEnd = buffer.bytes[buffer.count - 1] == UInt8(ascii: "\n")
        return .bytes
    }

    private func readAtOnce(_ buffer: inout ByteBuffer, upTo size: Int) -> Step {
        let limit = reader.limit
        guard let segment = source?.segment, source?.isNear(limit, within: LogFeed.nearSize) == true else {
            submit()
            return .waiting
        }
        let left = limit.offset - segment.offset
        precondition(left >= 0, "a follower was sent more than may be sent")
        guard left > 0 else {
            ready.trim(above: 0)
            return .atEnd
        }
        guard let count = segment.file.readCached(min(size, left), at: segment.offset, into: &buffer), count > 0 else {
            submit()
            return .waiting
        }
        source?.segment.offset += count
        return appended(to: buffer)
    }

    /// Takes what the thread has done, and lets it read on where there is much to read.
    private func collect() {
        work.mailbox.withLock { mailbox in
            guard mailbox.isDone else { return }
            mailbox.isDone = false
            swap(&mailbox.bytes, &ready)
            source = mailbox.source
            start = mailbox.start.take()
            failure = mailbox.failure
            isBusy = false
        }
        guard !isBusy, failure == nil, let source else { return }
        if !source.isNear(reader.limit, within: LogFeed.nearSize) { submit() }
    }

    private func submit() {
        assert(!isBusy, "a feed reads twice at a time")
        isBusy = true
        work.mailbox.withLock { $0.source = source }
        do throws(StoreError) {
            // It ends with this job: most of the time a feed needs no thread.
            try reader.background.startForStorage("feed").submit { [work, reader, hello, progress] in
                LogFeed.run(work, reader, hello)
                progress()
            }
        } catch {
            (failure, isBusy) = (.disk(error), false)
        }
    }

    private static func run(_ work: Work, _ reader: FeedReader, _ hello: FollowerHello) {
        var bytes = ByteBuffer()
        var source = work.mailbox.withLock { mailbox in
            swap(&mailbox.bytes, &bytes)
            return mailbox.source
        }
        var (start, failure): (FeedStart?, FeedFailure?) = (nil, nil)
        do throws(FeedFailure) {
            if var known = source {
                defer { source = known }
                try reader.fill(&bytes, from: &known)
            } else {
                let located = try reader.locate(hello)
                (start, source) = (located.0, located.1)
            }
        } catch {
            failure = error
        }
        work.mailbox.withLock { mailbox in
            swap(&mailbox.bytes, &bytes)
            (mailbox.source, mailbox.start, mailbox.failure, mailbox.isDone) = (source, start, failure, true)
        }
    }
}
