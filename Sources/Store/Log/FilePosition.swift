// How far the log's files go, for readers beside the writer.

import LogFormat

/// A position in the log's files, at the end of a batch. Only the writer moves it, and always forward, but for a new edition.
struct FilePosition: Equatable, Sendable {
    /// The number that names the segment.
    var segment: UInt64
    /// How many times the segment's file was replaced, while it had no records.
    var edition = 0
    /// Bytes from the segment's first.
    var offset: Int
    /// The last change before it.
    var position: ChainPosition

    /// That change's number.
    var seq: UInt64 { position.seq }
}
