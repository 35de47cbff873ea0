// A server on a machine whose clock is wrong: its stamps, its log lines, and its retention.

import Foundation
import Reactor
import Store
import Synchronization
import TestSupport
import Testing

/// A wall clock that a test sets.
private final class SettableClock: Sendable {
    /// How far it is from the machine's, in seconds.
    private let offset = Atomic<Int>(0)

    func set(to seconds: Int) { offset.store(seconds, ordering: .relaxed) }
    @Sendable func read() -> UInt64 {
        UInt64(Int(Date().timeIntervalSince1970 * 1e6) + offset.load(ordering: .relaxed) * 1_000_000)
    }
}

@Suite("A machine's wrong clock")
struct ClockTests {
    private static let tenYears = 3650 * 24 * 60 * 60

    /// What the change that set `key` is stamped with, in Unix milliseconds.
    private func stamp(of key: String, data: String) throws -> Int {
        for segment in try LogFile(data: data).segments() {
            let line = try LogFile.lines(of: segment).map { String(decoding: $0.bytes, as: UTF8.self) }
                .last { $0.contains("\"key\":\"\(key)\"") }
            guard let line, let start = line.range(of: "\"ts\":") else { continue }
            let digits = line[start.upperBound...].prefix { $0.isNumber }
            return Int(digits) ?? 0
        }
        throw WireError(description: "no change of \(key)")
    }

    /// How far the stamps' time is ahead of the wall clock, in milliseconds.
    private func offset(_ client: WireConnection) throws -> Int {
        try client.send("STATS\n")
        let lines = String(decoding: try client.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("clock_offset_milliseconds ") }
        return try #require(line.flatMap { Int($0.split(separator: " ")[1]) })
    }

    private func waitForOffset(_ client: WireConnection, _ isRight: (Int) -> Bool) throws {
        while try !isRight(offset(client)) { Thread.sleep(forTimeInterval: 0.02) }
    }

    @Test("a jump of the clock stamps nothing as long as it has not stayed, and neither does a step back")
    func jump() throws {
        try withTemporaryFolder { folder in
            let (data, clock) = (folder + "/puffin.json", SettableClock())
            let server = try ServerThread(data: data, wallClock: clock.read)
            let client = try server.connect()
            try client.expect("SET before 1\n", "OK\n")
            clock.set(to: ClockTests.tenYears)
            try waitForOffset(client) { $0 < -1000 }
            try client.expect("SET ahead 1\n", "OK\n")
            clock.set(to: -ClockTests.tenYears)
            try waitForOffset(client) { $0 > 1000 }
            try client.expect("SET behind 1\n", "OK\n")
            clock.set(to: 0)
            try waitForOffset(client) { abs($0) < 1000 }
            try client.expect("SET after 1\n", "OK\n")
            for key in ["before", "ahead", "behind", "after"] {
                let stamp = Double(try stamp(of: key, data: data)) / 1000
                #expect(abs(stamp - Date().timeIntervalSince1970) < 3600, "\(key)")
            }
            #expect(server.stop() == nil)
        }
    }

    @Test("a start behind the newest change warns and names it, goes on from there, and keeps merged segments")
    func startBehind() throws {
        try withTemporaryFolder { folder in
            let (data, clock) = (folder + "/puffin.json", SettableClock())
            let options = ["--segment-size", "1M", "--compact-ratio", "0"]
            let first = try ServerProcess(data: data, options)
            #expect(!first.log.contains("clock"))
            try first.connect().expect("SET now 1\nCOMPACT\n", "OK\nOK\n")
            #expect(first.stop() == 0)
            clock.set(to: ClockTests.tenYears)
            let wrong = try ServerThread(data: data, wallClock: clock.read)
            try wrong.connect().expect("SET ahead 1\n", "OK\n")
            #expect(wrong.stop() == nil)
            let segments = try LogFile(data: data).segments()

            let right = try ServerProcess(data: data, options)
            let warning = right.log.split(separator: "\n").filter { $0.contains(" WARNING ") }
            #expect(warning.count == 1, "\(right.log)")
            let year = Calendar(identifier: .gregorian).component(.year, from: Date() + Double(ClockTests.tenYears))
            for part in [
                "The clock is behind the log", "change, 2,", "stamped \(year)-", "ahead of this machine's clock",
            ] {
                #expect(warning.first?.contains(part) == true, "\(part): \(warning)")
            }
            let client = try right.connect()
            #expect(try offset(client) > 1000)
            try client.expect("SET later 1\n", "OK\n")
            let stamps = try ["ahead", "later"].map { try stamp(of: $0, data: data) }
            #expect(stamps[1] - stamps[0] >= 0 && stamps[1] - stamps[0] < 3_600_000, "\(stamps)")
            try client.expect("COMPACT\n", "OK\n")
            #expect(right.process.waitForOutput(containing: "Compaction ended"))
            for segment in segments { #expect(FileManager.default.fileExists(atPath: segment), "\(segment)") }
            #expect(right.stop() == 0)
        }
    }
}
