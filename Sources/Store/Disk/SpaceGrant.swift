// Whether a change may take space on the disk, asked for each change and answered without a look at the disk: what waits for
// the writer may be so much and no more, and that much the reserve is there for.

import Synchronization

/// What changes may take of the disk without a question. Sizes are in bytes. Atomic, though used from one thread, because
/// that is read without Swift's check for exclusive access.
struct SpaceGrant: ~Copyable {
    /// What may wait for the writer: a part of the reserve, because as much again may be on its way. Without a reserve
    /// there is no limit.
    private let size: Int
    private let left = Atomic<Int>(0)

    /// Grants nothing before the first `renew`.
    init(reserve: Int) {
        size = reserve == 0 ? .max >> 1 : reserve / 4
    }

    /// Takes what a change needs in the log, its line generously counted.
    /// - Returns: whether there was so much.
    @inline(__always)
    func take(_ size: Int) -> Bool {
        assert(size >= 0, "a change of a negative size")
        let rest = left.load(ordering: .relaxed) &- size &- size &>> 1 &- 128
        guard rest >= 0 else { return false }
        left.store(rest, ordering: .relaxed)
        return true
    }

    /// Grants what may wait beside `pending` bytes; nothing while the disk is full.
    func renew(pending: Int, isObstructed: Bool) {
        left.store(isObstructed ? 0 : size - pending, ordering: .relaxed)
    }
}
