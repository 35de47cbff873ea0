// The page at /metrics. Values are read when the page is requested. docs/metrics.md says what each
// metric means to an operator.

import Bytes
import Commands
import Program
import Reactor
import Store

extension Server {
    /// The current page.
    func metricsPage() -> ByteBuffer {
        var page = MetricsText()
        appendProcess(to: &page)
        appendState(to: &page)
        appendClock(to: &page)
        appendRequests(to: &page)
        appendConnections(to: &page)
        appendAccess(to: &page)
        appendMemory(to: &page)
        appendExpiry(to: &page)
        appendLog(to: &page)
        appendCompaction(to: &page)
        appendSystem(to: &page)
        replication.appendMetrics(to: &page)
        changes.appendMetrics(to: &page)
        return page.finish()
    }

    private func appendProcess(to page: inout MetricsText) {
        page.info("puffin_build_info", "The running version.", "version", puffinVersion)
        page.gauge(
            "process_start_time_seconds", "When the server was started, as Unix time.",
            .milliseconds(Int(statistics.startTime)))
        page.counter(
            "process_cpu_seconds_total", "Processor time of all threads, user and system.",
            .nanoseconds(ProcessFigures.processorNanoseconds))
        page.gauge(
            "process_resident_memory_bytes", "Resident memory of the process.",
            ProcessFigures.residentSize.map { .number($0) })
    }

    private func appendState(to page: inout MetricsText) {
        page.info(
            "puffin_durability_info", "What OK waits for: the sync (always), or the write (interval, never).",
            "mode",
            store.durability.rawValue)
        page.gauge("puffin_ready", "Whether /readyz answers 200.", .flag(unreadiness(forReads: false) == nil))
        page.gauge("puffin_loading", "Whether the data set is being loaded.", .flag(loading != nil))
        page.gauge("puffin_loading_ratio", "Progress of loading, from 0 to 1.", .percent(loading?.percent ?? 100))
        page.gauge(
            "puffin_writable", "Whether changes by clients are accepted.",
            .flag(loading == nil && store.obstacle == nil && replication.readOnly == nil && store.failure == nil))
        page.gauge(
            "puffin_disk_full", "Whether changes are refused because the disk is full.",
            .flag(store.obstacle?.isDiskFull == true))
        page.gauge(
            "puffin_log_failed", "Whether the log has failed and can no longer be written.",
            .flag(store.failure != nil))
    }

    private func appendClock(to page: inout MetricsText) {
        page.gauge(
            "puffin_clock_offset_seconds",
            "How far the timestamps of changes are ahead of this machine's clock; negative if behind.",
            .microseconds(clock.lead))
    }

    private func appendRequests(to page: inout MetricsText) {
        page.begin("puffin_requests_total", .counter, "Requests that were run or refused, by command.")
        for spec in Catalog.commands {
            let count = requestCounts.count(of: spec.command.index)
            page.sample("puffin_requests_total", "command", spec.redisName, .number(count))
        }
        page.sample("puffin_requests_total", "command", "unknown", .number(requestCounts.unknown))
        page.begin("puffin_error_replies_total", .counter, "Error replies, by their code.")
        let errors = requestCounts.errors
        for kind in ErrorCode.allCases.map(\.rawValue) {
            page.sample("puffin_error_replies_total", "kind", kind, .number(errors[kind] ?? 0))
        }
        page.counter(
            "puffin_protocol_errors_total", "Input that was not a valid request; each ends a connection.",
            .number(statistics.protocolErrors))
        page.counter(
            "puffin_held_replies_total", "Replies that waited for a change to be committed.",
            .number(statistics.heldReplies))
        page.counter(
            "puffin_slow_requests_total", "Requests that took longer than the slow log's threshold.",
            .number(slowLog.total))
        latencies.appendMetrics(to: &page)
    }

    private func appendConnections(to page: inout MetricsText) {
        page.gauge("puffin_connections", "Connected clients.", .number(connections.count))
        page.gauge("puffin_connections_limit", "The limit of connected clients.", .number(limits.clientCount))
        page.counter(
            "puffin_connections_accepted_total", "Accepted connections.", .number(statistics.connections))
        page.counter(
            "puffin_connections_refused_total", "Connections refused because of the limit of clients.",
            .number(statistics.refusedConnections))
        page.counter(
            "puffin_connections_dropped_total", "Clients dropped because they did not read their replies.",
            .number(statistics.droppedClients))
        page.counter(
            "puffin_received_bytes_total", "Bytes of requests received.", .number(statistics.receivedSize))
        page.counter("puffin_sent_bytes_total", "Bytes of replies sent.", .number(statistics.sentSize))
    }

