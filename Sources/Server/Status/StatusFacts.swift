// The facts of a running server that its state is made of.

import Bytes
import Store

extension Server {
    /// The state for people.
    var serverState: ServerState {
        var facts = StateFacts()
        facts.isFollower = replication.isFollower
        facts.leader = replication.leaderAddress
        facts.durability = store.durability.rawValue
        facts.obstacle = stateObstacle
        facts.followers = replication.followers.map { follower in
            StateFacts.Follower("\(follower.endpoint)", isConnected: follower.isFeeding, lag: follower.lag)
        }
        facts.lag = replication.staleness
        facts.notes = stateNotes
        return facts.state
    }

    /// In the order of `unreadiness`.
    private var stateObstacle: StateObstacle? {
        if let loading { return .loading(loading.description) }
        if let failure = store.failure { return .logFailed("\(failure)", leavesReads: failure.leavesReads) }
        if isStopping { return .stopping }
        if let obstacle = store.obstacle { return .notWritable(obstacle.description) }
        if let obstacle = audit?.obstacle { return .auditNotWritable("\(obstacle)") }
        return replication.stateObstacle
    }

    private var stateNotes: [ServerState.Note] { safetyNotes + roomNotes + configurationNotes }

    /// What concerns the safety of the data.
    private var safetyNotes: [ServerState.Note] {
        var notes: [ServerState.Note] = []
        let age = supervision.unsynced.age(
            newest: store.position.seq, durable: store.durable, at: clock.milliseconds)
        if store.isLoaded, store.durability != .never, age >= 2000 {
            notes.append(
                ServerState.Note(
                    "A sync of the log takes \(shown(milliseconds: age)) and has not ended",
                    "Changes wait for the disk. Look at what else uses it (iotop), and for its errors (dmesg)."))
        }
        if let failure = store.compaction.lastFailure {
            notes.append(
                ServerState.Note(
                    "The last compaction failed: \(failure)",
                    "Nothing is lost; the log grows until one succeeds. It needs room for a second snapshot."))
        }
        if let health = audit?.state.health, health.lost > 0 || health.failure != nil {
            let reason = health.failure.map { ": \($0)" } ?? ""
            notes.append(
                ServerState.Note(
                    "The audit lacks \(health.lost) events\(reason)",
                    "The server's log says when; docs/audit.md says what to do."))
        }
        return notes
    }

    /// What is about to be short.
    private var roomNotes: [ServerState.Note] {
        var notes: [ServerState.Note] = []
        let (used, limit) = (usedMemory, memory.limit)
        if limit != .max, used > limit / 100 * 85 {
            notes.append(
                ServerState.Note(
                    "Memory: \(ByteSize(used)) of \(ByteSize(limit)) are used",
                    "At the limit changes are refused; nothing is evicted. Raise memory.max, delete keys, or let them expire."
                ))
        }
        if let space = store.space, store.obstacle == nil, space.available < space.total / 10 {
            notes.append(
                ServerState.Note(
                    "Disk: \(ByteSize(space.available)) of \(ByteSize(space.total)) are free",
                    "When it is full, changes are refused. Make room, or use a larger disk."))
        }
        if connections.count > limits.clientCount * 85 / 100 {
            notes.append(
                ServerState.Note(
                    "Connections: \(connections.count) of \(limits.clientCount)",
                    "At the limit clients are refused. CLIENT LIST says who they are; limits.clients is the limit."))
        }
        return notes
    }

    /// What is set up in a way that somebody may not mean.
    private var configurationNotes: [ServerState.Note] {
        var notes: [ServerState.Note] = []
        if authentication.isOpenToAll, let exposed = authentication.exposed {
            notes.append(
                ServerState.Note(
                    "Everyone who reaches \(exposed) can read and change everything",
                    "auth.mode is open. Set a password (auth.password), or make users."))
        }
        if !supervision.lastReloadSucceeded {
            notes.append(
                ServerState.Note(
                    "The last reload of the configuration changed nothing: it has errors",
                    "puffin-server config check names them. A restart would fail."))
        }
        if let tls {
            let days = tls.secondsLeft(at: Int(clock.now / 1000)) / 86_400
            if days < 14 {
                notes.append(
                    ServerState.Note(
                        days < 0 ? "The certificate has expired" : "The certificate expires in \(days) days",
                        "Replace its files; the server reads them every ten seconds."))
            }
            if let failure = tls.failure {
                notes.append(
                    ServerState.Note(
                        "The newest certificate files cannot be used: \(failure)", "The old ones stay. Mend the files.")
                )
            }
        }
        return notes
    }
}

extension Replication {
    fileprivate var stateObstacle: StateObstacle? {
        if isHandingOver { return .handingOver }
        if isFresh { return nil }
        guard let leader, leader.isOpen else { return .noLeader(age: staleness) }
        let own = server.store.position.seq
        return .behind(own: own, newest: max(leader.leaderSeq, own), link: leader.stateName)
    }
}
