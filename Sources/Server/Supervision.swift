// What watches a server from outside: the service manager and whoever reads the metrics.

import Reactor

/// What the program gives its server for that, and what it notes there. Used on the loop's thread.
package final class Supervision {
    /// Told when the server is ready, works, reloads its configuration and stops.
    package var serviceManager: ServiceManager?
    /// Whether the last reload of the configuration was applied.
    package var lastReloadSucceeded = true
    /// Lines of the log lost since the start.
    package var lostLogLines: (() -> Int)?
    fileprivate(set) var unsynced = UnsyncedAge()

    init() {}
}

extension Server {
    /// Notes how old unsynced changes are, and reports to the service manager. Once a second: a loop that hangs reports nothing, so
    /// the manager restarts it, and a slow disk does not stop the loop.
    func supervise() {
        if store.isLoaded {
            supervision.unsynced.look(newest: store.position.seq, durable: store.durable, at: clock.milliseconds)
        }
        guard let manager = supervision.serviceManager else { return }
        if hasStarted { manager.alive(serviceStatus) } else { manager.starting(serviceStatus) }
    }

    /// What the server does, in a sentence.
    var serviceStatus: String {
        if let loading { return "Loading: \(loading.description)" }
        if isStopping { return "Stopping" }
        if let reason = unreadiness(forReads: false) { return "Not ready: \(reason)" }
        if let leader = replication.leaderAddress, replication.isFollower { return "Ready: follower of \(leader)" }
        let followers = replication.followers
        if followers.isEmpty { return "Ready: leader" }
        return "Ready: leader, \(followers.count { $0.isFeeding }) of \(followers.count) followers connected"
    }
}
