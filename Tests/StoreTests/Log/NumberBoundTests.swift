import Bytes
import Foundation
import Inspection
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

/// Numbers in files are refused above 2^53 - 1, wherever they occur, and by whatever reads the files.
@Suite("The bound of numbers in files")
struct NumberBoundTests {
    private static let beyond = [
        "9007199254740992", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "18446744073709551616",
        String(repeating: "9", count: 30),
    ]

    /// Lines with a number in each place that has one.
    private static func lines(_ number: String) -> [[UInt8]] {
        [
            #"{"puffin":"snapshot","version":1,"history":"h","seq":\#(number),"ts":1,"chain":"00000000""#,
            #"{"puffin":"snapshot","version":1,"history":"h","seq":1,"ts":\#(number),"chain":"00000000""#,
            #"{"end":true,"count":\#(number)"#, #"{"durable":\#(number)"#, #"{"durable":\#(number),"closed":true"#,
            #"{"seq":\#(number),"ts":1,"op":"set","key":"a","value":"b""#,
            #"{"seq":1,"ts":\#(number),"op":"set","key":"a","value":"b""#,
            #"{"seq":1,"ts":\#(number),"op":"delete","key":"a""#, #"{"seq":1,"ts":\#(number),"op":"clear""#,
            #"{"seq":\#(number),"ts":1,"op":"multi","changes":[{"op":"set","key":"a","value":"\n"}]"#,
        ].map { line($0) }
    }

