// Whether the disk has room for what a server writes.

import Bytes

/// The space of the log's file system, in bytes, and what needs it.
package struct SpaceReading: Sendable {
    /// Available to this process.
    package let available: Int
    package let total: Int
    /// Files that can still be made; `.max` if the file system does not count them.
    package let files: Int
    /// The snapshot and the log as they are.
    package let used: Int
    /// The size at which a segment is sealed, fitted to this disk.
    package let segment: Int
    /// The space that is held back for a full disk, if it is not held already.
    package let reserve: Int
    /// The next snapshot: at most the present one and the changes since.
    package let nextSnapshot: Int

    package init(
        available: Int, total: Int, files: Int, used: Int, segment: Int, reserve: Int, nextSnapshot: Int
    ) {
        (self.available, self.total, self.files, self.used) = (available, total, files, used)
        (self.segment, self.reserve, self.nextSnapshot) = (segment, reserve, nextSnapshot)
    }

    /// The open segment and the next one, which is filled ahead.
    private var log: Int { 2 * segment }
    private var needed: Int { log + reserve + nextSnapshot }
    /// Fewer files warn. A server makes one for each segment, and some more while it compacts.
    private static let fewFiles = 1000

    package var finding: Finding {
        let figures = [
            Finding.Figure("available_bytes", available), Finding.Figure("total_bytes", total),
            Finding.Figure("used_bytes", used), Finding.Figure("needed_bytes", needed),
        ]
        let text =
            "\(ByteSize(available)) of \(ByteSize(total)) available, the data has \(ByteSize(used)); needed are \(ByteSize(needed)): "
            + "two segments \(ByteSize(log)), reserve \(ByteSize(reserve)), the next snapshot \(ByteSize(nextSnapshot))"
        if available < reserve + segment / 16 {
            return Finding(
                "space", failure: text, advice: "free space there: a server would refuse changes", figures: figures)
        }
        if files < SpaceReading.fewFiles {
            let text = "\(files) more files can be made there (inodes)"
            let figures = [Finding.Figure("files", files)]
            return files < 10
                ? Finding("space", failure: text, advice: "remove files there (df -i)", figures: figures)
                : Finding("space", warning: text, advice: "remove files there (df -i)", figures: figures)
        }
        if available < needed {
            return Finding(
                "space", warning: text,
                advice: "free space there, or make the disk larger: a compaction could fill it", figures: figures)
        }
        return Finding("space", ok: text, figures: figures)
    }
}
