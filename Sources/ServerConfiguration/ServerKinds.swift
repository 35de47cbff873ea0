// Values that only a server has.

import Server
import Settings
import Store

/// A server's part in replication, as the configuration names it.
package enum ConfiguredMode: String, CaseIterable, Sendable {
    case leader, follower
}

extension Configuration {
    /// What a server is until commands or handovers make something else of it.
    package var mode: ConfiguredMode {
        get { replication.isFollower ? .follower : .leader }
        set {
            replication.isFollower = newValue == .follower
            // What is damaged on a follower, its leader has.
            store.damage = newValue == .follower ? .setAside : .refuse
        }
    }
}

extension Kind<AckPolicy> {
    /// What an `OK` waits for.
    static var acknowledgements: Kind {
        let words = ["local", "one", "all"]
        let count = Kind<Int>.count(0...1000)
        return Kind("local, one, all, or a number of followers, such as 2", words: words) { text in
            if words.contains(text) { return AckPolicy(text) }
            return count.read(text).map { $0 == 0 ? .local : .followers($0) }
        }
    }
}
