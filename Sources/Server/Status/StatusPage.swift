// What a person asks a server first, as JSON: /v1/status and /status. docs/console.md lists the fields.

import Bytes
import OpenSSL
import Program
import Reactor
import Store
import Wire

extension Server {
    /// The reply of /v1/status. With `since=N` it has the recent figures from sample N on; 0 gives all that are kept.
    func statusPage(_ query: borrowing HTTPQuery) -> HTTPResponse {
        var since: Int?
        if let text = query.value(of: "since") {
            guard let number = text.signedNumber, number >= 0 else {
                return HTTPResponse(
                    HTTPRefusal(
                        .badRequest,
                        "since=\(String(text)) is no number of a sample: expected a number from 0 on, such as since=0"))
            }
            since = number
        }
        return HTTPResponse(json: since == nil ? .indented : .compact) { json in
            json.object { json in
                append(to: &json)
                if let since {
                    json.member("recent", object: { recentFigures.append(since: since, now: store.now, to: &$0) })
                }
            }
        }
    }

    private func append(to json: inout JSONWriter) {
        let state = serverState
        json.member("state", object: { state.append(to: &$0) })
        json.member("label", consoleLabel)
        json.member("role", replication.roleName)
        json.member("ready", unreadiness(forReads: false) == nil)
        json.member("loading_percent", loading?.percent ?? 100)
        json.member("time", store.now)
        json.member("server", object: appendServer)
        json.member("durability", object: appendDurability)
        json.member("data", object: appendData)
        json.member("memory", object: appendMemory)
        json.member("disk", object: appendDisk)
        json.member("log", object: appendLog)
        json.member("clients", object: appendClients)
        json.member("replication", object: replication.append)
        json.member("routes", servedRoutes)
        json.member("now", object: recentFigures.appendNewest)
    }

    /// The paths that this server serves.
    private var servedRoutes: [String] {
        guard let http else { return [] }
        return Set(HTTPRoutes.all.filter { http.serves($0.part, self) }.map(\.template)).sorted()
    }

    private func appendServer(to json: inout JSONWriter) {
        json.member("address", "\(listeners.addresses[0])")
        json.member("id", "\(id)")
        json.member("version", puffinVersion)
        json.member("libevent", LibraryVersion.libevent)
        json.member("openssl", OpenSSLVersion.text)
        json.member("started", statistics.startTime)
        json.member("uptime_seconds", statistics.uptimeSeconds(at: clock.last))
        if let tls { json.member("certificate_expires_seconds", tls.secondsLeft(at: Int(clock.now / 1000))) }
    }

    private func appendDurability(to json: inout JSONWriter) {
        json.member("mode", store.durability.rawValue)
        json.member("ack", "\(replication.settings.acks)")
        json.member("seq", store.position.seq)
        json.member("committed", store.committed)
        json.member("durable", store.durable)
        json.member("syncs", store.syncCount)
        json.member("last_sync_microseconds", store.lastSyncNanoseconds / 1000)
        json.member(
            "writable", gate.isServing && store.obstacle == nil && replication.readOnly == nil && store.failure == nil)
    }

    private func appendData(to json: inout JSONWriter) {
        json.member("history", store.history)
        json.member("pairs", store.count)
        json.member("pairs_expiring", store.expiringCount)
        json.member("expired", store.expiredCount)
    }

    private func appendMemory(to json: inout JSONWriter) {
        json.member("used_bytes", usedMemory)
        json.member("limit_bytes", memory.limit == .max ? nil : memory.limit)
        json.member("table_bytes", store.size)
        json.member("held_bytes", pool.held)
        json.member("refusals", memory.refusals)
    }

    private func appendDisk(to json: inout JSONWriter) {
        let space = store.space
        json.member("free_bytes", space?.available)
        json.member("size_bytes", space?.total)
    }

    private func appendLog(to json: inout JSONWriter) {
        let status = store.compaction
        json.member("snapshot_seq", status.snapshotSeq)
        json.member("snapshot_bytes", status.snapshotSize)
        json.member("sealed_bytes", status.sealedSize)
        json.member("compaction_percent", status.isRunning ? status.percent : nil)
        json.member("compactions", status.count)
        json.member("compactions_failed", status.failures)
    }

