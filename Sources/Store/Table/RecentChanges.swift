// Which keys have uncommitted changes, in fixed memory: for each of 65,536 classes of hashes the newest change of a key
// in that class. A read of a key depends on that change at most; a collision only makes a read wait needlessly.

/// The newest change by class of key hash.
@safe
struct RecentChanges: ~Copyable {
    private let newest: UnsafeMutablePointer<UInt64>
    private static let classes = 1 << 16

    init() {
        unsafe newest = .allocate(capacity: RecentChanges.classes)
        unsafe newest.initialize(repeating: 0, count: RecentChanges.classes)
    }

    deinit { unsafe newest.deallocate() }

    /// Hash bits that neither a bucket's tag nor, below 2^32 buckets, the directory uses.
    private func index(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash &>> 16 & 0xffff)
    }

    /// The number of the newest change that a key with this hash can have; 0 if there was none since the start.
    subscript(hash: UInt64) -> UInt64 {
        get { unsafe newest[index(hash)] }
        nonmutating set { unsafe newest[index(hash)] = newValue }
    }

    /// Records a change of every key.
    func noteAll(_ seq: UInt64) {
        unsafe newest.update(repeating: seq, count: RecentChanges.classes)
    }
}
