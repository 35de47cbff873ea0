// One reading of the log, of a follower or a feed of changes: where it begins, and then the files' bytes unchanged, first a snapshot's if
// needed, then the segments', up to the last change that may be sent. The log is the backlog: however slow the
// follower, it costs reads, and two chunks of 256 KiB of memory; to find the beginning, one chunk and the log's longest
// line.
//
// The newest bytes are in memory (`RecentLog`) and are copied on the reactor's thread. All others are read by the feed's
// worker, a chunk ahead of sending; the job that finds the beginning reads a little more.

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

    /// Where a feed begins: what to tell its reader, and the first byte's segment and offset.
    private struct Start {
        let line: FeedStart
        let segment: UInt64
        let offset: Int
    }

    /// What the worker gets and returns.
    private struct Mailbox: ~Copyable, Sendable {
        var bytes = ByteBuffer()
        var source: FeedSource?
        var start: Start?
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
    private var start: Start?
    private var failure: FeedFailure?
    /// Bytes that the worker has read and nobody has taken.
    private var ready = ByteBuffer()

    /// What is read together with the beginning: enough for who asks often for the newest changes, and little memory for
    /// many that begin far behind.
    private static let firstSize = 32 << 10

    /// Whether the feed's beginning is known: nothing is sent before that.
    package var hasStarted: Bool { start == nil && source != nil }

    /// Whether the bytes so far end with a line, so that one of the leader's own may follow.
    package private(set) var isAtLineEnd = true

    init(_ reader: FeedReader, progress: @escaping @Sendable () -> Void, locate: @escaping Locator) {
        self.reader = reader
        self.locate = locate
        self.progress = progress
        reader.writer.recent.join()
        submit()
    }

    deinit { reader.writer.recent.leave() }

    /// Where the bytes begin, from the step `start` on: the number that names the segment, and the offset.
    private(set) var beginning: (segment: UInt64, offset: Int)?

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
        if let start = start.take() {
            beginning = (start.segment, start.offset)
            return .start(start.line)
        }
        if !ready.isEmpty {
            let count = min(size, ready.count)
            buffer.append(ready.bytes.extracting(0..<count))
            ready.removeFirst(count)
            return appended(to: buffer)
        }
        if isBusy { return .waiting }
        if let failure { return .failed(failure) }
        return readRecent(&buffer, upTo: size)
    }

    private func appended(to buffer: borrowing ByteBuffer) -> Step {
        assert(!buffer.isEmpty, "nothing was appended")
        isAtLineEnd = buffer.bytes[buffer.count - 1] == UInt8(ascii: "\n")
        return .bytes
    }

    private func readRecent(_ buffer: inout ByteBuffer, upTo size: Int) -> Step {
        if let segment = source?.segment, let left = source?.sizeInSegment(until: reader.limit) {
            precondition(left >= 0, "a follower was sent more than may be sent")
            guard left > 0 else {
                ready.trim(above: 0)
                return .atEnd
            }
            let count = reader.writer.recent.read(min(size, left), at: segment.place, into: &buffer)
            source?.segment.offset += count
            if count > 0 { return appended(to: buffer) }
        }
        submit()
        return .waiting
    }

    /// Takes the worker's result, and starts another read if what comes next is only in the files.
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
        guard !isBusy, failure == nil, start == nil, let source else { return }
        let left = source.sizeInSegment(until: reader.limit)
        let isRecent = left != nil && (left == 0 || reader.writer.recent.has(source.segment.place))
        if !isRecent { submit() }
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
        var (start, failure): (Start?, FeedFailure?) = (nil, nil)
        do throws(FeedFailure) {
            var size = FeedReader.chunkSize
            if source == nil {
                let (line, located) = try locate(reader)
                start = Start(line: line, segment: located.segment.first, offset: located.segment.offset)
                (source, size) = (located, LogFeed.firstSize)
            }
            guard var known = source else { preconditionFailure("a feed is located and nowhere") }
            defer { source = known }
            try reader.fill(&bytes, upTo: size, from: &known)
        } catch {
            failure = error
        }
        work.mailbox.withLock { mailbox in
            swap(&mailbox.bytes, &bytes)
            (mailbox.source, mailbox.start, mailbox.failure, mailbox.isDone) = (source, start, failure, true)
        }
    }
}