    private func appendClients(to json: inout JSONWriter) {
        json.member("connected", connections.count)
        json.member("limit", limits.clientCount)
        json.member("accepted", statistics.connections)
        json.member("refused", statistics.refusedConnections)
        json.member("dropped", statistics.droppedClients)
        json.member("login_required", authentication.isRequired)
        json.member("slow_requests", slowLog.total)
        json.member("error_replies", statistics.errors)
    }
}

extension ServerState {
    fileprivate func append(to json: inout JSONWriter) {
        json.member("level", level.rawValue)
        json.member("sentence", sentence)
        json.member("advice", advice)
        json.member(
            "notes",
            list: { json in
                for note in notes {
                    json.object { json in
                        json.member("text", note.text)
                        json.member("advice", note.advice)
                    }
                }
            })
    }
}

extension Replication {
    fileprivate func append(to json: inout JSONWriter) {
        if isFollower {
            let newest = max(leaderSeq, server.store.position.seq)
            json.member(
                "leader",
                object: { json in
                    json.member("address", leaderAddress)
                    json.member("id", leader?.id.map { "\($0)" })
                    json.member("state", leader?.stateName ?? "down")
                    json.member("seq", newest)
                    json.member("behind_changes", newest - server.store.position.seq)
                    json.member("behind_milliseconds", staleness)
                })
        }
        let newest = server.store.position.seq
        json.member(
            "followers",
            list: { json in
                for follower in followers { json.object { follower.append(newest: newest, to: &$0) } }
            })
    }
}

extension FollowerStatus {
    fileprivate func append(newest: UInt64, to json: inout JSONWriter) {
        json.member("address", "\(endpoint)")
        json.member("id", id.map { "\($0)" })
        json.member("state", stateName)
        json.member("connected", isFeeding)
        json.member("acknowledged", acknowledged)
        json.member("behind_changes", newest - min(newest, acknowledged))
        json.member("behind_bytes", remainingSize)
        json.member("behind_milliseconds", lag)
        json.member("silent_milliseconds", silence)
        json.member("sent_bytes", sentSize)
    }
}

extension RecentFigures {
    /// The newest sample.
    fileprivate func appendNewest(to json: inout JSONWriter) {
        guard next > 0 else { return }
        for figure in Figure.allCases {
            json.name(figure.name)
            json.plain(text(next - 1, figure))
        }
    }

    /// The samples from `since` on, or those that are kept.
    /// - Parameter now: Unix milliseconds: about the time of the newest sample.
    fileprivate func append(since: Int, now: UInt64, to json: inout JSONWriter) {
        let start = min(max(since, first), next)
        json.member("first", start)
        json.member("next", next)
        json.member("time", now)
        json.member("figures", Figure.allCases.map(\.name))
        var rows = ByteBuffer()
        rows.append("[")
        for sample in start..<next {
            if sample > start { rows.append(",") }
            rows.append("[")
            for figure in Figure.allCases {
                if figure.rawValue > 0 { rows.append(",") }
                rows.append(text: text(sample, figure))
            }
            rows.append("]")
        }
        rows.append("]")
        json.name("rows")
        json.plain(rows.bytes)
    }

    private func text(_ sample: Int, _ figure: Figure) -> String {
        guard let value = self[sample, figure] else { return "null" }
        return figure == .changesPerSync ? fixed(Double(value) / 100, 2, trimmed: true) : String(value)
    }
}

extension RecentFigures.Figure {
    /// The name in JSON, with the unit.
    fileprivate var name: String {
        switch self {
        case .changes: "changes"
        case .reads: "reads"
        case .readTime: "read_p99_nanoseconds"
        case .writeTime: "write_p99_nanoseconds"
        case .diskTime: "disk_p99_nanoseconds"
        case .replicaTime: "replica_p99_nanoseconds"
        case .memory: "memory_bytes"
        case .syncTime: "sync_nanoseconds"
        case .changesPerSync: "changes_per_sync"
        case .lag: "lag_milliseconds"
        }
    }
}

extension HTTPResponse {
    /// A JSON text, which `body` writes.
    init(json style: JSONWriter.Style, _ body: (inout JSONWriter) -> Void) {
        var buffer = ByteBuffer()
        buffer.append(json: style, body)
        buffer.append("\n")
        self.init(contentType: "application/json", body: buffer)
    }
}
