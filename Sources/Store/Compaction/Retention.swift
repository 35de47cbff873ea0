// How long segments are kept after a snapshot has all of their changes: followers that were away catch up from them,
// and people can look further back.

import LogFormat
import SystemPackage

/// The retention of merged segments.
package struct Retention: Sendable {
    /// Merged segments are kept up to this total size, in bytes; 0 keeps none.
    package var size = 256 << 20
    /// And up to this age, in milliseconds since their last write.
    package var age: UInt64 = 7 * 24 * 60 * 60 * 1000

    package init() {}

    /// Keeps nothing.
    static var none: Retention {
        var none = Retention()
        none.size = 0
        return none
    }

    /// Removes the oldest merged segments beyond either limit. Whenever this is interrupted, what is left has no gap.
    /// - Parameters:
    ///   - position: the last change in the snapshot.
    ///   - ageTime: the wall clock, in Unix milliseconds; nil while it is unreliable for ages: then only size counts.
    /// - Returns: how many were removed, and their size in bytes.
    func apply(
        to files: DataFiles, merged position: ChainPosition, ageTime: UInt64?, on disk: any Disk
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
            // One by one: a power failure may undo one removal and not the next.
            try disk.syncFolder(files.folder)
        }
        return (removed.count, removed.reduce(0) { $0 + $1.status.size })
    }

    /// Whether a file exceeds the age. One with a time in the future was written under another clock: its age is
    /// unknown.
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
