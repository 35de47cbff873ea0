// The metrics of what a server depends on: its data set, its disk, open files, its configuration, its log.

import Reactor
import Store

extension Server {
    func appendSystem(to page: inout MetricsText) {
        if !store.history.isEmpty {
            page.info(
                "puffin_data_info", "The history of the data set; leaders and followers of one data set share it.",
                "history", store.history)
        }
        let space = store.space
        page.gauge(
            "puffin_disk_free_bytes", "Bytes available on the file system of the log.",
            space.map { .number($0.available) })
        page.gauge("puffin_disk_size_bytes", "The size of that file system.", space.map { .number($0.total) })
        page.gauge(
            "process_open_fds", "Open file descriptors.", ProcessFigures.openDescriptorCount.map { .number($0) })
        page.gauge("process_max_fds", "The limit of open file descriptors.", Descriptors.limit.map { .number($0) })
        appendSyncs(to: &page)
        page.gauge(
            "puffin_config_last_reload_successful", "Whether the last reload of the configuration was applied.",
            .flag(supervision.lastReloadSucceeded))
        guard let lines = supervision.lostLogLines else { return }
        page.counter(
            "puffin_log_lines_dropped_total", "Lines of the server's log that standard error did not take.",
            .number(lines()))
    }

    private func appendSyncs(to page: inout MetricsText) {
        let age = supervision.unsynced.age(
            newest: store.position.seq, durable: store.durable, at: clock.milliseconds)
        page.gauge(
            "puffin_log_unsynced_seconds", "The least age of the oldest change that is not on the disk.",
            .milliseconds(store.isLoaded ? age : 0))
        let durations = store.syncDurations
        var histogram = Latencies.Snapshot()
        for (bound, count) in zip(SyncDurations.bounds, durations.counts) {
            histogram.count += count
            histogram.buckets.append((bound, histogram.count))
        }
        histogram.count += durations.counts.last ?? 0
        histogram.sum = durations.sum
        page.begin("puffin_log_sync_duration_seconds", .histogram, "How long syncs of the log took.")
        page.append("puffin_log_sync_duration_seconds", nil, histogram)
    }
}
