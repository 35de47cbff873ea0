import Doctor
import Testing

@Suite("doctor: the data set")
struct DataCheckTests {
    private let locks = """
        1: POSIX  ADVISORY  WRITE 11 fe:00:500 0 EOF
        2: FLOCK  ADVISORY  WRITE 12 fe:00:501 0 EOF
        2: -> FLOCK  ADVISORY  WRITE 13 fe:00:501 0 EOF
        3: FLOCK  ADVISORY  READ 14 fe:00:502 0 EOF
        4: FLOCK  ADVISORY  WRITE 15 00:2a:503 0 EOF

        """

    @Test("the holder of a lock is found by device and inode, or by the number in the file")
    func holder() {
        func holder(_ inode: UInt64, _ written: Int? = nil, major: UInt64 = 0xfe, minor: UInt64 = 0) -> Int? {
            FileLock.holder(in: locks, device: (major, minor), inode: inode, written: written)
        }
        #expect(holder(501) == 12)
        #expect(holder(500) == nil, "another kind of lock")
        #expect(holder(502) == nil, "a shared lock")
        #expect(holder(504) == nil)
        #expect(holder(501, major: 8, minor: 1) == nil, "another device")
        #expect(holder(503, 15) == 15, "btrfs: the file has a device of its own")
        #expect(holder(503, 16) == nil)
        #expect(holder(503, major: 0, minor: 0x2a) == 15)
        #expect(
            HolderReading(process: 12, program: "puffin-server").finding.text == "in use by process 12 (puffin-server)")
        #expect(HolderReading(process: nil, program: nil).finding.verdict == .ok)
    }

    @Test("files that a start would refuse fail, with what to do")
    func files() {
        var reading = FilesReading()
        (reading.segments, reading.last, reading.history) = (2, 104, "bcf39e8f2e69")
        #expect(reading.finding.verdict == .ok)
        #expect(reading.finding.text.contains("changes to 104 in 2 segments, history bcf39e8f2e69; --deep"))
        reading.isDeep = true
        #expect(reading.finding.text.hasPrefix("every line is sound"))
        reading.tornSize = 9
        #expect(reading.finding.verdict == .warning)
        reading.isInUse = true
        #expect(reading.finding.verdict == .ok, "a server is writing it")
        reading.problem = FilesReading.Problem("a.jsonl, line 2")
        #expect(reading.finding.verdict == .failure && reading.finding.advice.contains("log verify"))
        reading.problem = FilesReading.Problem("a.jsonl is of another version", .version)
        #expect(reading.finding.advice == "use the Puffin that wrote it")
        reading.problem = FilesReading.Problem("a.jsonl", .access)
        #expect(reading.finding.advice.contains("user of the server"))
        reading.exists = false
        #expect(reading.finding.verdict == .ok)
    }

    @Test("names of what was set aside")
    func names() {
        #expect(AsideFile.reason("00000000000000000001.jsonl.torn-1764000000123") == "torn")
        #expect(AsideFile.reason("puffin.json.superseded-1764000000123") == "superseded")
        #expect(AsideFile.reason("DURABLE.damaged-1") == "damaged")
        for name in ["puffin.json", "puffin.json.torn", "puffin.json.torn-", "puffin.json.torn-x", "00000001.jsonl"] {
            #expect(AsideFile.reason(name) == nil, "\(name)")
        }
    }

    @Test("a torn write was never acknowledged; what else was set aside may be missed")
    func aside() {
        let torn = AsideFile(path: "a.jsonl.torn-1", size: 1024)
        #expect(AsideReading([]).finding.verdict == .ok)
        #expect(AsideReading([torn]).finding.verdict == .ok)
        #expect(AsideReading([torn]).finding.text == "1 file, 1.0 KiB: a.jsonl.torn-1")
        let both = AsideReading([torn, AsideFile(path: "a.jsonl.diverged-2", size: 0)]).finding
        #expect(both.verdict == .warning && both.text.contains("2 files") && both.text.hasSuffix("and 1 more"))
    }

    @Test("the clock: synchronised, and not behind the newest change")
    func clock() {
        func clock(_ isSynchronised: Bool?, newest: UInt64? = nil) -> Finding {
            ClockReading(isSynchronised: isSynchronised, error: 5000, now: 1_000_000, newest: newest).finding
        }
        #expect(clock(true).text == "synchronised, right to 5 ms")
        #expect(clock(false).verdict == .warning)
        #expect(clock(nil).verdict == .ok)
        #expect(clock(true, newest: 1_001_000).verdict == .ok)
        let ahead = clock(true, newest: 1_090_000)
        #expect(ahead.verdict == .warning && ahead.text.contains("90 s ahead"))
    }
}
