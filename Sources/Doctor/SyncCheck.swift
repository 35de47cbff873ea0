// How long the disk takes to make a change durable: what an OK waits for with durability always.

import Bytes

/// The times of writes of 4 KiB, each followed by a sync, in nanoseconds.
package struct SyncTimes: Equatable, Sendable {
    private let sorted: [UInt64]

    package init(_ times: [UInt64]) { sorted = times.sorted() }

    package var count: Int { sorted.count }
    package var median: UInt64 { quantile(50) }
    /// 99 of 100 are not longer.
    package var p99: UInt64 { quantile(99) }

    private func quantile(_ percent: Int) -> UInt64 {
        sorted.isEmpty ? 0 : sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }
}

/// What was measured on the disk of the log.
package struct SyncReading: Sendable {
    /// Each write extends the file.
    package let appended: SyncTimes
    /// Each write overwrites a part of the file that was written and synced before, as the log does.
    package let filled: SyncTimes

    package init(appended: SyncTimes, filled: SyncTimes) { (self.appended, self.filled) = (appended, filled) }

    /// A median above this warns, in nanoseconds.
    package static let slow: UInt64 = 10_000_000
    /// A median above this fails.
    package static let unusable: UInt64 = 100_000_000
    /// A median below this warns: the fastest disks with a cache that survives a power cut take longer.
    package static let implausible: UInt64 = 20_000

    package var finding: Finding {
        let median = filled.median
        let rate = median == 0 ? 0 : 1_000_000_000 / median
        let figures = [
            Finding.Figure("writes", filled.count),
            Finding.Figure("appended_p50_us", Int(appended.median / 1000)),
            Finding.Figure("appended_p99_us", Int(appended.p99 / 1000)),
            Finding.Figure("filled_p50_us", Int(median / 1000)),
            Finding.Figure("filled_p99_us", Int(filled.p99 / 1000)),
            Finding.Figure("changes_per_second", Int(rate)),
        ]
        let text =
            "\(counted(filled.count, "synced write")) of 4 KiB: p50 \(duration(median)), p99 \(duration(filled.p99)); "
            + "appended: p50 \(duration(appended.median)), p99 \(duration(appended.p99)); "
            + "about \(grouped(Int(rate))) durable changes/s for one client"
        if median > SyncReading.unusable {
            return Finding(
                "sync", failure: text,
                advice: "this disk is too slow for a log: use another, or see what else writes to it", figures: figures)
        }
        if median < SyncReading.implausible {
            return Finding(
                "sync", warning: text,
                advice: "no disk syncs that fast: this one may lie, and a power cut would lose acknowledged changes; "
                    + "check the write cache of the disk and of the virtual machine", figures: figures)
        }
        if median > SyncReading.slow {
            return Finding(
                "sync", warning: text,
                advice: "each change waits that long: use a faster disk for the log, or more clients at a time",
                figures: figures)
        }
        if filled.p99 > SyncReading.unusable {
            return Finding(
                "sync", warning: text,
                advice: "the slowest syncs take very long: see what else writes to this disk", figures: figures)
        }
        return Finding("sync", ok: text, figures: figures)
    }
}
