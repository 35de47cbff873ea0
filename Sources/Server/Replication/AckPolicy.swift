// How many followers must have a change on their disks before a reply may reveal it.

/// The acknowledgements that the reply to a change waits for, beyond this server's own log.
package enum AckPolicy: Equatable, Sendable, CustomStringConvertible {
    /// None.
    case local
    /// Acknowledgements of a number of followers, at least one.
    case followers(Int)
    /// Acknowledgements of all followers of this server.
    case all

    /// Parses `local`, `one`, `all` or a number; 0 is `local`. nil for anything else.
    package init?(_ text: String) {
        switch text {
        case "local", "0": self = .local
        case "one": self = .followers(1)
        case "all": self = .all
        default:
            guard let count = Int(text), count > 0 else { return nil }
            self = .followers(count)
        }
    }

    /// The newest change acknowledged by enough followers.
    /// - Parameter positions: the newest change that each follower has acknowledged, in any order.
    package func acknowledged(_ positions: [UInt64]) -> UInt64 {
        let wanted = wanted(of: positions.count)
        if wanted == 0 { return .max }
        let sorted = positions.sorted(by: >)
        return wanted <= sorted.count ? sorted[wanted - 1] : 0
    }

    /// The number of followers that have yet to acknowledge a change under this policy.
    package func missing(_ positions: [UInt64], for seq: UInt64) -> Int {
        max(wanted(of: positions.count) - positions.count { $0 >= seq }, 0)
    }

    private func wanted(of count: Int) -> Int {
        switch self {
        case .local: 0
        case .followers(let wanted): wanted
        case .all: count
        }
    }

    package var description: String {
        switch self {
        case .local: "local"
        case .followers(1): "one"
        case .followers(let count): String(count)
        case .all: "all"
        }
    }
}
