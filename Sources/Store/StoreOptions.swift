// What can be chosen of a store.

/// When a change counts as committed.
package enum Durability: String, Sendable, CaseIterable {
    /// Once it is on the disk. Nothing acknowledged is lost, whatever fails.
    case always
    /// Once it is written; a sync follows every second. A crash of the machine loses about the last second.
    case interval
    /// Once it is written; the operating system decides when it reaches the disk.
    case never
}

/// What a start makes of damage that no crash explains.
package enum DamagePolicy: Sendable {
    /// It refuses, and changes nothing.
    case refuse
    /// It sets aside what is damaged and everything behind it, and starts with what is before: for a follower, whose leader has
    /// the rest.
    case setAside
}

/// What a store is opened with, beside its files.
package struct StoreOptions: Sendable {
    package var durability = Durability.always
    package var layout = LogLayout()
    package var retention = Retention()
    package var compaction = CompactionBudget()
    /// A compaction begins by itself when sealed segments are larger than the snapshot times this; 0 turns that off.
    package var compactRatio = 1.0
    /// And larger than this, or than four segments if that is less, in bytes: it takes the same work for each change whether it
    /// is done often or seldom, and the work for each pair each time.
    package var compactSize = 256 << 20
    package var damage = DamagePolicy.refuse
    /// What the key of the table's hash and a new history are drawn from, so that a test meets the same store again; nil for the
    /// system's random numbers.
    package var seed: UInt64?

    package init() {}
}
