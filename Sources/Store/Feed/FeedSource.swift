// A feed's position in the files that it reads. The files are held open, so a compaction may remove or replace them.

/// What a feed has still to read: perhaps a snapshot, and then the log from a place on.
struct FeedSource: Sendable {
    /// A file to read from `offset` to `size`, in bytes.
    struct Snapshot: Sendable {
        let file: any DiskFile
        var offset = 0
        let size: Int
    }

    /// A place in a segment.
    struct Segment: Sendable {
        let file: any DiskFile
        /// The number that names it.
        let first: UInt64
        /// See `FilePosition`: of the file that was open when this one was found.
        var edition = 0
        /// Bytes.
        var offset: Int
        /// The number that names the next one, if it existed when this one was found.
        let next: UInt64?
    }

    var snapshot: Snapshot?
    var segment: Segment
    /// Bytes of the segments between this one and the open one.
    var laterSize = 0

    /// Bytes until a position, approximately: a sealed segment counts with the size at which it was found.
    func remainingSize(until position: FilePosition) -> Int {
        let isOpen = segment.first == position.segment && segment.edition == position.edition
        let log = isOpen ? position.offset - segment.offset : laterSize + position.offset
        return (snapshot.map { $0.size - $0.offset } ?? 0) + max(log, 0)
    }

    /// Whether only the end of the open segment is left, at most `size` bytes of it.
    func isNear(_ position: FilePosition, within size: Int) -> Bool {
        snapshot == nil && segment.first == position.segment && segment.edition == position.edition
            && position.offset - segment.offset <= size
    }
}
