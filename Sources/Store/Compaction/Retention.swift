// How long segments stay after a snapshot holds all of their changes: followers that were away catch up from them, and a
// person can look further back.

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
    ///   - now: Unix milliseconds.
    /// - Returns: how many were removed, and their size in bytes.
    func apply(
        to files: DataFiles, merged position: LogPosition, now: UInt64, on disk: any Disk
    ) throws(StoreError) -> (count: Int, size: Int) {
        let segments = try files.contents(on: disk).segments
        let merged = zip(segments, segments.dropFirst()).filter { $1 <= position.seq + 1 }.map(\.0)
        var (kept, expired) = (0, [(path: FilePath, size: Int)]())
        for seq in merged.reversed() {
            let path = files.segment(firstSeq: seq)
            guard let status = try disk.status(of: path) else { continue }
            let isOld = status.modified + age < now
            if expired.isEmpty && !isOld && kept + status.size <= size {
                kept += status.size
            } else {
                expired.append((path, status.size))
            }
        }
        for segment in expired.reversed() {
            try disk.remove(segment.path)
            // One by one: a loss of power may undo one removal and not the next.
            try disk.syncFolder(files.folder)
        }
        return (expired.count, expired.reduce(0) { $0 + $1.size })
    }
}
