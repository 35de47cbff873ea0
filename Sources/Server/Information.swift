// STATS with Puffin's names; INFO and CONFIG GET with the names that Redis' tools look for.

import Bytes
import Program
import Reactor
import Store

extension Server {
    /// Names and values, in the order of STATS. Values are single words, except in the last lines, which appear only if
    /// something is wrong.
    var figures: [(String, String)] { steadyFigures + replication.figures + troubles }

    private var steadyFigures: [(String, String)] {
        [
            ("version", puffinVersion),
            ("uptime_seconds", String(statistics.uptimeSeconds(at: clock.last))),
            ("durability", store.durability.rawValue),
            ("pairs", String(store.count)),
            ("pairs_expiring", String(store.expiringCount)),
            ("expired", String(store.expiredCount)),
            ("expiry_lag_milliseconds", String(store.expiryLag)),
            ("expiry_index_bytes", String(store.expiryIndexSize)),
            ("table_bytes", String(store.size)),
            ("memory_bytes", String(usedMemory)),
            ("memory_limit_bytes", String(memory.shownLimit)),
            ("memory_refusals", String(memory.refusals)),
            ("buffer_bytes", String(BufferMemory.size)),
            ("connection_bytes", String(loop.streamSize)),
            ("held_bytes", String(pool.held)),
            ("cleared_bytes", String(store.clearedSize)),
            ("index", indexState),
            ("history", store.history),
            ("seq", String(store.position.seq)),
            ("oldest_seq", String(store.oldestSeq)),
            ("committed", String(store.committed)),
            ("durable", String(store.durable)),
            ("syncs", String(store.syncCount)),
            ("last_sync_microseconds", String(store.lastSyncNanoseconds / 1000)),
            ("clock_offset_milliseconds", String(clock.lead / 1000)),
            ("loading", loading == nil ? "no" : "yes"),
            ("loading_percent", String(loading?.percent ?? 100)),
            (
                "writable",
                gate.isServing && store.obstacle == nil && replication.readOnly == nil
                    ? "yes" : "no"
            ),
            ("snapshot_seq", String(store.compaction.snapshotSeq)),
            ("snapshot_bytes", String(store.compaction.snapshotSize)),
            ("sealed_bytes", String(store.compaction.sealedSize)),
            ("compaction", store.compaction.isRunning ? "running" : "idle"),
            ("compaction_percent", String(store.compaction.percent)),
            ("compactions", String(store.compaction.count)),
            ("compactions_failed", String(store.compaction.failures)),
            ("last_compaction_milliseconds", String(Int(store.compaction.lastSeconds * 1000))),
            ("feeds", String(changes.count)),
            ("feeds_behind", String(changes.behindCount)),
            ("clients", String(connections.count)),
            ("connections_accepted", String(statistics.connections)),
            ("login", authentication.isRequired ? "required" : authentication.isOpenToAll ? "open_to_all" : "open"),
            ("logins", String(authentication.counts.accepted)),
            ("logins_refused", String(authentication.counts.refused)),
            ("requests_denied", String(authentication.counts.denied)),
            ("clients_not_logged_in", String(unauthenticated.count)),
            ("connections_refused", String(statistics.refusedConnections)),
            ("clients_dropped", String(statistics.droppedClients)),
            ("requests", String(statistics.requests)),
            ("error_replies", String(statistics.errors)),
            ("protocol_errors", String(statistics.protocolErrors)),
            ("replies_held", String(statistics.heldReplies)),
            ("received_bytes", String(statistics.receivedSize)),
            ("sent_bytes", String(statistics.sentSize)),
        ]
    }

    private var indexState: String {
        switch store.order {
        case .unknown: "none"
        case .building: "building"
        case .known: "ordered"
        }
    }

    /// The current problems, as sentences.
    private var troubles: [(String, String)] {
        var troubles: [(String, String)] = []
        if let obstacle = store.obstacle { troubles.append(("not_writable_because", obstacle.description)) }
        if let failure = store.compaction.lastFailure {
            troubles.append(("compaction_failed_because", failure.description))
        }
        if let audit {
            let health = audit.state.health
            troubles.append(("audit_lost", String(health.lost)))
            if let failure = health.failure { troubles.append(("audit_not_writable_because", "\(failure)")) }
        }
        return troubles
    }

