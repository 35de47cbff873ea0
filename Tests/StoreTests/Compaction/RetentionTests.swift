// Which merged segments are removed for their age: by the wall clock and their files' times, and only while that clock
// is reliable.

import Bytes
import Glibc
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Retention by age")
struct RetentionTests {
    private static let day: UInt64 = 24 * 60 * 60 * 1000
    private static let now: UInt64 = 1_764_000_000_000

    /// Four merged segments and the open one; `ages` are those of the merged ones' files, the oldest segment's first, in days.
    /// - Returns: how many of the merged ones are left after a look by `tick`.
    private func left(
        ages: [Int], size: Int = 1 << 30, keeping days: UInt64 = 7, ageTime: UInt64?
    ) throws -> Int {
        try withTemporaryFolder { folder in
            var opened = try OpenedStore(folder, segmentSize: 400, now: RetentionTests.now) {
                $0.retention.size = 1 << 30
            }
            for number in 0..<60 where try segments(folder).count <= ages.count {
                opened.set("key \(number)", "a value of some length")
                try opened.commit()
            }
            try opened.compact()
            try opened.close()
            let merged = Array(try segments(folder).dropLast())
            try #require(merged.count >= ages.count)
            for (path, age) in zip(merged.suffix(ages.count), ages) { try touch(path, daysAgo: age) }
            for path in merged.dropLast(ages.count) { try touch(path, daysAgo: ages[0]) }

            opened = try OpenedStore(folder, now: RetentionTests.now) {
                $0.retention.size = size
                $0.retention.age = days * RetentionTests.day
            }
            opened.store.ageTime = ageTime
            opened.store.tick()
            opened.waitUntilIdle()
            _ = opened.compactionResult()
            try opened.close()
            let left = Set(try segments(folder))
            return merged.suffix(ages.count).count { left.contains($0) }
        }
    }

    private func segments(_ folder: String) throws -> [String] {
        let log = folder + "/puffin.json.log"
        return try LocalDisk().names(in: FilePath(log)).filter { $0.hasSuffix(".jsonl") }.sorted().map {
            log + "/" + $0
        }
    }

    private func touch(_ path: String, daysAgo days: Int) throws {
        let time = timespec(tv_sec: Int(RetentionTests.now / 1000) - days * 86_400, tv_nsec: 0)
        let times = [time, time]
        try #require(unsafe utimensat(AT_FDCWD, path, times, 0) == 0)
    }

    @Test("merged segments go when their files are older than the limit, whatever their changes are stamped with")
    func old() throws {
        let now = RetentionTests.now
        #expect(try left(ages: [30, 9, 6, 1], ageTime: now) == 2)
        #expect(try left(ages: [6, 5, 4, 3], ageTime: now) == 4)
        #expect(try left(ages: [40, 30, 20, 10], ageTime: now) == 0)
    }

    @Test("while the wall clock is unreliable, nothing is removed for its age")
    func untrusted() throws {
        #expect(try left(ages: [400, 300, 200, 100], ageTime: nil) == 4)
    }

    @Test("size counts whatever the clocks say")
    func size() throws {
        #expect(try left(ages: [400, 300, 200, 100], size: 0, ageTime: nil) == 0)
    }

    @Test("a segment whose file's time is in the future stays, and so do later ones")
    func ahead() throws {
        #expect(try left(ages: [-1, 30, 20, 10], ageTime: RetentionTests.now) == 4)
        #expect(try left(ages: [30, -3650, 20, 10], ageTime: RetentionTests.now) == 3)
    }

    @Test("a file from before 1970 is old, and not an error")
    func ancient() throws {
        #expect(try left(ages: [30_000, 1, 1, 1], ageTime: RetentionTests.now) == 3)
    }
}
