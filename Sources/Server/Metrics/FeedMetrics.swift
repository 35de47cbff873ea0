// The metrics of the feeds of changes.

extension ChangeHub {
    func appendMetrics(to page: inout MetricsText) {
        page.gauge("puffin_feeds", "Feeds of changes, and CHANGES … LIMIT that wait.", .number(count))
        page.gauge(
            "puffin_feeds_behind", "Those of them that have not all committed changes yet, or take none.",
            .number(behindCount))
        page.counter(
            "puffin_feed_records_total",
            "Records of the log shown to feeds; those shown to several at once count once.",
            .number(counts.records))
        page.counter("puffin_feed_messages_total", "Messages given to feeds.", .number(counts.messages))
        page.counter("puffin_feed_message_bytes_total", "Their size.", .number(counts.bytes))
        page.counter(
            "puffin_feeds_compacted_total", "Feeds that ended because the log no longer had their changes.",
            .number(counts.compacted))
        page.counter(
            "puffin_feeds_stalled_total", "Feeds that were ended because their clients took nothing.",
            .number(counts.stalled))
    }
}
