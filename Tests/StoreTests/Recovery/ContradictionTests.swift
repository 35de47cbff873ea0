// Intact lines with right checksums that still cannot follow the ones before. No crash makes one, so they are never set
// aside as torn, not even at the log's end.

import Bytes
import LogFormat
import Store
import TestSupport
import Testing

@Suite("Whole lines that cannot be followed")
struct ContradictionTests {
    /// Opens `log`, which must be refused because of its last line, and is left as it is.
    private func refused(_ log: RawLog) throws -> Damage? {
        try withTemporaryFolder { folder in
            let files = LogFiles(folder)
            try files.make([1: log.bytes])
            let found = damage(opening: folder)
            #expect(found?.line == log.lastLine.number)
            #expect(found?.offset == log.lastLine.offset)
            #expect(try files.read(LogFiles.first) == log.bytes)
            #expect(try files.torn.isEmpty)
            return found
        }
    }

    private var log: RawLog {
        var log = RawLog()
        log.durable(0)
        log.set("a", "1")
        return log
    }

    @Test("a pair that expires is refused with the reason")
    func expires() throws {
        var log = log
        log.record(#""op":"set","key":"session:7","value":"x","expires":1764000060123"#)
        #expect(try refused(log)?.expected.contains("does not expire") == true)
    }

    @Test("an operation that this version does not know is refused")
    func unknownOperation() throws {
        var log = log
        log.record(#""op":"rename","key":"a","to":"b""#)
        let found = try refused(log)
        #expect(found?.expected == "a change of version 1")
        #expect(found?.found.contains("rename") == true)
    }

    @Test("a line of a kind that this version does not know is refused")
    func unknownKind() throws {
        var log = log
        log.add(#"{"vote":7"#)
        #expect(try refused(log)?.found.contains("vote") == true)
    }

    @Test("a number that is left out, or comes twice, is refused", arguments: [1, 3, 0, 1_000] as [UInt64])
    func gap(seq: UInt64) throws {
        var log = log
        log.record(#""op":"clear""#, seq: seq)
        let found = try refused(log)
        #expect(found?.expected == "seq 2")
        #expect(found?.found == "seq \(seq)")
    }

    @Test("a claim that more is on the disk than there is in the log is refused")
    func claim() throws {
        var log = log
        log.durable(2)
        let found = try refused(log)
        #expect(found?.expected == "seq 2")
        #expect(found?.found.contains("2 is durable") == true)
    }

    @Test("a second header in a segment is refused")
    func secondHeader() throws {
        var log = log
        log.add(#"{"puffin":"log","version":1,"history":"5f0c9a52e1b7","seq":2,"chain":"00000000""#)
        #expect(try refused(log)?.found == "a second header")
    }

    @Test("a segment that does not begin with a header is refused")
    func noHeader() throws {
        try withTemporaryFolder { folder in
            let bytes = line(#"{"durable":0"#) + [0x0a]
            try LogFiles(folder).make([1: bytes])
            #expect(damage(opening: folder)?.found == "another line")
            #expect(try LogFiles(folder).read(LogFiles.first) == bytes)
        }
    }

    @Test("a damaged header followed by lines is refused, though they were never synced")
    func damagedHeader() throws {
        let log = log
        for index in 0..<log.offsets[1] {
            var bytes = log.bytes
            bytes[index] ^= 0x01
            try withTemporaryFolder { folder in
                try LogFiles(folder).make([1: bytes])
                #expect(throws: StoreError.self, "byte \(index)") { try OpenedStore(folder).close() }
                #expect(try LogFiles(folder).read(LogFiles.first) == bytes)
                #expect(try LogFiles(folder).torn.isEmpty)
            }
        }
    }
}
