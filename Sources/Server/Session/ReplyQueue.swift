// The replies of one connection, in the order of their requests. Each is held back until the change it depends on is
// committed, and holds back those behind it.
//
//     writer.buffer:  | released | held for seq 7 | held for seq 9 | this turn's region |
//                       sent at     marks                            endTurn turns it
//                       turn's end                                   into a mark

import Bytes
import Reactor
import Wire

/// Replies on their way to a client. Sizes are in bytes.
package struct ReplyQueue: ~Copyable {
    /// Appends to the reply that is being made.
    package var writer = ReplyWriter()

    package init() {}

    /// Bytes at the front that may be sent.
    private var releasedSize = 0
    /// Bytes that were sent since the connection began.
    private(set) var sentSize = 0
    private var marks: [Mark] = []
    /// Bytes that the marks take.
    private(set) var markSize = 0
    /// This turn's replies from the first on that has to wait.
    private var region = Mark(seq: 0, size: 0, replies: 0)
    /// What the reply that is being made depends on, and where it begins.
    private var dependency: UInt64 = 0
    private var start = 0
    private var counts = Counts()
    /// Whether each reply that is held has a mark of its own, so that it can be given up by itself.
    package var keepsApart = false
    /// Where errors are counted by their kind.
    var requestCounts: RequestCounts?

    /// Which replies are dropped instead of being sent.
    package enum Muting {
        case nothing
        case all
        case next
        case thisAndNext
    }

    private var muting = Muting.nothing

    /// Has replies dropped from the one on that is being made. Where all are dropped already, no more than that is.
    mutating func mute(_ muting: Muting) {
        if case .thisAndNext = muting, case .all = self.muting { return }
        self.muting = muting
    }

    /// Replies that wait for the same change.
    private struct Mark {
        /// 0 where they only wait for those before them.
        var seq: UInt64
        var size: Int
        var replies: Int
        /// How it is written.
        var dialect = ReplyDialect.line
        /// Since when it waits, as `time` of the queue.
        var since = 0
    }

    /// What has gone through the queue since it was last asked.
    package struct Counts {
        package var replies = 0
        package var errors = 0
        package var held = 0
        /// Requests that read and that change data.
        package var reads = 0
        package var writes = 0
    }

    /// The time, as far as it is known, in nanoseconds of the boot time. Whoever owns the queue sets it.
    package var time = 0

    /// Memory that is kept for the next replies.
    private static let keptSize = 16 << 10
    private static let keptMarks = 64

    /// Bytes of all replies that are not sent.
    var size: Int { writer.buffer.count }
    /// Whether everything is sent.
    package var isEmpty: Bool { writer.buffer.isEmpty }

    /// Notes that a request that reads data is being run.
    @inline(__always)
    mutating func noteRead() { counts.reads &+= 1 }

    /// Notes that a request that changes data is being run.
    /// - Returns: whether it is the first since the counts were taken.
    @inline(__always)
    mutating func noteWrite() -> Bool {
        counts.writes &+= 1
        return counts.writes == 1
    }

    /// Whether a request that changes data was run since the counts were taken.
    @inline(__always)
    var hasWritten: Bool { counts.writes > 0 }

    /// Whether each byte is accounted for once: released, behind a mark, or in this turn's region. Between replies it is.
    private var isAccounted: Bool {
        releasedSize + marks.reduce(0) { $0 + $1.size } + region.size == writer.buffer.count && dependency == 0
    }

    // MARK: Making a reply

    /// Begins a reply.
    package mutating func begin(_ dialect: ReplyDialect) {
        assert(dependency == 0, "a reply begins inside another")
        writer.dialect = dialect
        start = writer.buffer.count
    }

    /// Says that the reply may be sent only once the change `seq` is committed.
    package mutating func depends(on seq: UInt64) {
        if seq > dependency { dependency = seq }
    }

    /// Makes the reply an error. Never inlined, so that commands that hardly ever fail stay small.
    @inline(never)
    package mutating func fail(_ error: ReplyError) {
        counts.errors += 1
        requestCounts?.count(error)
        writer.error(error)
    }

    /// Drops what was written of the reply; another one can take its place.
    mutating func takeBack() {
        assert(start >= releasedSize, "what may be sent is taken back")
        writer.buffer.truncate(to: start)
        writer.forgetList()
        dependency = 0
    }

    /// Notes that the request that is being run, which reads data, is run again later.
    mutating func noteWait() { counts.reads = max(counts.reads - 1, 0) }

    /// Ends the reply, or a part of one that goes on later, and files it under the change that it depends on.
    package mutating func end(committed: UInt64, isComplete: Bool = true) {
        if muting != .nothing { drop(isComplete) }
        let size = writer.buffer.count - start
        assert(size >= 0, "a reply ends before it began")
        if isComplete { counts.replies += 1 }
        if dependency <= committed && region.size == 0 && marks.isEmpty {
            releasedSize += size
        } else if keepsApart {
            precondition(isComplete || size == 0, "half a reply that may have to become an error")
            if isComplete { fileApart(size, committed: committed) }
        } else {
            region.seq = max(region.seq, dependency)
            region.size += size
            if isComplete { region.replies += 1 }
        }
        dependency = 0
        start = writer.buffer.count
    }

    /// Drops what was written of a reply that nobody wants.
    @inline(never)
    private mutating func drop(_ isComplete: Bool) {
        takeBack()
        guard isComplete else { return }
        switch muting {
        case .nothing, .all: break
        case .next: muting = .nothing
        case .thisAndNext: muting = .next
        }
    }

    /// Where replies are kept apart they are made as a whole, so that an error can take the place of each.
    @inline(never)
    private mutating func fileApart(_ size: Int, committed: UInt64) {
        counts.held += 1
        let seq = dependency > committed ? dependency : 0
        if seq == 0, let last = marks.last, last.seq == 0 {
            marks[marks.count - 1].size += size
            marks[marks.count - 1].replies += 1
        } else {
            marks.append(Mark(seq: seq, size: size, replies: 1, dialect: writer.dialect, since: time))
            noteMarks()
        }
    }

    @inline(__always)
    private mutating func noteMarks() { markSize = marks.count &* MemoryLayout<Mark>.stride }

    private mutating func removeFirstMarks(_ count: Int) {
        marks.removeFirst(count)
        // Where there were many of them, their memory goes with the last.
        if marks.isEmpty, marks.capacity > ReplyQueue.keptMarks { marks = [] }
        noteMarks()
    }

    // MARK: Holding and releasing

    /// The change that the last held reply waits for; 0 where none is held. Counts replies from before this turn's end only.
    package var awaited: UInt64 {
        keepsApart ? marks.last { $0.seq > 0 }?.seq ?? (marks.isEmpty ? 0 : 1) : marks.last?.seq ?? 0
    }

    /// Since when the first of the held replies waits; 0 where none is held.
    var awaitedSince: Int { marks.first?.since ?? 0 }

    /// Turns this turn's held replies into a mark, where they still have to wait for more than `committed`.
    package mutating func endTurn(committed: UInt64) {
        assert(isAccounted, "bytes of replies are counted twice, or not at all")
        guard region.size > 0 else { return }
        let added = region
        region = Mark(seq: 0, size: 0, replies: 0)
        if added.seq <= committed && marks.isEmpty {
            releasedSize += added.size
            return
        }
        counts.held += added.replies
        if added.seq <= awaited {
            marks[marks.count - 1].size += added.size
            marks[marks.count - 1].replies += added.replies
        } else {
            marks.append(added)
            marks[marks.count - 1].since = time
            noteMarks()
        }
    }

    /// Lets go what waits for changes up to `committed`.
    /// - Parameter waited: told for what, since when and how many replies have waited together.
    package mutating func release(
        committed: UInt64, waited: (_ seq: UInt64, _ since: Int, _ replies: Int) -> Void = { _, _, _ in }
    ) {
        let count = marks.firstIndex { $0.seq > committed } ?? marks.count
        guard count > 0 else { return }
        for mark in marks[..<count] {
            releasedSize += mark.size
            waited(mark.seq, mark.since, mark.replies)
        }
        removeFirstMarks(count)
        assert(isAccounted, "bytes of replies are counted twice, or not at all")
    }

    /// Puts an error in the place of every reply at the front that has waited since before `time` for a change behind
    /// `committed`; those that wait for this server's disk, for more than `durable`, go on waiting, and so do those behind
    /// them. Only where replies are kept apart.
    /// - Parameters:
    ///   - time: as `time` of the queue.
    ///   - error: what is said of a change.
    /// - Returns: whether any reply is released.
    package mutating func expire(
        from committed: UInt64, upTo durable: UInt64, before time: Int, error: (UInt64) -> ReplyError
    ) -> Bool {
        let count = marks.firstIndex { $0.seq > committed && ($0.seq > durable || $0.since >= time) } ?? marks.count
        guard count > 0 else { return false }
        assert(keepsApart, "several replies would become one error")
        var held = ByteBuffer()
        held.append(writer.buffer.bytes.extracting(releasedSize..<writer.buffer.count))
        writer.buffer.truncate(to: releasedSize)
        var offset = 0
        for mark in marks[..<count] {
            if mark.seq <= committed {
                writer.buffer.append(held.bytes.extracting(offset..<offset + mark.size))
            } else {
                writer.dialect = mark.dialect
                fail(error(mark.seq))
            }
            offset += mark.size
        }
        removeFirstMarks(count)
        releasedSize = writer.buffer.count
        writer.buffer.append(held.bytes.extracting(offset..<held.count))
        return true
    }

    /// Puts an error in the place of every reply that will never be true.
    /// - Parameter error: what is said of a reply that waits for a change.
    /// - Returns: whether any was held.
    @discardableResult
    package mutating func failHeld(_ error: (UInt64) -> ReplyError) -> Bool {
        endTurn(committed: 0)
        guard !marks.isEmpty else { return false }
        writer.buffer.truncate(to: releasedSize)
        var seq: UInt64 = 0
        for mark in marks {
            // One without a change of its own waits for those before it.
            seq = max(seq, mark.seq)
            for _ in 0..<mark.replies { fail(error(seq)) }
        }
        removeFirstMarks(marks.count)
        releasedSize = writer.buffer.count
        return true
    }

    // MARK: Sending

    /// What may be sent.
    package var released: Span<UInt8> {
        @_lifetime(borrow self)
        get { writer.buffer.bytes.extracting(0..<releasedSize) }
    }

    /// Drops what was sent: all that may be, or the first bytes of it.
    package mutating func removeReleased(_ size: Int? = nil) {
        let size = size ?? releasedSize
        precondition(size <= releasedSize, "replies are sent whose changes are not committed")
        sentSize &+= size
        writer.buffer.removeFirst(size)
        writer.buffer.trim(above: ReplyQueue.keptSize)
        releasedSize &-= size
    }

    /// Bytes of memory that it takes.
    package var capacity: Int { writer.buffer.capacity &+ marks.capacity &* MemoryLayout<Mark>.stride }

    /// Gives back what is kept for the next replies, where none is on its way.
    mutating func trim() { writer.buffer.trim(above: 0) }

    /// Drops every reply: nobody takes them.
    mutating func forget() {
        writer.buffer.removeAll()
        writer.buffer.trim(above: 0)
        removeFirstMarks(marks.count)
        (region, releasedSize, start, dependency) = (Mark(seq: 0, size: 0, replies: 0), 0, 0, 0)
    }

    /// What has gone through since the last call.
    package mutating func takeCounts() -> Counts {
        defer { counts = Counts() }
        return counts
    }
}
