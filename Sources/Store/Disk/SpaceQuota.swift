// Whether a change may take disk space, answered per change without a system call: pending changes may take a bounded
// amount, for which the reserve exists.

import Synchronization

/// The disk space that changes may take without a check. Sizes are in bytes. Atomic, though used from one thread,
/// because reading it then needs no run-time exclusivity check.
struct SpaceQuota: ~Copyable {
    /// The most that may be pending: a part of the reserve, because as much again may be in the writer. Without a
    /// reserve there is no limit.
    private let size: Int
    private let left = Atomic<Int>(0)

    /// Allows nothing before the first `renew`.
    init(reserve: Int) {
        size = reserve == 0 ? .max >> 1 : reserve / 4
    }

    /// Takes a change's space in the log from the quota, with a generous bound for its line.
    /// - Returns: whether the quota sufficed.
    @inline(__always)
    func take(_ size: Int) -> Bool {
        assert(size >= 0, "a change of a negative size")
        let rest = left.load(ordering: .relaxed) &- size &- size &>> 1 &- 128
        guard rest >= 0 else { return false }
        left.store(rest, ordering: .relaxed)
        return true
    }

    /// Allows what may be pending besides `pending` bytes; nothing while the disk is full.
    func renew(pending: Int, isObstructed: Bool) {
        left.store(isObstructed ? 0 : size - pending, ordering: .relaxed)
    }
}
