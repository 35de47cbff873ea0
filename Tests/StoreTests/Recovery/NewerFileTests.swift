// Files of version 2, whose first line says what they need of their readers: with needs that this version knows they
// are read; any other is refused as a file of another version, which is never damage.

import Bytes
import Foundation
import Inspection
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Files of a newer server")
struct NewerFileTests {
    private static let vector =
        #"{"puffin":"log","version":2,"needs":["expiry"],"history":"5f0c9a52e1b7","seq":1,"chain":"00000000","crc":"8a69b277"}"#

    @Test("a header with needs is written as the format says, and read; one without stays as it was")
    func headers() throws {
        let header = LogHeader(history: "5f0c9a52e1b7", firstSeq: 1, chain: 0, needs: .expiry)
        var line = ByteBuffer()
        line.append(header: header)
        #expect(String(line.bytes) == NewerFileTests.vector + "\n")
        #expect(try parsed(NewerFileTests.vector.bytes) == .header(header))
        let position = ChainPosition(seq: 7, crc: 8)
        let snapshot = SnapshotHeader(history: "h", position: position, timestamp: 9, needs: .expiry)
        line.removeAll()
        _ = line.append(snapshotHeader: snapshot)
        #expect(
            String(line.bytes).hasPrefix(#"{"puffin":"snapshot","version":2,"needs":["expiry"],"history":"h","seq":7,"#)
        )
        #expect(try parsed(Array(line.bytes).dropLast()) == .snapshot(snapshot))
        line.removeAll()
        line.append(header: LogHeader(history: "h", firstSeq: 1, chain: 0))
        #expect(String(line.bytes).hasPrefix(#"{"puffin":"log","version":1,"history":"h","#))
        #expect(Needs.known.names.map { "\($0)" } == Needs.known.names.map { "\($0)" }.sorted())
    }

    @Test(
        "an intact header with a version or need that is not known is of another version",
        arguments: [
            #"3,"history""#, #"2,"history""#, #"2,"needs":[],"history""#, #"2,"needs":["terms"],"history""#,
            #"2,"needs":["expiry","notes","terms"],"history""#, #"2,"needs":["expiry","expiry"],"history""#,
            #"2,"needs":["notes","expiry"],"history""#, #"2,"needs":["Expiry"],"history""#, #"10,"history""#,
        ])
    func unknown(version: String) throws {
        for kind in ["log", "snapshot"] {
            let rest = kind == "log" ? "" : #""ts":1,"#
            let line = line(#"{"puffin":"\#(kind)","version":\#(version):"h","seq":1,\#(rest)"chain":"00000000""#)
            let error = #expect(throws: LineError.self) { try parsed(line) }
            #expect(error?.isOtherVersion == true)
            #expect(error?.isWhole == true)
        }
    }

    @Test("an unknown need in a header whose checksum is wrong is damage")
    func damagedName() throws {
        let bytes = NewerFileTests.vector.replacing("expiry", with: "expirz").bytes
        let error = #expect(throws: LineError.self) { try parsed(bytes) }
        #expect(error?.isOtherVersion == false)
        #expect(error?.isWhole == false)
        try withTemporaryFolder { folder in
            try LogFiles(folder).make([1: bytes + [0x0a], 2: bytes + [0x0a]])
            #expect(damage(opening: folder)?.line == 1)
        }
    }

    /// Everything that reads files refuses, and changes nothing.
    private func checkRefused(_ folder: String, _ path: String) throws {
        let files = DataFiles(data: FilePath(folder + "/puffin.json"))
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        for policy in [DamagePolicy.refuse, .setAside] {
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder) { $0.damage = policy }.close() }
            guard let error, case .unknownVersion(path, let found) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(found == "version 2 that needs terms, writes")
            #expect(
                "\(error)".contains(
                    "version 1, or version 2 with no needs but expiry, notes, found version 2 that needs terms"))
        }
        let found = try Verification.run(files, on: LocalDisk())
        #expect(found.isOfOtherVersion && !found.isDamaged && !found.isSound)
        let plan = try RepairPlan(found)
        #expect(plan.steps.isEmpty)
        #expect(plan.obstacle?.contains("use the Puffin that wrote it") == true)
        #expect(try Repair(files, on: LocalDisk(), time: 1).plan.steps.isEmpty)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/puffin.json.log")
        #expect(!names.contains { $0.contains(".damaged-") || $0.contains(".torn-") })
    }

    private static let newer = #"2,"needs":["expiry","terms","writes"]"#

    @Test("a segment of a newer server is refused as that by a start, a check and a repair", arguments: [1, 2])
    func segment(segment: UInt64) throws {
        try withTemporaryFolder { folder in
            var first = RawLog(version: segment == 1 ? NewerFileTests.newer : "1")
            first.set("a", "1")
            var second = RawLog(after: first.position, version: NewerFileTests.newer)
            second.record(#""op":"meta","name":"x""#)
            try LogFiles(folder).make(segment == 1 ? [1: first.bytes] : [1: first.bytes, 2: second.bytes])
            let path = LogFiles(folder).path(LogFiles.name(segment))
            try checkRefused(folder, path)
            #expect(throws: StoreError.self) {
                let captured = try CapturedFiles(DataFiles(data: FilePath(folder + "/puffin.json")), on: LocalDisk())
                var listing = try RecordListing(captured, RecordQuery())
                while try listing.next() {}
            }
        }
    }

    @Test("a snapshot of a newer server is refused as that, though its segments are not there any more")
    func snapshot() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/puffin.json"
            let header = line(
                #"{"puffin":"snapshot","version":\#(NewerFileTests.newer),"history":"5f0c9a52e1b7","seq":9,"ts":1,"chain":"0000000a""#
            )
            try Data(header + [0x0a]).write(to: URL(fileURLWithPath: path))
            var log = RawLog(after: ChainPosition(seq: 9, crc: 10))
            log.set("a", "1")
            try LogFiles(folder).make([10: log.bytes])
            try checkRefused(folder, path)
        }
    }

    @Test("a file with needs that are known is read like any other")
    func known() throws {
        try withTemporaryFolder { folder in
            var log = RawLog(version: #"2,"needs":["expiry"]"#)
            log.set("a", "1")
            try LogFiles(folder).make([1: log.bytes])
            let opened = try OpenedStore(folder)
            #expect(opened.get("a") == "1")
            try opened.close()
        }
    }

    @Test("a follower ends the link at a segment or snapshot of a newer leader")
    func stream() throws {
        let segment = RawLog(version: NewerFileTests.newer).bytes.dropLast()
        let error = #expect(throws: ReplicationError.self) { try Store.check(segmentHeader: Array(segment).span) }
        guard case .otherVersion(_, "version 2 that needs terms, writes")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let future = Array(RawLog(version: "3").bytes.dropLast())
        #expect(throws: ReplicationError.self) { try Store.check(segmentHeader: future.span) }
        for version in ["1", #"2,"needs":["expiry"]"#] {
            let known = Array(RawLog(version: version).bytes.dropLast())
            try Store.check(segmentHeader: known.span)
        }
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            let incoming = opened.store.beginSnapshot(at: ChainPosition(seq: 9, crc: 10))
            let header = line(
                #"{"puffin":"snapshot","version":\#(NewerFileTests.newer),"history":"h","seq":9,"ts":1,"chain":"0000000a""#
            )
            let error = #expect(throws: ReplicationError.self) { try incoming.append(header.span) }
            guard case .otherVersion(_, "version 2 that needs terms, writes")? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try opened.close()
        }
    }
}
