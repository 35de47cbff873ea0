// The options of a store.

/// When a change counts as committed.
package enum Durability: String, Sendable, CaseIterable {
    /// When it is on the disk. Nothing acknowledged is lost, whatever fails.
    case always
    /// When it is written; a sync follows every second. A crash of the machine loses about the last second.
    case interval
    /// When it is written; the operating system decides when it reaches the disk.
    case never
}

/// What is kept of the order of keys.
package enum KeyIndex: String, Sendable, CaseIterable {
    /// Nothing: ranges cannot be read.
    case none
    /// The ordered index.
    case ordered
}

/// What a start does about damage that no crash explains.
package enum DamagePolicy: Sendable {
    /// Refuses, and changes nothing.
    case refuse
    /// Sets aside what is damaged and everything after it, and starts with what precedes it: for a follower, whose
    /// leader has the rest.
    case setAside
}

/// The options of a store besides its files.
package struct StoreOptions: Sendable {
    package var durability = Durability.always
    package var layout = LogLayout()
    package var retention = Retention()
    package var compaction = CompactionBudget()
    package var compactionRule = CompactionRule()
    package var damage = DamagePolicy.refuse
    package var index = KeyIndex.none
    /// The seed of the table's hash key and of a new history, so that a test gets the same store again; nil for the
    /// system's random numbers.
    package var seed: UInt64?

    package init() {}
}
