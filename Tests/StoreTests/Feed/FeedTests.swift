// A feed as its reader sees it: what is sent when, from the page cache or by the worker, and what it does when files
// are removed.

import Bytes
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("A feed of the log")
struct FeedTests {
    /// Everything that a feed returns until it is at its end, or fails.
    private func drain(_ feed: LogFeed, _ opened: OpenedStore, size: Int = 70_000) -> ([UInt8], [LogFeed.Step]) {
        var buffer = ByteBuffer()
        var steps: [LogFeed.Step] = []
        while true {
            let before = buffer.count
            let step = feed.next(&buffer, upTo: size)
            #expect(buffer.count - before <= size)
            if step == .bytes {
                #expect(buffer.count > before)
                #expect(feed.isAtLineEnd == (buffer.bytes[buffer.count - 1] == UInt8(ascii: "\n")))
                continue
            }
            #expect(buffer.count == before)
            if step == .waiting {
                opened.progress.wait()
                continue
            }
            steps.append(step)
            if case .start = step { continue }
            return (Array(buffer.bytes), steps)
        }
    }

    private func empty(_ history: String = "none") -> FollowerHello {
        FollowerHello(history: history, position: .start, checkpoints: [])
    }

    @Test("nothing is sent before it is durable, and no preallocated space is sent", arguments: Durability.allCases)
    func shippable(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, durability, disk: LocalDisk())
            let feed = opened.store.feed(for: empty())
            #expect(drain(feed, opened).1 == [.start(.continues(.start)), .atEnd])
            opened.set("a", "1")
            #expect(drain(feed, opened).1 == [.atEnd])
            try opened.commit()
            let (bytes, _) = drain(feed, opened)
            let lines = String(decoding: bytes, as: UTF8.self)
            // Without a durable line: the segment's header claims as much.
            #expect(lines.hasPrefix("{\"seq\":1,") && lines.hasSuffix("\"}\n") && !lines.contains("\n\n"))
            #expect(lines.split(separator: "\n").count == 1)
            #expect(feed.isAtLineEnd && feed.remainingSize == 0 && feed.newestSeq == 1)
            try opened.close()
        }
    }

    @Test("whole segments and the open one come one after the other, byte for byte, in chunks of any size")
    func segments() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, .never, segmentSize: 300_000, disk: LocalDisk())
            for number in 0..<20_000 {
                opened.set("key \(number)", "value \(number)")
                if number % 100 == 0 { try opened.commit() }
            }
            try opened.commit()
            let files = LogFiles(folder)
            var expected: [UInt8] = []
            for name in try files.segments { expected += try files.read(name) }
            for size in [1 << 20, 300_001, 997] {
                let feed = opened.store.feed(for: empty())
                let (bytes, steps) = drain(feed, opened, size: size)
                #expect(steps == [.start(.continues(.start)), .atEnd])
                // The first header stands before the place where the feed begins.
                let header = (expected.firstIndex(of: 0x0a) ?? 0) + 1
                #expect(bytes == Array(expected[header...]))
            }
            try opened.close()
        }
    }

    @Test("a feed slower than retention must start over when a segment that it needs is gone")
    func removed() throws {
        let opened = try OpenedStore(on: FaultyDisk(ModelDisk()))
        for number in 0..<100 {
            opened.set("key \(number)", "value")
            try opened.commit()
        }
        let feed = opened.store.feed(for: empty())
        var buffer = ByteBuffer()
        while feed.next(&buffer, upTo: 1) == .waiting { opened.progress.wait() }
        // What the worker has read ahead is still sent.
        try opened.compact()
        let (_, steps) = drain(feed, opened)
        #expect(steps == [.failed(.removed)] || steps == [.atEnd])
        let again = opened.store.feed(for: empty())
        let (bytes, second) = drain(again, opened)
        #expect(second == [.start(.snapshot(opened.store.position)), .atEnd])
        #expect(String(decoding: bytes, as: UTF8.self).contains("{\"end\":true,\"count\":100,"))
        try opened.close()
    }

    @Test("a failing disk ends the feed, and not the store")
    func failing() throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, disk: disk)
            opened.set("a", "1")
            try opened.commit()
            disk.fail(.read, with: .ioError)
            let (_, steps) = drain(opened.store.feed(for: empty()), opened)
            guard case .failed(.disk(.disk(.read, _, .ioError)))? = steps.last else {
                Issue.record("\(steps)")
                return
            }
            disk.mend()
            opened.set("b", "2")
            try opened.close()
        }
    }

    @Test("what was just written is read without waiting, and what is not in the file is not")
    func cached() throws {
        try withTemporaryFolder { folder in
            let disk = LocalDisk()
            let file = try disk.create(FilePath(folder + "/file"))
            let bytes = "some bytes".bytes
            try file.write(bytes.span, Span(), at: 0)
            var buffer = ByteBuffer()
            // A file system may not support such reads.
            if let count = file.readCached(100, at: 5, into: &buffer) {
                #expect(count == 5 && Array(buffer.bytes) == "bytes".bytes)
                #expect(file.readCached(100, at: 10, into: &buffer) ?? 0 == 0)
            }
        }
    }
}
