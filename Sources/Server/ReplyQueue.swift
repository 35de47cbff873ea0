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
struct ReplyQueue: ~Copyable {
    /// Appends to the reply that is being made.
    var writer = ReplyWriter()

    /// Bytes at the front that may be sent.
    private var releasedSize = 0
    private var marks: [Mark] = []
    /// This turn's replies from the first on that has to wait.
    private var region = Mark(seq: 0, size: 0, replies: 0)
    /// What the reply that is being made depends on, and where it begins.
    private var dependency: UInt64 = 0
    private var start = 0
    private var counts = Counts()
    /// Whether each reply that is held has a mark of its own, so that it can be given up by itself.
    var keepsApart = false

    /// Replies that wait for the same change.
    private struct Mark {
        /// 0 where they only wait for those before them.
        var seq: UInt64
        var size: Int
        var replies: Int
        /// Where it is kept apart: how it is written, and since when it waits, in milliseconds of the monotonic clock.
        var dialect = ReplyDialect.line
        var time = 0
    }

    /// What has gone through the queue since it was last asked.
    struct Counts {
        var replies = 0
        var errors = 0
        var held = 0
    }

    /// Memory that is kept for the next replies.
    private static let keptSize = 16 << 10

    /// Bytes of all replies that are not sent.
    var size: Int { writer.buffer.count }
    var isEmpty: Bool { writer.buffer.isEmpty }

    // MARK: Making a reply

    /// Begins a reply.
    mutating func begin(_ dialect: ReplyDialect) {
        writer.dialect = dialect
        start = writer.buffer.count
    }

    /// Says that the reply may be sent only once the change `seq` is committed.
    mutating func depends(on seq: UInt64) {
        if seq > dependency { dependency = seq }
    }

    mutating func fail(_ error: ReplyError) {
        counts.errors += 1
        writer.error(error)
    }

    /// Ends the reply, or a part of one that goes on later, and files it under the change that it depends on.
    mutating func end(committed: UInt64, isComplete: Bool = true) {
        let size = writer.buffer.count - start
        if isComplete { counts.replies += 1 }
        if dependency <= committed && region.size == 0 && marks.isEmpty {
            releasedSize += size
        } else if keepsApart {
            fileApart(size, replies: isComplete ? 1 : 0)
        } else {
            region.seq = max(region.seq, dependency)
            region.size += size
            if isComplete { region.replies += 1 }
        }
        dependency = 0
        start = writer.buffer.count
    }

    @inline(never)
    private mutating func fileApart(_ size: Int, replies: Int) {
        counts.held += replies
        marks.append(
            Mark(
                seq: dependency, size: size, replies: replies, dialect: writer.dialect,
                time: MonotonicClock.milliseconds))
    }

    // MARK: Holding and releasing

    /// The change that the last held reply waits for; 0 where none is held. Counts replies from before this turn's end only.
    var awaited: UInt64 {
        keepsApart ? marks.last { $0.seq > 0 }?.seq ?? (marks.isEmpty ? 0 : 1) : marks.last?.seq ?? 0
    }

    /// Turns this turn's held replies into a mark, where they still have to wait for more than `committed`.
    mutating func endTurn(committed: UInt64) {
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
        }
    }

    /// Lets go what waits for changes up to `committed`.
    mutating func release(committed: UInt64) {
        while let first = marks.first, first.seq <= committed {
            releasedSize += first.size
            marks.removeFirst()
        }
    }

    /// Puts an error in the place of every reply at the front that has waited since before `time`, and does not wait for
    /// this server's disk: for `durable` or less. Only where replies are kept apart.
    /// - Parameters:
    ///   - time: in milliseconds of the monotonic clock.
    ///   - error: what is said of a change.
    /// - Returns: whether there was any.
    mutating func expire(durable: UInt64, before time: Int, error: (UInt64) -> ReplyError) -> Bool {
        guard let first = marks.first, first.time < time, first.seq <= durable else { return false }
        var rest = ByteBuffer()
        rest.append(writer.buffer.bytes.extracting(releasedSize..<writer.buffer.count))
        writer.buffer.truncate(to: releasedSize)
        var offset = 0
        while let mark = marks.first, mark.seq == 0 || mark.time < time && mark.seq <= durable {
            if mark.seq == 0 {
                writer.buffer.append(rest.bytes.extracting(offset..<offset + mark.size))
            } else {
                writer.dialect = mark.dialect
                fail(error(mark.seq))
            }
            offset += mark.size
            marks.removeFirst()
        }
        releasedSize = writer.buffer.count
        writer.buffer.append(rest.bytes.extracting(offset..<rest.count))
        return true
    }

    /// Puts an error in the place of every reply that will never be true.
    mutating func failHeld(_ error: ReplyError) {
        endTurn(committed: 0)
        let replies = marks.reduce(0) { $0 + $1.replies }
        marks.removeAll()
        writer.buffer.truncate(to: releasedSize)
        for _ in 0..<replies { fail(error) }
        releasedSize = writer.buffer.count
    }

    // MARK: Sending

    /// What may be sent.
    var released: Span<UInt8> {
        @_lifetime(borrow self)
        get { writer.buffer.bytes.extracting(0..<releasedSize) }
    }

    /// Drops what was sent.
    mutating func removeReleased() {
        writer.buffer.removeFirst(releasedSize)
        writer.buffer.trim(above: ReplyQueue.keptSize)
        releasedSize = 0
    }

    /// What has gone through since the last call.
    mutating func takeCounts() -> Counts {
        defer { counts = Counts() }
        return counts
    }
}