    /// The reply of INFO; all sections if none is named.
    func information(sections wanted: [String]) -> String {
        let all = wanted.isEmpty || wanted.contains { ["all", "default", "everything"].contains($0) }
        return redisSections.filter { all || wanted.contains($0.name.lowercased()) }
            .map { section in
                "# \(section.name)\r\n" + section.fields.map { "\($0):\($1)\r\n" }.joined()
            }
            .joined(separator: "\r\n")
    }

    private var redisSections: [(name: String, fields: [(String, String)])] {
        let counts = statistics.sinceReset
        return [
            (
                "Server",
                [
                    ("redis_version", redisVersion), ("puffin_version", puffinVersion),
                    ("redis_mode", "standalone"), ("process_id", String(WallClock.processID)),
                    ("run_id", "\(id)"), ("tcp_port", String(port)),
                    ("uptime_in_seconds", String(statistics.uptimeSeconds(at: clock.last))),
                ]
            ),
            (
                "Clients",
                [("connected_clients", String(connections.count)), ("maxclients", String(limits.clientCount))]
            ),
            (
                "Memory",
                [
                    ("used_memory", String(usedMemory)), ("used_memory_human", "\(ByteSize(usedMemory))"),
                    ("used_memory_dataset", String(store.size)), ("maxmemory", String(memory.shownLimit)),
                    ("maxmemory_human", "\(ByteSize(memory.shownLimit))"), ("maxmemory_policy", "noeviction"),
                ]
            ),
            (
                "Persistence",
                [
                    ("loading", loading == nil ? "0" : "1"),
                    ("loading_loaded_perc", String(loading?.percent ?? 100)),
                    ("rdb_bgsave_in_progress", store.compaction.isRunning ? "1" : "0"),
                    ("rdb_last_save_time", String(store.compaction.lastTime / 1000)),
                    ("rdb_last_bgsave_status", store.compaction.lastFailure == nil ? "ok" : "err"),
                    ("rdb_last_bgsave_time_sec", String(Int(store.compaction.lastSeconds))),
                    ("aof_enabled", "1"),
                    ("aof_rewrite_in_progress", store.compaction.isRunning ? "1" : "0"),
                    ("aof_last_bgrewrite_status", store.compaction.lastFailure == nil ? "ok" : "err"),
                    ("aof_last_write_status", store.failure == nil ? "ok" : "err"),
                    ("puffin_durability", store.durability.rawValue), ("puffin_seq", String(store.position.seq)),
                    ("puffin_durable", String(store.durable)),
                    ("puffin_clock_offset_milliseconds", String(clock.lead / 1000)),
                ]
            ),
            (
                "Stats",
                [
                    ("total_connections_received", String(counts.connections)),
                    ("total_commands_processed", String(counts.requests)),
                    ("total_net_input_bytes", String(counts.receivedSize)),
                    ("total_net_output_bytes", String(counts.sentSize)),
                    ("rejected_connections", String(counts.refusedConnections)),
                    ("total_error_replies", String(counts.errors)),
                    ("expired_keys", String(store.expiredCount)),
                ]
            ),
            ("Replication", replication.redisFigures),
            (
                "Keyspace",
                store.count == 0 ? [] : [("db0", "keys=\(store.count),expires=\(store.expiringCount),avg_ttl=0")]
            ),
        ]
    }

    /// The settings that Redis' tools request with CONFIG GET.
    var redisSettings: [(String, String)] {
        let fsync: [Durability: String] = [.always: "always", .interval: "everysec", .never: "no"]
        return [
            ("appendfsync", fsync[store.durability] ?? "always"),
            ("appendonly", "yes"),
            ("databases", "1"),
            ("maxclients", String(limits.clientCount)),
            ("maxmemory", String(memory.shownLimit)),
            ("maxmemory-policy", "noeviction"),
            ("port", String(port)),
            ("proto-max-bulk-len", String(limits.valueSize)),
            ("save", ""),
            ("timeout", "0"),
        ]
    }
}
