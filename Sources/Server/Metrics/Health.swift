// Liveness and readiness: /healthz and /readyz. docs/metrics.md says
// what to do with either.

import Bytes
import Reactor
import Store
import Wire

extension Server {
    /// The reply of /healthz. The loop is running, since it replies; only the log can have failed, and a restart
    /// is the only remedy. A server that holds data which its files have lost must not be restarted.
    func health() -> HTTPResponse {
        guard let failure = store.failure, !failure.leavesReads else { return HTTPResponse(text: "ok") }
        return HTTPResponse(status: 503, text: "the log cannot be written: \(failure)")
    }

    /// The reply of /readyz, or of /readyz?for=reads.
    func readiness(_ query: borrowing HTTPQuery) -> HTTPResponse {
        guard let purpose = query.value(of: "for") else { return readiness(unreadiness(forReads: false)) }
        switch String(purpose) {
        case "all": return readiness(unreadiness(forReads: false))
        case "reads": return readiness(unreadiness(forReads: true))
        case let other:
            return HTTPResponse(status: 400, text: "for=\(other) is not known; there are for=reads and for=all")
        }
    }

    private func readiness(_ obstacle: String?) -> HTTPResponse {
        if let obstacle { return HTTPResponse(status: 503, text: obstacle) }
        return HTTPResponse(text: "ok")
    }

    /// Why clients should not use this server; nil if they should.
    /// - Parameter isForReads: whether stale reads are acceptable.
    func unreadiness(forReads isForReads: Bool) -> String? {
        if let loading { return "loading: \(loading.description)" }
        if let failure = store.failure, !(isForReads && failure.leavesReads) {
            return "the log cannot be written: \(failure)"
        }
        if isStopping { return "stopping" }
        if isForReads { return nil }
        if let obstacle = store.obstacle { return obstacle.description }
        if let obstacle = audit?.obstacle { return "the audit cannot be written: \(obstacle)" }
        return replication.unreadiness
    }
}

extension Replication {
    /// Why this server's data is not current; nil on a leader, and on a follower that has caught up.
    var unreadiness: String? {
        if isHandingOver { return "handing over: changes are refused for a moment" }
        if isFresh { return nil }
        guard let leader, leader.isOpen else {
            let age = staleness.map { "; what is here is \($0 / 1000) s old" } ?? ""
            return "follower without a leader\(age)"
        }
        let own = server.store.position.seq
        return
            "follower that is behind its leader (\(leader.stateName)): change \(own) of \(max(leader.leaderSeq, own))"
    }
}
