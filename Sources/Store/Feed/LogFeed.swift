// One reading of the log, of a follower or a feed of changes: where it begins, and then the files' bytes unchanged, first a snapshot's if
// needed, then the segments', up to the last change that may be sent. The log is the backlog: however slow the
// follower, it costs reads, and two chunks of 256 KiB of memory; to find the beginning, one chunk and the log's longest
// line.
//
// Fresh bytes are in the page cache, and are read on the reactor's thread without blocking. All others are read by the
// feed's worker, a chunk ahead of sending.

import Bytes
import Synchronization

/// Reads the log for one consumer. Used from the store's thread; its position is valid until the store is loaded again.
package final class LogFeed {
    /// The result of `next`.
    package enum Step: Equatable, Sendable {
        /// The first one: what to tell the follower. Nothing was appended.
        case start(FeedStart)
        /// Something was appended.
        case bytes
        /// The worker is busy; the store's `progress` is called when it is done.
        case waiting
        /// Everything that may be sent was appended.
        case atEnd
        /// Nothing more will come.
        case failed(FeedFailure)
    }

    /// What the worker gets and returns.
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

    /// Finds where a feed begins. Called by the worker.
    typealias Locator = @Sendable (FeedReader) throws(FeedFailure) -> (FeedStart, FeedSource)

    private let reader: FeedReader
    private let locate: Locator
    private let progress: @Sendable () -> Void
    private let work = Work()

    /// Whether the worker has a job, or has finished one that was not collected.
    private var isBusy = false
    /// Where the worker began its job, or else the feed's position.
    private var source: FeedSource?
    private var start: FeedStart?
    private var failure: FeedFailure?
    /// Bytes that the worker has read and nobody has taken.
    private var ready = ByteBuffer()

    /// This much of the log's end is read on the reactor's thread, if it is in the page cache.
    private static let nearSize = 1 << 20

    /// Whether the feed's beginning is known: nothing is sent before that.
    package var hasStarted: Bool { start == nil && source != nil }

    /// Whether the bytes so far end with a line, so that one of the leader's own may follow.
    package private(set) var isAtLineEnd = true

    init(_ reader: FeedReader, progress: @escaping @Sendable () -> Void, locate: @escaping Locator) {
        self.reader = reader
        self.locate = locate
        self.progress = progress
        submit()
    }

    /// Where the next bytes to be read begin: the number that names the segment, and the offset.
    var place: (segment: UInt64, offset: Int)? { source.map { ($0.segment.first, $0.segment.offset) } }

    /// Bytes of memory that are read and not taken.
    var heldSize: Int { ready.capacity }

    /// Bytes still to be appended, approximately; 0 until the feed's beginning is known.
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

    /// Takes the worker's result, and starts another read if much is left.
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
            try reader.worker().submit { [work, reader, locate, progress] in
                LogFeed.run(work, reader, locate)
                progress()
            }
        } catch {
            (failure, isBusy) = (.disk(error), false)
        }
    }

    private static func run(_ work: Work, _ reader: FeedReader, _ locate: Locator) {
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
                let located = try locate(reader)
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
