import Foundation
import TestSupport
import Testing

/// A log that a crash or a disk has damaged, and the server that starts on it.
@Suite("Damaged logs")
struct DamagedLogTests {
    private static let count = 200

    private func value(_ index: Int) -> String { "value \(index) \u{e9}\u{1f427}" }

    /// Fills a data set with `count` acknowledged pairs, in batches of ten, and crashes or stops.
    private func fill(_ data: String, crash: Bool) throws {
        let server = try ServerProcess(data: data)
        let client = try server.connect()
        for start in stride(from: 0, to: DamagedLogTests.count, by: 10) {
            let requests = (start..<start + 10).map { "SET key:\($0) \(value($0))\n" }.joined()
            try client.expect(requests, String(repeating: "OK\n", count: 10))
        }
        if crash { server.kill() } else { #expect(server.stop() == 0) }
    }

    /// Checks that a server has every pair up to `count`.
    private func checkPairs(_ server: ServerProcess, _ count: Int = DamagedLogTests.count) throws {
        let client = try server.connect()
        for index in 0..<count { try client.expect("GET key:\(index)\n", value(index) + "\n") }
        try client.expect("COUNT\n", "\(count)\n")
    }

    private func warnings(_ server: ServerProcess) -> [String] {
        server.log.split(separator: "\n").filter { $0.contains(" WARNING ") }.map(String.init)
    }

    /// What a crash of the machine, or of a disk, can leave after the last good line.
    private static let tails: [[UInt8]] = [
        [UInt8](repeating: 0, count: 4096),
        [UInt8](repeating: 0, count: 1) + [0x0a],
        [0xff, 0xfe, 0x0a, 0x22, 0x7b, 0x0a, 0x0a, 0x80],
        Array("{\"seq\":201,\"ts\":1764000000123,\"op\":\"set\",\"key\":\"half".utf8),
        Array(
            "{\"seq\":201,\"ts\":1764000000123,\"op\":\"set\",\"key\":\"k\",\"value\":\"v\",\"crc\":\"00000000\"}\n"
                .utf8),
    ]

    @Test(
        "bytes after the last good line are set aside, and nothing acknowledged is lost", arguments: tails,
        [true, false])
    func tornTail(tail: [UInt8], crash: Bool) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try fill(data, crash: crash)
            let log = LogFile(data: data)
            let segment = try log.lastSegment()
            let good = try LogFile.content(of: segment)
            try LogFile.write(good + tail, to: segment)

            let server = try ServerProcess(data: data)
            // Line feeds at the end are not part of a line.
            let torn = Array(tail[...(tail.lastIndex { $0 != 0x0a } ?? 0)])
            let line = try #require(warnings(server).first)
            #expect(warnings(server).count == 1)
            #expect(line.contains("\(torn.count) bytes at byte \(good.count) of \(segment) set aside in "), "\(line)")
            #expect(line.hasSuffix("the last good change is \(DamagedLogTests.count)"))
            let aside = try #require(try log.tornTails().first)
            #expect(line.contains("set aside in \(aside);"))
            #expect(try LogFile.read(aside) == torn)
            try checkPairs(server)
            try checkGoingOn(server, data)
        }
    }

    /// Writing continues after the good lines, and the next start has nothing to report.
    private func checkGoingOn(_ server: ServerProcess, _ data: String) throws {
        try server.connect().expect("SET key:0 again\nSET key:0 \(value(0))\n", "OK\nOK\n")
        server.kill()
        let next = try ServerProcess(data: data)
        #expect(warnings(next) == [])
        try checkPairs(next)
        #expect(next.stop() == 0)
    }

    @Test("a server that is killed while it sets torn bytes aside loses nothing, however often")
    func killedAtStart() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try fill(data, crash: true)
            let log = LogFile(data: data)
            let segment = try log.lastSegment()
            let good = try LogFile.content(of: segment)
            let torn = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            for _ in 0..<20 {
                try LogFile.write(good + torn, to: segment)
                let program = ChildProcess.program("puffin-server")
                let process = try ChildProcess([program, "--port", "0", "--data", data])
                #expect(process.waitForOutput(containing: "Server starting"))
                process.send(SIGKILL)
                _ = process.wait()
            }
            try checkPairs(try ServerProcess(data: data))
            // The tail that the last kill cut short is there too, beside the complete one.
            let whole = try log.tornTails().filter { try LogFile.read($0) == torn }
            #expect(!whole.isEmpty)
        }
    }

    @Test("a truncated last record costs only itself", arguments: [1, 2, 20, 60])
    func cutRecord(size: Int) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try fill(data, crash: true)
            let log = LogFile(data: data)
            let segment = try log.lastSegment()
            let lines = try LogFile.lines(of: segment)
            let last = try #require(lines.last)
            try LogFile.write(Array(try LogFile.content(of: segment).dropLast(size)), to: segment)
            // A second later DURABLE says that the record was on the disk whole, and no crash could have cut it.
            try FileManager.default.removeItem(atPath: data + ".log/DURABLE")

            let server = try ServerProcess(data: data)
            let line = try #require(warnings(server).first)
            // One byte less is the line feed.
            #expect(line.contains(" \(last.bytes.count + 1 - size) bytes at byte \(last.offset) of "), "\(line)")
            #expect(line.hasSuffix("the last good change is \(DamagedLogTests.count - 1)"))
            try checkPairs(server, DamagedLogTests.count - 1)
        }
    }

    @Test(
        "one changed byte in the middle stops the start: 6, with file, line and byte", arguments: SeededRandom.seeds(20)
    )
    func changedByte(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let data = folder + "/puffin.json"
            try fill(data, crash: seed % 2 == 0)
            let segment = try LogFile(data: data).lastSegment()
            let lines = try LogFile.lines(of: segment)
            // Neither the header, whose version is a separate matter, nor the last batch, which could be torn.
            let index = 1 + random.below(lines.count - 20)
            let (offset, line) = lines[index]
            var bytes = try LogFile.content(of: segment)
            let place = offset + random.below(line.count)
            bytes[place] ^= UInt8(1 << random.below(8))
            // A byte that becomes a line feed cuts the line in two, and is damage just as well.
            try LogFile.write(bytes, to: segment)

            let failure = try #require(throws: ServerFailure.self) { _ = try ServerProcess(data: data) }
            #expect(failure.exitCode == 6)
            let critical = failure.log.split(separator: "\n").filter { $0.contains(" CRITICAL ") }
            #expect(critical.count == 1, "\(failure.log)")
            #expect(
                critical.first?.contains("Damaged log: \(segment), line \(index + 1), byte \(offset): expected ")
                    == true,
                "\(failure.log)")
            #expect(try LogFile.read(segment) == bytes, "nothing was changed")
        }
    }
}
