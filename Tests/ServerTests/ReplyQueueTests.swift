import Bytes
import Server
import Testing
import Wire

/// Replies that wait for followers, and those that have failed.
@Suite("The reply queue, where replies are kept apart")
struct ReplyQueueTests {
    /// A reply that is queued: its text, what it waits for, in which dialect it is.
    private struct Entry {
        let text: String
        let seq: UInt64
        var dialect = ReplyDialect.line
    }

    private func queue(_ entries: [Entry], committed: UInt64 = 0) -> ReplyQueue {
        var queue = ReplyQueue()
        queue.keepsApart = true
        for entry in entries { add(entry, to: &queue, committed: committed) }
        return queue
    }

    private func add(_ entry: Entry, to queue: inout ReplyQueue, committed: UInt64) {
        queue.begin(entry.dialect)
        queue.depends(on: entry.seq)
        queue.writer.text(entry.text)
        queue.end(committed: committed)
    }

    private func released(_ queue: borrowing ReplyQueue) -> String { String(queue.released) }

    private func error(_ seq: UInt64) -> ReplyError { ReplyError("late \(seq)", code: "UNACKED") }

    @Test("at every position, a reply that waited too long becomes an error, and those before and behind it stay")
    func everyPosition() {
        for position in 0..<5 {
            // Reads of nothing new, but for one change at `position`.
            let entries = (0..<5).map { Entry(text: "r\($0)", seq: $0 == position ? 7 : 0) }
            var queue = queue(entries)
            let before = (0..<position).map { "r\($0)\n" }.joined()
            #expect(released(queue) == before)
            let isExpired = queue.expire(from: 0, upTo: 7, before: .max, error: error)
            #expect(isExpired)
            let behind = (position + 1..<5).map { "r\($0)\n" }.joined()
            #expect(released(queue) == before + "ERROR: late 7\n" + behind)
            #expect(queue.awaited == 0)
            queue.removeReleased()
            let isEmpty = queue.isEmpty
            #expect(isEmpty)
        }
    }

    @Test(
        "when nothing more comes, each reply that waits becomes the error of its own change", arguments: [true, false])
    func failed(keepsApart: Bool) {
        var queue = ReplyQueue()
        queue.keepsApart = keepsApart
        var turns: [[Entry]] = [[Entry(text: "sent", seq: 0)], [Entry(text: "a", seq: 1), Entry(text: "b", seq: 2)]]
        turns.append([Entry(text: "c", seq: 3), Entry(text: "behind", seq: 0)])
        for turn in turns {
            for entry in turn { add(entry, to: &queue, committed: 0) }
            queue.endTurn(committed: 0)
        }
        let wasHeld = queue.failHeld { ReplyError($0 > 2 ? "not written" : "unknown") }
        #expect(wasHeld && queue.awaited == 0)
        #expect(
            released(queue)
                == "sent\nERROR: unknown\nERROR: unknown\nERROR: not written\nERROR: not written\n")
        queue.removeReleased()
        let isHeldAgain = queue.failHeld { _ in ReplyError("again") }
        #expect(!isHeldAgain && released(queue) == "")
    }

    @Test("only those that are old enough are given up, and nothing overtakes one that is not")
    func time() {
        var queue = queue([Entry(text: "a", seq: 1), Entry(text: "b", seq: 0), Entry(text: "c", seq: 2)])
        let isExpired = queue.expire(from: 0, upTo: 9, before: 0, error: error)
        #expect(!isExpired && released(queue) == "")
        queue.release(committed: 1)
        #expect(released(queue) == "a\nb\n")
        #expect(queue.awaited == 2)
    }

    @Test("one that waits for this server's disk is not given up, nor is one behind it")
    func disk() {
        var queue = queue([Entry(text: "a", seq: 1), Entry(text: "b", seq: 2), Entry(text: "c", seq: 1)])
        let isExpired = queue.expire(from: 0, upTo: 1, before: .max, error: error)
        #expect(isExpired && released(queue) == "ERROR: late 1\n")
        let isAgain = queue.expire(from: 0, upTo: 1, before: .max, error: error)
        #expect(!isAgain)
        queue.release(committed: 2)
        #expect(released(queue) == "ERROR: late 1\nb\nc\n")
    }

    @Test("one whose change is committed is true, although it waited behind another one")
    func committed() {
        // The read of an older change comes after a newer one.
        var queue = queue([Entry(text: "new", seq: 9), Entry(text: "old", seq: 5), Entry(text: "newer", seq: 10)])
        queue.release(committed: 5)
        #expect(released(queue) == "")
        let isExpired = queue.expire(from: 5, upTo: 9, before: .max, error: error)
        #expect(isExpired && released(queue) == "ERROR: late 9\nold\n")
        queue.release(committed: 10)
        #expect(released(queue) == "ERROR: late 9\nold\nnewer\n")
    }

    @Test("each error is in the dialect of its request")
    func dialects() {
        var queue = queue([
            Entry(text: "a", seq: 1, dialect: .resp2), Entry(text: "b", seq: 0), Entry(text: "c", seq: 2),
            Entry(text: "d", seq: 0, dialect: .resp3), Entry(text: "e", seq: 3, dialect: .resp3),
        ])
        let isExpired = queue.expire(from: 0, upTo: 3, before: .max, error: error)
        #expect(isExpired)
        #expect(
            released(queue) == "-UNACKED late 1\r\nb\nERROR: late 2\n$1\r\nd\r\n-UNACKED late 3\r\n")
        let counts = queue.takeCounts()
        #expect(counts.replies == 5 && counts.errors == 3)
    }

    @Test("replies go on behind those that were given up, and wait as before")
    func goesOn() {
        var queue = queue([Entry(text: "a", seq: 1)])
        _ = queue.expire(from: 0, upTo: 1, before: .max, error: error)
        add(Entry(text: "b", seq: 0), to: &queue, committed: 0)
        #expect(released(queue) == "ERROR: late 1\nb\n")
        add(Entry(text: "c", seq: 2), to: &queue, committed: 0)
        add(Entry(text: "d", seq: 0), to: &queue, committed: 0)
        #expect(released(queue) == "ERROR: late 1\nb\n" && queue.awaited == 2)
        queue.removeReleased()
        _ = queue.expire(from: 0, upTo: 2, before: .max, error: error)
        #expect(released(queue) == "ERROR: late 2\nd\n")
    }

    @Test("what is noted of replies that wait is counted, and given back once none waits")
    func memory() {
        var queue = queue((1...10_000).map { Entry(text: "OK", seq: UInt64($0)) })
        #expect(queue.capacity > 10_000 * (3 + 32))
        queue.release(committed: 9_999)
        #expect(queue.capacity > 10_000 * (3 + 32))
        queue.release(committed: 10_000)
        queue.removeReleased()
        #expect(queue.capacity <= 16 << 10)
    }

    @Test("a queue of two hundred thousand is given up, or released, in one go")
    func many() {
        var queue = queue((1...200_000).map { Entry(text: "OK", seq: UInt64($0)) })
        queue.release(committed: 100_000)
        #expect(queue.released.count == 300_000)
        let isExpired = queue.expire(from: 100_000, upTo: .max, before: .max, error: error)
        #expect(isExpired && queue.awaited == 0)
        #expect(queue.takeCounts().errors == 100_000)
    }
}