    @Test("the largest number is read, and the next one is damage that names the bound")
    func lines() throws {
        for bytes in NumberBoundTests.lines("9007199254740991") { _ = try parsed(bytes) }
        for number in NumberBoundTests.beyond {
            let header = line(#"{"puffin":"log","version":1,"history":"h","seq":\#(number),"chain":"00000000""#)
            // A segment may begin behind the last change.
            let lines = NumberBoundTests.lines(number) + (number == "9007199254740992" ? [] : [header])
            for bytes in lines {
                let error = #expect(throws: LineError.self) { try parsed(bytes) }
                #expect(error?.expected == "a number from 0 to 9007199254740991" && error?.isWhole == true)
            }
        }
    }

    // MARK: Files

    private struct Files {
        var snapshot: [UInt8]?
        var segments: [UInt64: [UInt8]] = [:]
        var adoption: [UInt8]?
    }

    private static func snapshot(seq: String, ts: String = "1", count: String = "0") -> [UInt8] {
        let head = line(
            #"{"puffin":"snapshot","version":1,"history":"\#(RawLog.history)","seq":\#(seq),"ts":\#(ts),"chain":"00000000""#
        )
        let chain = head.span.hex32(at: head.count - 10) ?? 0
        return head + [0x0a] + line(#"{"end":true,"count":\#(count)"#, chain: chain) + [0x0a]
    }

    private static func segment(_ body: (inout RawLog) -> Void) -> [UInt64: [UInt8]] {
        var log = RawLog()
        log.set("a", "1")
        body(&log)
        return [1: log.bytes]
    }

    private static func files(_ number: String) -> [(String, Files)] {
        var files = [
            ("a snapshot's change", Files(snapshot: snapshot(seq: number))),
            ("a snapshot's time", Files(snapshot: snapshot(seq: "5", ts: number))),
            ("a snapshot's pairs", Files(snapshot: snapshot(seq: "5", count: number))),
            ("a durable line", Files(segments: segment { $0.add(#"{"durable":\#(number)"#) })),
            (
                "a record's time",
                Files(
                    segments: segment {
                        $0.add(#"{"seq":2,"ts":\#(number),"op":"set","key":"b","value":"2""#, chain: $0.position.crc)
                    })
            ),
            (
                "a record's number",
                Files(
                    segments: segment {
                        $0.add(#"{"seq":\#(number),"ts":1,"op":"delete","key":"a""#, chain: $0.position.crc)
                    })
            ),
        ]
        if let first = UInt64(number), first > 1 << 53 {
            var log = RawLog(after: ChainPosition(seq: first - 1, crc: 0))
            log.add(#"{"seq":\#(number),"ts":1,"op":"clear""#)
            files.append(("a segment's name", Files(segments: [first: log.bytes])))
            files.append(
                ("a later segment's name", Files(segments: segment { _ in }.merging([first: log.bytes]) { $1 })))
            files.append(
                ("a segment behind a snapshot", Files(snapshot: snapshot(seq: number), segments: [first: log.bytes])))
        }
        return files
    }

    private func write(_ files: Files, to folder: String) throws {
        try LogFiles(folder).make(files.segments)
        if let snapshot = files.snapshot {
            try Data(snapshot).write(to: URL(fileURLWithPath: folder + "/puffin.json"))
        }
        if let adoption = files.adoption { try LogFiles(folder).write(adoption, to: "ADOPT") }
    }

    @Test("no start takes such files, and what inspects or repairs them says what is wrong", arguments: beyond)
    func refused(number: String) throws {
        for (name, content) in NumberBoundTests.files(number) {
            try withTemporaryFolder { folder in
                try write(content, to: folder)
                try checkRefused(name, in: folder)
            }
        }
    }

    private func checkRefused(_ name: String, in folder: String) throws {
        guard let found = damage(opening: folder) else { return }
        #expect(found.expected.contains("9007199254740991") || name.contains("later"), "\(name): \(found)")
        let files = DataFiles(data: FilePath(folder + "/puffin.json"))
        let verification = try Verification.run(files, on: LocalDisk())
        #expect(verification.isDamaged, "\(name)")
        let expected = verification.files.map {
            if case .damaged(let damage) = $0.state { damage.expected } else { "" }
        }
        #expect(expected.contains { $0.contains("9007199254740991") }, "\(name): \(expected)")
        inspect(files)
        let repair = try Repair(files, on: LocalDisk(), time: OpenedStore.now)
        let isPossible = repair.plan.obstacle == nil
        if isPossible { try repair.apply() }
        withExtendedLifetime(repair) {}
        if isPossible { #expect(try Verification.run(files, on: LocalDisk()).isSound, "\(name)") }
    }

    /// Reads everything in every way; damage is an error.
    private func inspect(_ files: DataFiles) {
        guard let captured = try? CapturedFiles(files, on: LocalDisk()) else { return }
        _ = try? LogStatistics(captured)
        if var history = try? KeyHistory(captured, key: "a".bytes) { while (try? history.next()) ?? nil != nil {} }
        for seqs in [0...UInt64.max, (1 << 53)...(.max), .max ... .max] {
            var query = RecordQuery()
            query.seqs = seqs
            guard var listing = try? RecordListing(captured, query) else { continue }
            while (try? listing.next()) == true {}
            _ = try? listing.lookAgain()
        }
    }

    @Test("a follower sets such files aside, and begins without them", arguments: beyond)
    func setAside(number: String) throws {
        for (name, content) in NumberBoundTests.files(number) {
            try withTemporaryFolder { folder in
                try write(content, to: folder)
                let opened = try OpenedStore(folder) { $0.damage = .setAside }
                #expect(opened.store.recovery.damage != nil, "\(name)")
                #expect(opened.store.position.seq <= 1, "\(name)")
                try opened.close()
            }
        }
    }

    @Test("a data set whose place is to be taken by one of such a number is left as it is", arguments: beyond)
    func adoption(number: String) throws {
        try withTemporaryFolder { folder in
            var content = Files(segments: NumberBoundTests.segment { _ in })
            content.adoption =
                line(
                    #"{"puffin":"adopt","version":1,"history":"h","seq":\#(number),"chain":"00000000","aside":true"#)
                + [0x0a]
            try write(content, to: folder)
            let opened = try OpenedStore(folder)
            #expect(opened.get("a") == "1")
            try opened.close()
        }
    }

    @Test("at the last numbers a data set can be read, written to no more, and started again")
    func usedUp() throws {
        try withTemporaryFolder { folder in
            try write(Files(snapshot: NumberBoundTests.snapshot(seq: "9007199254740991")), to: folder)
            for _ in 0..<3 {
                let opened = try OpenedStore(folder)
                #expect(opened.store.position.seq == Number.largest)
                #expect(!opened.store.hasRoom(forChangeOf: 10))
                let obstacle = opened.store.obstacle(toChangeOf: 10, shrinks: true)
                #expect(obstacle == .numbersUsedUp(seq: Number.largest) && opened.store.obstacle == obstacle)
                #expect("\(try #require(obstacle))".contains("numbers end at 9007199254740991; export the pairs"))
                var hello = ByteBuffer()
                hello.append(leaderHello: opened.store.replicationHello(port: 1))
                _ = try LeaderHello(hello.bytes.extracting(0..<hello.count - 1))
                try opened.close()
                #expect(
                    try Verification.run(DataFiles(data: FilePath(folder + "/puffin.json")), on: LocalDisk()).isSound)
            }
        }
    }

    @Test("files whose time no clock has are as old as can be said")
    func fileTimes() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/file"
            try Data().write(to: URL(fileURLWithPath: path))
            for (seconds, milliseconds) in [(-5, 0), (1, 1000), (1 << 33, UInt64(1 << 33) * 1000)] {
                var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
                #expect(unsafe utimensat(AT_FDCWD, path, &times, 0) == 0)
                let modified = try #require(try LocalDisk().status(of: FilePath(path))).modified
                #expect(modified == milliseconds)
            }
        }
    }
}
