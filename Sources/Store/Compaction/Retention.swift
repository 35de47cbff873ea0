// How long segments stay after a snapshot holds all of their changes: followers that were away catch up from them, and a
// person can look further back.

import LogFormat
import SystemPackage

/// What is kept of the log behind the snapshot.
package struct Retention: Sendable {
    /// Merged segments are kept up to this size in sum, in bytes; 0 keeps none.
    package var size = 256 << 20
    /// And up to this age, in milliseconds since they were last written to.
    package var age: UInt64 = 7 * 24 * 60 * 60 * 1000

    package init() {}

    /// Keeps nothing.
    static var none: Retention {
        var none = Retention()
        none.size = 0
        return none
    }

    /// Removes the oldest merged segments, as many as are beyond either limit. What is left has no gap, whenever this is
    /// cut short.
    /// - Parameters:
    ///   - position: what the snapshot holds.
    ///   - ageTime: the wall clock, in Unix milliseconds; nil while it says nothing about ages: then only size counts.
    /// - Returns: how many were removed, and their size in bytes.
    func apply(
        to files: DataFiles, merged position: LogPosition, ageTime: UInt64?, on disk: any Disk
    ) throws(StoreError) -> (count: Int, size: Int) {
        let segments = try files.contents(on: disk).segments
        var merged: [(path: FilePath, status: FileStatus)] = []
        for (seq, next) in zip(segments, segments.dropFirst()) where next <= position.seq + 1 {
            let path = files.segment(firstSeq: seq)
            if let status = try disk.status(of: path) { merged.append((path, status)) }
        }
        let oldCount = merged.prefix { isOld($0.status, at: ageTime) }.count
        let removed = merged.prefix(max(oldCount, merged.count - fittingCount(merged.map(\.status.size))))
        precondition(removed.count < segments.count, "the open segment is never removed")
        for segment in removed {
            try disk.remove(segment.path)
            // One by one: a loss of power may undo one removal and not the next.
            try disk.syncFolder(files.folder)
        }
        return (removed.count, removed.reduce(0) { $0 + $1.status.size })
    }

    /// Whether a file is beyond the age. One whose time lies ahead was written under another clock: its age is not known.
    private func isOld(_ status: FileStatus, at ageTime: UInt64?) -> Bool {
        guard let ageTime, status.modified <= ageTime else { return false }
        return ageTime - status.modified > age
    }

    /// How many of the newest fit into the size.
    private func fittingCount(_ sizes: [Int]) -> Int {
        var kept = 0
        return sizes.reversed().prefix { size in
            kept += size
            return kept <= self.size
        }.count
    }
}
