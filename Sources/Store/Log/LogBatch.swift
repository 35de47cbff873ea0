// Whole lines on their way to the disk.

import Bytes

/// Records that are written together.
struct LogBatch: ~Copyable, Sendable {
    var lines = ByteBuffer()
    /// The position before the first record, which names a segment that begins with it.
    var start = LogPosition.start
    /// The number of the last record.
    var lastSeq: UInt64 = 0

    var isEmpty: Bool { lines.isEmpty }
}