    private func appendMemory(to page: inout MetricsText) {
        page.gauge("puffin_pairs", "Pairs in the data set.", .number(store.count))
        page.gauge(
            "puffin_memory_bytes", "Memory that counts against the limit: table, cleared, buffers and connections.",
            .number(usedMemory))
        page.gauge("puffin_memory_table_bytes", "Memory of the pairs and their table.", .number(store.size))
        page.gauge(
            "puffin_memory_cleared_bytes", "Memory of cleared pairs that is not freed yet.",
            .number(store.clearedSize))
        page.gauge(
            "puffin_memory_buffers_bytes", "Memory of buffers for requests and replies.", .number(BufferMemory.size))
        page.gauge("puffin_memory_connections_bytes", "Memory of connections.", .number(loop.streamSize))
        page.gauge(
            "puffin_memory_held_bytes", "Memory held by clients, as counted against the connections' share.",
            .number(pool.held))
        page.gauge("puffin_memory_limit_bytes", "The memory limit; 0 for none.", .number(memory.shownLimit))
        page.counter(
            "puffin_memory_refusals_total", "Requests refused because memory was short.", .number(memory.refusals))
    }

    private func appendExpiry(to page: inout MetricsText) {
        page.gauge("puffin_pairs_expiring", "Pairs that expire at some time.", .number(store.expiringCount))
        page.counter(
            "puffin_expired_total", "Pairs that this server has removed because they had expired.",
            .number(store.expiredCount))
        page.gauge(
            "puffin_expiry_lag_seconds", "How long the removal of expired pairs is overdue; readers do not meet them.",
            .microseconds(Int(clamping: store.expiryLag * 1000)))
        page.gauge(
            "puffin_expiry_index_bytes", "Memory of the index of expiries, a part of the table's.",
            .number(store.expiryIndexSize))
    }

    private func appendLog(to page: inout MetricsText) {
        let log = store.logFigures
        page.gauge("puffin_log_seq", "The number of the newest change.", .unsigned(store.position.seq))
        page.gauge(
            "puffin_log_committed_seq", "The number of the newest committed change.",
            .unsigned(store.committed))
        page.gauge(
            "puffin_log_durable_seq", "The number of the newest change on the disk.", .unsigned(store.durable))
        page.counter("puffin_log_written_bytes_total", "Bytes of changes written to the log.", .number(log.writtenSize))
        page.counter("puffin_log_batches_total", "Batches of changes written to the log.", .number(log.batches))
        page.counter("puffin_log_syncs_total", "Syncs of the log.", .number(log.syncs))
        page.counter(
            "puffin_log_sync_seconds_total", "Total time of all syncs of the log.",
            .nanoseconds(log.syncNanoseconds))
        page.gauge(
            "puffin_log_last_sync_seconds", "How long the last sync of the log took.",
            .nanoseconds(log.lastSyncNanoseconds))
        page.gauge("puffin_log_segments", "Segments of the log.", log.segments.map { .number($0) })
        page.gauge("puffin_log_oldest_seq", "The oldest change that the log still has.", .unsigned(store.oldestSeq))
    }

    private func appendCompaction(to page: inout MetricsText) {
        let status = store.compaction
        page.gauge(
            "puffin_log_sealed_bytes", "Size of the sealed segments that are newer than the snapshot.",
            .number(status.sealedSize))
        page.gauge("puffin_snapshot_seq", "The newest change in the snapshot.", .unsigned(status.snapshotSeq))
        page.gauge("puffin_snapshot_bytes", "The snapshot's size.", .number(status.snapshotSize))
        page.gauge("puffin_compaction_running", "Whether a compaction is under way.", .flag(status.isRunning))
        page.gauge(
            "puffin_compaction_progress_ratio", "Progress of the running compaction, from 0 to 1; 0 if none runs.",
            .percent(status.isRunning ? status.percent : 0))
        page.counter("puffin_compactions_total", "Compactions that succeeded.", .number(status.count))
        page.counter("puffin_compactions_failed_total", "Compactions that have failed.", .number(status.failures))
        page.gauge(
            "puffin_compaction_last_seconds", "How long the last compaction took.",
            .nanoseconds(Int(status.lastSeconds * 1e9)))
    }
}
