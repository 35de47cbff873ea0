// When a compaction starts by itself.

/// When a compaction is due. Sizes are in bytes.
///
/// A compaction costs the same per pair however much log it merges, so fewer of them cost less. What they are bounded by is the log
/// that waits: a start reads it, and the disk has to hold it.
package struct CompactionRule: Equatable, Sendable {
    /// Sealed segments that are not merged must exceed the snapshot by this factor; 0 for never.
    package var ratio = 1.0
    /// And this, or four segments if that is less.
    package var size = 256 << 20
    /// The share of the time that compactions take at most, above 0 to 1. After each comes a pause.
    package var share = 0.25
    /// No pause is made where more waits than this, or than a quarter of the disk's free space if that is less.
    package var backlog = 2 << 30

    package init() {}

    /// How long no compaction starts after one that took `time`; both in nanoseconds.
    func pause(after time: Int) -> Int { Int(Double(time) * (1 / share - 1)) }

    /// The most that may wait during a pause, with `space` bytes of the disk free.
    func backlog(withFree space: Int) -> Int { min(backlog, space / 4) }
}
