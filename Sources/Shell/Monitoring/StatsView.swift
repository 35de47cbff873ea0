// The figures of STATS worth watching, and their rates.

import Bytes

/// A server's figures at a moment.
package struct StatsSample: Sendable {
    package let figures: [String: String]
    /// The time, in seconds of any clock.
    package let time: Double

    package init(figures: [String: String], time: Double) {
        self.figures = figures
        self.time = time
    }

    /// Bounded like every number of a server, so sums and rates of two samples fit.
    fileprivate func number(_ name: String) -> Int? { figures[name].flatMap { Array($0.utf8).span.signedNumber } }
}

/// A view of a few lines.
package enum StatsView {
    /// - Parameter before: the previous sample, for rates; nil for the first.
    package static func lines(_ now: StatsSample, since before: StatsSample?, of endpoint: String) -> [String] {
        let rates = Rates(now: now, before: before)
        var head = "\(endpoint)  \(now.figures["role"] ?? "")"
        if let seconds = now.number("uptime_seconds") { head += "  up \(uptime(seconds))" }
        if now.figures["loading"] == "yes" { head += "  loading, \(now.figures["loading_percent"] ?? "?") %" }
        if now.figures["writable"] == "no" { head += "  not writable: \(now.figures["not_writable_because"] ?? "")" }
        let rows: [(String, String?)] = [
            ("requests", rates.text("requests")),
            ("errors", rates.text("error_replies")),
            ("pairs", now.number("pairs").map { grouped($0) + rates.change("pairs") }),
            ("memory", memory(now)),
            ("clients", now.number("clients").map(grouped)),
            ("received", rates.bytes("received_bytes")),
            ("sent", rates.bytes("sent_bytes")),
            ("changes", now.number("seq").map { "number \(grouped($0))" + rates.change("seq") }),
            ("not on disk", notDurable(now)),
            ("last sync", now.number("last_sync_microseconds").map { duration(UInt64(max(0, $0)) * 1000) }),
            ("log", now.number("sealed_bytes").map { "\(ByteSize($0)) sealed" }),
            ("compaction", compaction(now)),
            ("followers", now.number("followers").map(grouped)),
        ]
        return [head] + rows.compactMap { name, text in text.map { padded(name, 14, left: true) + $0 } }
    }

    private static func memory(_ sample: StatsSample) -> String? {
        guard let used = sample.number("memory_bytes") else { return nil }
        guard let limit = sample.number("memory_limit_bytes"), limit > 0 else { return "\(ByteSize(used))" }
        return "\(ByteSize(used)) of \(ByteSize(limit)), \(used / max(1, limit / 100)) %"
    }

    private static func notDurable(_ sample: StatsSample) -> String? {
        guard let seq = sample.number("seq"), let durable = sample.number("durable") else { return nil }
        return grouped(seq - durable)
    }

    private static func compaction(_ sample: StatsSample) -> String? {
        guard let state = sample.figures["compaction"], state != "idle" else { return sample.figures["compaction"] }
        return "\(state), \(sample.figures["compaction_percent"] ?? "0") %"
    }

    private static func uptime(_ seconds: Int) -> String {
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m \(seconds % 60)s" }
        if seconds < 86_400 { return "\(seconds / 3600)h \(seconds % 3600 / 60)m" }
        return "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
    }

    private struct Rates {
        let now: StatsSample
        let before: StatsSample?

        /// Per second; nil without a previous sample.
        private func rate(_ name: String) -> Double? {
            guard let before, now.time > before.time, let last = before.number(name), let count = now.number(name),
                // A lower count: the server was restarted.
                count >= last || name == "pairs"
            else { return nil }
            return Double(count - last) / (now.time - before.time)
        }

        func text(_ name: String) -> String? {
            guard let count = now.number(name) else { return nil }
            guard let rate = rate(name) else { return "\(grouped(count)) so far" }
            return "\(grouped(Int(rate.rounded())))/s, \(grouped(count)) so far"
        }

        func bytes(_ name: String) -> String? {
            guard let count = now.number(name) else { return nil }
            guard let rate = rate(name) else { return "\(ByteSize(count)) so far" }
            return "\(ByteSize(Int(rate.rounded())))/s, \(ByteSize(count)) so far"
        }

        /// ` (+12/s)`; empty if nothing changes.
        func change(_ name: String) -> String {
            guard let rate = rate(name), abs(rate) >= 0.5 else { return "" }
            return " (\(rate > 0 ? "+" : "")\(grouped(Int(rate.rounded())))/s)"
        }
    }
}
