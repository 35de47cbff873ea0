// The state of a server in one sentence: its role, whether it is ready, what keeps it from that, and what to do. Pure.

/// What is said first of a server.
package struct ServerState: Equatable, Sendable {
    /// How serious it is.
    package enum Level: String, Sendable {
        case ready
        /// It serves, and somebody should look at it.
        case attention
        /// It does not do what it is there for.
        case trouble
    }

    /// A further point that somebody should know.
    package struct Note: Equatable, Sendable {
        package let text: String
        package let advice: String

        package init(_ text: String, _ advice: String) { (self.text, self.advice) = (text, advice) }
    }

    package let level: Level
    /// Without a full stop: `Leader, ready, durable always, 1 follower 3 ms behind`.
    package let sentence: String
    /// What to do; nil if nothing is wrong.
    package let advice: String?
    package let notes: [Note]
}

/// What keeps a server from being ready.
package enum StateObstacle: Equatable, Sendable {
    /// With the progress: `63 %, about 4 s`.
    case loading(String)
    case logFailed(String, leavesReads: Bool)
    case stopping
    /// Changes are refused. The text has what is wrong, and behind its first `; ` what to do.
    case notWritable(String)
    case auditNotWritable(String)
    case handingOver
    /// How old the data is, in milliseconds; nil if it never had a leader.
    case noLeader(age: Int?)
    case behind(own: UInt64, newest: UInt64, link: String)
}

/// What the sentence is made of.
package struct StateFacts: Sendable {
    package struct Follower: Sendable {
        package let address: String
        package let isConnected: Bool
        /// In milliseconds.
        package let lag: Int

        package init(_ address: String, isConnected: Bool, lag: Int) {
            (self.address, self.isConnected, self.lag) = (address, isConnected, lag)
        }
    }

    package var isFollower = false
    /// The leader's address, if it is known; of a follower.
    package var leader: String?
    package var durability = "always"
    package var obstacle: StateObstacle?
    package var followers: [Follower] = []
    /// How far a follower is behind its leader, in milliseconds.
    package var lag: Int?
    package var notes: [ServerState.Note] = []

    package init() {}

    package var state: ServerState {
        var words = [isFollower ? leader.map { "Follower of \($0)" } ?? "Follower" : "Leader"]
        guard let obstacle else {
            words += ["ready", "durable \(durability)"] + (isFollower ? leaderWords : followerWords)
            let notes = followerNotes + notes
            return ServerState(
                level: notes.isEmpty ? .ready : .attention, sentence: words.joined(separator: ", "), advice: nil,
                notes: notes)
        }
        let (reason, advice) = obstacle.explanation
        words.append(reason)
        return ServerState(
            level: obstacle.level, sentence: words.joined(separator: ", "), advice: advice, notes: followerNotes + notes
        )
    }

    private var leaderWords: [String] {
        guard let lag else { return [] }
        return [lag == 0 ? "up to date" : "\(shown(milliseconds: lag)) behind"]
    }

    private var followerWords: [String] {
        guard !followers.isEmpty else { return ["no followers"] }
        let connected = followers.filter(\.isConnected)
        guard let lag = connected.map(\.lag).max() else {
            return ["\(counted(followers.count, "follower")), none connected"]
        }
        let behind = lag == 0 ? "up to date" : "\(shown(milliseconds: lag)) behind"
        let count =
            connected.count == followers.count
            ? counted(followers.count, "follower") : "\(connected.count) of \(followers.count) followers connected"
        return [connected.count == followers.count ? "\(count) \(behind)" : "\(count), \(behind)"]
    }

    private var followerNotes: [ServerState.Note] {
        guard !isFollower else { return [] }
        let away = followers.filter { !$0.isConnected }.map(\.address)
        guard !away.isEmpty else { return [] }
        let advice =
            away.count == followers.count
            ? "Only this disk has the newest changes. Start a follower, or add one: FOLLOWER ADD host:port."
            : "Start it again; the log of this server says why it is not reached. If it is gone for good: FOLLOWER REMOVE host:port."
        return [ServerState.Note("Not connected: \(away.joined(separator: ", "))", advice)]
    }
}

extension StateObstacle {
    var level: ServerState.Level {
        switch self {
        case .loading, .stopping, .handingOver, .behind: .attention
        case .logFailed, .notWritable, .auditNotWritable, .noLeader: .trouble
        }
    }

    /// What is wrong, and what to do.
    var explanation: (reason: String, advice: String) {
        switch self {
        case .loading(let progress):
            ("loading its data: \(progress)", "Nothing to do: it answers once its data is loaded.")
        case .logFailed(let text, let leavesReads):
            (
                "the log cannot be written: \(text)",
                leavesReads
                    ? "It still answers reads. Export what it has (puffin-cli export) before you stop it."
                    : "The server ends. Look for errors of the disk (dmesg) before you start it again."
            )
        case .stopping: ("stopping", "Nothing to do: it finishes what it has accepted, and ends.")
        case .notWritable(let text): StateObstacle.split(text)
        case .auditNotWritable(let text):
            (
                "the audit cannot be written: \(text)",
                "Logins and requests that are recorded are refused. Make room on its disk, or put its folder right."
            )
        case .handingOver:
            ("handing over: changes are refused for a moment", "Nothing to do: it takes milliseconds.")
        case .noLeader(let age):
            (
                age.map { "without a leader; what is here is \(shown(milliseconds: $0)) old" } ?? "without a leader",
                "Start the leader, or have it add this server: FOLLOWER ADD host:port. To lead instead: PROMOTE."
            )
        case .behind(let own, let newest, let link):
            (
                "behind its leader (\(link)): change \(own) of \(newest)",
                "Nothing to do: it catches up. Readers get old data until then."
            )
        }
    }

    private static func split(_ text: String) -> (reason: String, advice: String) {
        guard let end = text.firstIndex(of: ";") else { return ("changes are refused: \(text)", "The log says more.") }
        let advice = text[text.index(after: end)...].drop { $0 == " " }
        return ("changes are refused: \(text[..<end])", advice.prefix(1).uppercased() + advice.dropFirst() + ".")
    }
}

/// `3 ms`, `12 s`, `5 min`.
func shown(milliseconds: Int) -> String {
    switch milliseconds {
    case ..<10_000: "\(milliseconds) ms"
    case ..<600_000: "\(milliseconds / 1000) s"
    default: "\(milliseconds / 60_000) min"
    }
}

/// `1 follower`, `2 followers`.
private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
