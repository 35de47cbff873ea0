// The replies of one connection, in the order of their requests. Each is held until the change that it depends on is
// committed, and holds back the later ones.
//
//     writer.buffer:  | released | held for seq 7 | held for seq 9 | this turn's region |
//                       sent at     marks                            endTurn turns it
//                       turn's end                                   into a mark

import Bytes
import Reactor
import Wire

/// Replies on their way to a client. Sizes are in bytes.
package struct ReplyQueue: ~Copyable {
    /// Encodes the current reply.
    package var writer = ReplyWriter()

    package init() {}

    /// Bytes at the front that may be sent.
    private var releasedSize = 0
    /// Bytes sent since the connection began.
    private(set) var sentSize = 0
    private var marks: [Mark] = []
    /// Bytes of memory of the marks.
    private(set) var markSize = 0
    /// This turn's replies from the first that has to wait.
    private var region = Mark(seq: 0, size: 0, replies: 0)
    /// The dependency of the current reply, and its first byte.
    private var dependency: UInt64 = 0
    private var start = 0
    private var counts = Counts()
    /// Whether each held reply has a mark of its own, so that an error can replace it alone.
    package var keepsApart = false
    /// The counters of errors by kind.
    var requestCounts: RequestCounts?
    /// The kind of the newest error, until it is set to nil.
    var lastFailure: String?

    /// The replies that are dropped instead of sent.
    package enum Muting {
        case nothing
        case all
        case next
        case thisAndNext
    }

    private var muting = Muting.nothing

    /// Drops replies from the current one on. No effect if all are dropped already.
    mutating func mute(_ muting: Muting) {
        if case .thisAndNext = muting, case .all = self.muting { return }
        self.muting = muting
    }

    /// Replies that depend on the same change.
    private struct Mark {
        /// 0 if they only wait for earlier replies.
        var seq: UInt64
        var size: Int
        var replies: Int
        /// The dialect of the replies.
        var dialect = ReplyDialect.line
        /// The beginning of the wait, as `time` of the queue.
        var since = 0
    }

    /// Counts since they were last taken.
    package struct Counts {
        package var replies = 0
        package var errors = 0
        package var held = 0
        /// Requests that read and requests that change data.
        package var reads = 0
        package var writes = 0
    }

    /// The current time in nanoseconds of the boot clock. The owner of the queue keeps it up to date.
    package var time = 0

    /// Memory that is kept for later replies.
    private static let keptSize = 16 << 10
    private static let keptMarks = 64

    /// Bytes of unsent replies.
    var size: Int { writer.buffer.count }
    /// Whether all replies are sent.
    package var isEmpty: Bool { writer.buffer.isEmpty }

    /// Counts a request that reads data.
    @inline(__always)
    mutating func noteRead() { counts.reads &+= 1 }

    /// Counts a request that changes data.
    /// - Returns: whether it is the first since the counts were taken.
    @inline(__always)
    mutating func noteWrite() -> Bool {
        counts.writes &+= 1
        return counts.writes == 1
    }

    /// Whether a request that changes data has run since the counts were taken.
    @inline(__always)
    var hasWritten: Bool { counts.writes > 0 }

    /// Whether each byte is counted once: as released, under a mark, or in this turn's region. Holds between replies.
    private var isAccounted: Bool {
        releasedSize + marks.reduce(0) { $0 + $1.size } + region.size == writer.buffer.count && dependency == 0
    }

    // MARK: Making a reply

    /// Begins a reply.
    package mutating func begin(_ dialect: ReplyDialect) {
        assert(dependency == 0, "a reply begins before the last one has ended")
        writer.dialect = dialect
        start = writer.buffer.count
    }

    /// Holds the reply until the change `seq` is committed.
    package mutating func depends(on seq: UInt64) {
        if seq > dependency { dependency = seq }
    }

    /// Makes the reply an error. Never inlined, to keep the commands small.
    @inline(never)
    package mutating func fail(_ error: ReplyError) {
        note(error)
        writer.error(error)
    }

    /// Counts an error whose reply somebody else writes.
    mutating func note(_ error: ReplyError) {
        counts.errors += 1
        lastFailure = error.kind
        requestCounts?.count(error)
    }

    /// Discards the bytes of the current reply, so that another one can be written.
    mutating func takeBack() {
        assert(start >= releasedSize, "released bytes are taken back")
        writer.buffer.truncate(to: start)
        writer.forgetList()
        dependency = 0
    }

    /// A reply that was taken out of the queue, to be given later.
    struct Taken {
        fileprivate let bytes: [UInt8]
        fileprivate let dependency: UInt64
    }

    /// The change that the current reply depends on so far; 0 if there is none.
    var currentDependency: UInt64 { dependency }

    /// Takes the current reply out.
    mutating func takeOut() -> Taken {
        let taken = Taken(
            bytes: Array(writer.buffer.bytes.extracting(start..<writer.buffer.count)), dependency: dependency)
        takeBack()
        return taken
    }

    /// Makes the current reply one that was taken out.
    mutating func putBack(_ taken: Taken) {
        writer.buffer.append(taken.bytes.span)
        depends(on: taken.dependency)
    }

    /// What a part of the current reply sets aside.
    struct Outer {
        fileprivate let start: Int
        fileprivate let dependency: UInt64
    }

    /// Bytes of the current reply, or of its current part.
    var currentSize: Int { writer.buffer.count - start }

    /// Begins an element of the current reply, which is a list: until `endPart`, `takeBack` discards the element alone.
    mutating func beginPart() -> Outer {
        let outer = Outer(start: start, dependency: dependency)
        (start, dependency) = (writer.buffer.count, 0)
        writer.isElement = true
        return outer
    }

    /// Ends the part. The whole reply depends on the newest change that a part depends on.
    mutating func endPart(_ outer: Outer) {
        (start, dependency) = (outer.start, max(outer.dependency, dependency))
        writer.isElement = false
    }

    /// Takes the bytes of the current part out. What they depend on stays.
    mutating func takePart() -> [UInt8] {
        let bytes = Array(writer.buffer.bytes.extracting(start..<writer.buffer.count))
        writer.buffer.truncate(to: start)
        writer.forgetList()
        return bytes
    }

    /// Uncounts a read request, which runs again later.
    mutating func noteWait() { counts.reads = max(counts.reads - 1, 0) }

    /// Ends the reply, or a part of one that continues later, and records its dependency.
    package mutating func end(committed: UInt64, isComplete: Bool = true) {
        if muting != .nothing { drop(isComplete) }
        let size = writer.buffer.count - start
        assert(size >= 0, "a reply ends before it began")
        if isComplete { counts.replies += 1 }
        if dependency <= committed && region.size == 0 && marks.isEmpty {
            releasedSize += size
        } else if keepsApart {
            precondition(isComplete || size == 0, "a part of a reply that an error may have to replace")
            if isComplete { fileApart(size, committed: committed) }
        } else {
            region.seq = max(region.seq, dependency)
            region.size += size
            if isComplete { region.replies += 1 }
        }
        dependency = 0
        start = writer.buffer.count
    }

    /// Appends a message that answers no request, behind the replies so far. Not while a reply is being made. Errors
    /// that replace the replies before it may drop it too (`failHeld`).
    package mutating func push(_ message: Span<UInt8>, committed: UInt64) {
        assert(dependency == 0, "a message inside a reply")
        endTurn(committed: committed)
        writer.buffer.append(message)
        start = writer.buffer.count
        if marks.isEmpty {
            releasedSize += message.count
        } else if keepsApart, let last = marks.last, last.seq > 0 {
            marks.append(Mark(seq: 0, size: message.count, replies: 0, dialect: writer.dialect, since: time))
            noteMarks()
        } else {
            marks[marks.count - 1].size += message.count
        }
        assert(isAccounted, "the sizes of the parts do not add up to the buffer's")
    }

    /// Drops the bytes of a muted reply.
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

    /// With separate marks each reply is written as a whole, so that an error can replace it.
    @inline(never)
    private mutating func fileApart(_ size: Int, committed: UInt64) {
        counts.held += 1
        let seq = dependency > committed ? dependency : 0
        if seq == 0, let last = marks.last, last.seq == 0, last.dialect == writer.dialect {
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
        // After many marks, free their array.
        if marks.isEmpty, marks.capacity > ReplyQueue.keptMarks { marks = [] }
        noteMarks()
    }

    // MARK: Holding and releasing

    /// The dependency of the last held reply; 0 if none is held. Covers only replies from before the end of this turn.
    package var awaited: UInt64 {
        keepsApart ? marks.last { $0.seq > 0 }?.seq ?? (marks.isEmpty ? 0 : 1) : marks.last?.seq ?? 0
    }

    /// Since when the first held reply has waited; 0 if none is held.
    var awaitedSince: Int { marks.first?.since ?? 0 }

    /// Turns this turn's held replies into a mark, if they depend on more than `committed`.
    package mutating func endTurn(committed: UInt64) {
        assert(isAccounted, "the sizes of the parts do not add up to the buffer's")
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

    /// Releases replies whose dependency is at most `committed`.
    /// - Parameter waited: called for each group with its dependency, the beginning of its wait, and its number of
    ///   replies.
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
        assert(isAccounted, "the sizes of the parts do not add up to the buffer's")
    }

    /// Replaces every reply at the front that has waited since before `time` for a change after `committed` with an
    /// error. Replies that wait for this server's disk, for a change after `durable`, keep waiting, and so do those
    /// behind them. Only with separate marks.
    /// - Parameters:
    ///   - time: as `time` of the queue.
    ///   - error: the error for a change.
    /// - Returns: whether any reply was released.
    package mutating func expire(
        from committed: UInt64, upTo durable: UInt64, before time: Int, error: (UInt64) -> ReplyError
    ) -> Bool {
        let count = marks.firstIndex { $0.seq > committed && ($0.seq > durable || $0.since >= time) } ?? marks.count
        guard count > 0 else { return false }
        assert(keepsApart, "an error would replace several replies")
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

    /// Replaces every reply whose change will never be committed with an error.
    /// - Parameter error: the error for a reply that waits for a change.
    /// - Returns: whether any reply was held.
    @discardableResult
    package mutating func failHeld(_ error: (UInt64) -> ReplyError) -> Bool {
        endTurn(committed: 0)
        guard !marks.isEmpty else { return false }
        writer.buffer.truncate(to: releasedSize)
        var seq: UInt64 = 0
        for mark in marks {
            // A reply without a dependency waits only for earlier ones.
            seq = max(seq, mark.seq)
            if keepsApart { writer.dialect = mark.dialect }
            for _ in 0..<mark.replies { fail(error(seq)) }
        }
        removeFirstMarks(marks.count)
        releasedSize = writer.buffer.count
        return true
    }

    // MARK: Sending

    /// The released bytes.
    package var released: Span<UInt8> {
        @_lifetime(borrow self)
        get { writer.buffer.bytes.extracting(0..<releasedSize) }
    }

    /// Removes sent bytes: all released ones, or a prefix of them.
    package mutating func removeReleased(_ size: Int? = nil) {
        let size = size ?? releasedSize
        precondition(size <= releasedSize, "more bytes sent than were released")
        sentSize &+= size
        writer.buffer.removeFirst(size)
        writer.buffer.trim(above: ReplyQueue.keptSize)
        releasedSize &-= size
    }

    /// Bytes of memory in use.
    package var capacity: Int { writer.buffer.capacity &+ marks.capacity &* MemoryLayout<Mark>.stride }

    /// Frees the buffers that are kept for later replies, if none is queued.
    mutating func trim() { writer.buffer.trim(above: 0) }

    /// Drops every reply; the connection is gone.
    mutating func forget() {
        writer.buffer.removeAll()
        writer.buffer.trim(above: 0)
        removeFirstMarks(marks.count)
        (region, releasedSize, start, dependency) = (Mark(seq: 0, size: 0, replies: 0), 0, 0, 0)
    }

    /// The counts since the last call.
    package mutating func takeCounts() -> Counts {
        defer { counts = Counts() }
        return counts
    }
}
