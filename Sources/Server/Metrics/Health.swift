// What a server says to those who ask whether it lives, and whether it is of use: /healthz and /readyz. docs/metrics.md says
// what to do with either.

import Bytes
import Reactor
import Store

extension Server {
    /// The answer at /healthz. The loop turns, or nobody would answer; so it is only the log that can be wrong, and a restart
    /// is the only way out; but not where the server holds what its files no longer do.
    func health() -> HTTPResponse {
        guard let failure = store.failure, !failure.leavesReads else { return HTTPResponse(text: "ok") }
        return HTTPResponse(status: 503, text: "the log cannot be written: \(failure)")
    }

    /// The answer at /readyz, or at /readyz?for=reads.
    func readiness(_ request: HTTPRequest) -> HTTPResponse {
        switch request.parameter("for") {
        case nil, "all": return readiness(unreadiness(forReads: false))
        case "reads": return readiness(unreadiness(forReads: true))
        case let other?:
            return HTTPResponse(status: 400, text: "for=\(other) is not known; there are for=reads and for=all")
        }
    }

    private func readiness(_ obstacle: String?) -> HTTPResponse {
        if let obstacle { return HTTPResponse(status: 503, text: obstacle) }
        return HTTPResponse(text: "ok")
    }

    /// Why clients should not be sent here; nil where they should.
    /// - Parameter isForReads: whether they only want what is here, be it stale.
    func unreadiness(forReads isForReads: Bool) -> String? {
        if let loading { return "loading: \(loading.description)" }
        if let failure = store.failure, !(isForReads && failure.leavesReads) {
            return "the log cannot be written: \(failure)"
        }
        if isStopping { return "stopping" }
        if isForReads { return nil }
        if let obstacle = store.obstacle { return obstacle.description }
        return replication.unreadiness
    }
}

extension Replication {
    /// Why what is here is not what clients should get; nil on a leader, and on a follower that has everything its leader has.
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
