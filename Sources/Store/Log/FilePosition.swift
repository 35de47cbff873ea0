/// A position in the log's files, at the end of a batch. Only the writer moves it, and always forward.
struct FilePosition: Equatable, Sendable {
    /// The number that names the segment.
    var segment: UInt64
    /// Bytes from the segment's first.
    var offset: Int
    /// The last change before it.
    var seq: UInt64
}
