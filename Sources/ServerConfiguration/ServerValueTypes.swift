// Value types that only a server has.

import Server
import Settings
import Store

/// A server's configured role.
package enum ConfiguredMode: String, CaseIterable, Sendable {
    case leader, follower
}

extension Configuration {
    /// The initial role, until commands or handovers change it.
    package var mode: ConfiguredMode {
        get { replication.isFollower ? .follower : .leader }
        set {
            replication.isFollower = newValue == .follower
            // A follower's damaged data can be fetched from its leader again.
            store.damage = newValue == .follower ? .setAside : .refuse
        }
    }
}

extension ValueType<AckPolicy> {
    /// What an `OK` waits for.
    static var acknowledgements: ValueType {
        let words = ["local", "one", "all"]
        let count = ValueType<Int>.count(0...1000)
        return ValueType("local, one, all, or a number of followers, such as 2", words: words) { text in
            if words.contains(text) { return AckPolicy(text) }
            return count.read(text).map { $0 == 0 ? .local : .followers($0) }
        }
    }
}
