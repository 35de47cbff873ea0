// A segment is made durable before anything is written after its first line, so a crash may leave it empty, or with a
// part of that line, and nothing is lost with it.

import Bytes
import Store
import TestSupport
import Testing

@Suite("A crash while a segment is made")
struct SegmentCreationTests {
    @Test("a crash while the first segment is made leaves no data set, and the next start makes it")
    func firstHeader() throws {
        let header = RawLog().bytes
        for cut in 0..<header.count {
            try withTemporaryFolder { folder in
                let files = LogFiles(folder)
                try files.make([1: Array(header[..<cut])])
                let opened = try OpenedStore(folder)
                #expect(opened.store.position == .start)
                #expect(opened.store.recovery.torn?.size == (cut == 0 ? nil : cut))
                opened.set("a", "1")
                try opened.close()
                let again = try OpenedStore(folder)
                #expect(again.get("a") == "1")
                try again.close()
            }
        }
    }

    @Test("a crash while the next segment is made loses nothing")
    func nextHeader() throws {
        var log = RawLog()
        log.set("a", "1")
        let header = RawLog(after: log.position).bytes
        for tail in [[], [UInt8](repeating: 0, count: header.count)] + header.indices.map({ Array(header[..<$0]) }) {
            try withTemporaryFolder { folder in
                let files = LogFiles(folder)
                try files.make([1: log.bytes, 2: tail])
                let opened = try OpenedStore(folder)
                #expect(opened.get("a") == "1")
                #expect(opened.store.history == RawLog.history)
                opened.set("b", "2")
                try opened.close()
                let again = try OpenedStore(folder)
                #expect(again.pairs == ["a".bytes: "1".bytes, "b".bytes: "2".bytes])
                #expect(try files.segments == [LogFiles.first, LogFiles.name(2)])
                try again.close()
            }
        }
    }
}
