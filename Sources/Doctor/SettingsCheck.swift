// What the settings promise, and whether anybody can keep it.

import Bytes

/// The settings that have an effect on what an OK means.
package struct SettingsReading: Sendable {
    /// Where they come from, for people.
    package var source = ""
    /// `always`, `interval` or `never`.
    package var durability = "always"
    /// How many followers must acknowledge a change; nil for all of them.
    package var acknowledgements: Int? = 0
    package var followers = 0
    package var isFollower = false
    /// How long a reply waits for followers, in milliseconds.
    package var timeout = 0
    /// Why a server with these settings does not start: a line each.
    package var refusals: [String] = []

    package init() {}

    package var findings: [Finding] {
        [settingsFinding, durabilityFinding, acknowledgementFinding].compactMap { $0 }
    }

    private var settingsFinding: Finding {
        guard let first = refusals.first else { return Finding("settings", ok: source) }
        return Finding("settings", failure: first, advice: "see puffin-server config show")
    }

    private var durabilityFinding: Finding {
        switch durability {
        case "always": Finding("durability", ok: "always: an OK is on the disk")
        case "interval":
            Finding(
                "durability",
                warning: "interval: a crash of the machine loses about the last second of acknowledged changes",
                advice: "set server.durability to always, unless that is meant")
        default:
            Finding(
                "durability",
                warning: "\(durability): a crash of the machine loses acknowledged changes of many seconds",
                advice: "set server.durability to always, unless that is meant")
        }
    }

    private var acknowledgementFinding: Finding? {
        let figures = [Finding.Figure("followers", followers)]
        switch acknowledgements {
        case 0?: return nil
        case nil where followers == 0 && !isFollower:
            return Finding(
                "acknowledgements",
                warning: "replication.ack is all, and there are no followers: an OK waits for this disk alone",
                advice: "name the followers (--follower)", figures: figures)
        case let wanted? where wanted > followers && !isFollower:
            return Finding(
                "acknowledgements",
                failure:
                    "replication.ack wants \(counted(wanted, "follower")), and \(followers) \(followers == 1 ? "is" : "are") "
                    + "named: each change waits \(timeout) ms, then it is an error",
                advice: "name the followers (--follower), or lower replication.ack", figures: figures)
        default:
            let wanted = acknowledgements.map { "\($0)" } ?? "all"
            return Finding("acknowledgements", ok: "\(wanted) of \(counted(followers, "follower"))", figures: figures)
        }
    }
}

/// One follower, asked over the network.
package struct FollowerReading: Sendable {
    package let address: String
    /// Why it was not reached, or did not answer as a server does; nil if it did.
    package let problem: String?
    /// Whether a certificate or a login was refused, rather than the connection.
    package let isReached: Bool

    package init(address: String, problem: String?, isReached: Bool) {
        (self.address, self.problem, self.isReached) = (address, problem, isReached)
    }

    package var finding: Finding {
        guard let problem else { return Finding("follower", ok: "\(address) answers") }
        return Finding(
            "follower", warning: "\(address): \(problem)",
            advice: isReached
                ? "see that it is a Puffin server, and that both have the same settings of TLS"
                : "start it, or see the route and the firewall between the two machines")
    }
}
