// Histograms of latencies: fixed arrays, so recording is a short search and two additions, once for all
// requests of a connection and turn.

import Bytes

/// A server's latency histograms. Used from one thread.
package final class Latencies {
    package enum Part: Int, CaseIterable {
        /// Reads and changes, from the turn that reads them to the sending, without waits.
        case read, write
        /// The waits of replies for this server's log, and after that for followers.
        case disk, replica
    }

    /// The upper bounds in nanoseconds: 1, 2 and 5 times each power of ten from 1 µs to 50 s. One more bucket has the rest.
    private let bounds: InlineArray<32, Int>
    private var counts = InlineArray<128, Int>(repeating: 0)
    private var sums = InlineArray<4, Int>(repeating: 0)

    private static let boundCount = 24

    package init() {
        bounds = InlineArray { index in
            guard index < Latencies.boundCount else { return .max }
            var bound = [1000, 2000, 5000][index % 3]
            for _ in 0..<index / 3 { bound *= 10 }
            return bound
        }
    }

    /// Records that `count` requests took `time` nanoseconds each.
    package func record(_ part: Part, _ time: Int, count: Int) {
        assert(count >= 0, "fewer than no requests")
        let index = part.rawValue &* 32 &+ bucket(of: time)
        counts[index] &+= count
        sums[part.rawValue] &+= time &* count
    }

    /// The first bucket whose bound is not below `time`.
    @inline(__always)
    private func bucket(of time: Int) -> Int {
        var index = bounds[15] < time ? 16 : 0
        if bounds[index &+ 7] < time { index &+= 8 }
        if bounds[index &+ 3] < time { index &+= 4 }
        if bounds[index &+ 1] < time { index &+= 2 }
        if bounds[index] < time { index &+= 1 }
        return index
    }

    // MARK: Reading

    /// A histogram in Prometheus' form.
    package struct Snapshot {
        /// The number of requests up to each bound, in nanoseconds.
        package var buckets: [(bound: Int, count: Int)] = []
        package var count = 0
        /// The sum, in nanoseconds.
        package var sum = 0
    }

    package func snapshot(_ part: Part) -> Snapshot {
        var snapshot = Snapshot()
        for index in 0..<32 {
            snapshot.count += counts[part.rawValue * 32 + index]
            if index < Latencies.boundCount { snapshot.buckets.append((bounds[index], snapshot.count)) }
        }
        snapshot.sum = sums[part.rawValue]
        return snapshot
    }

    // MARK: Metrics

    func appendMetrics(to page: inout MetricsText) {
        page.begin(
            "puffin_request_duration_seconds", .histogram,
            "Processing time of requests, from reception to sending the reply, without waiting for disk and followers."
        )
        page.append("puffin_request_duration_seconds", ("kind", "read"), snapshot(.read))
        page.append("puffin_request_duration_seconds", ("kind", "write"), snapshot(.write))
        page.begin(
            "puffin_disk_wait_seconds", .histogram, "How long replies wait for the log's sync or write.")
        page.append("puffin_disk_wait_seconds", nil, snapshot(.disk))
        page.begin(
            "puffin_replica_wait_seconds", .histogram,
            "How long replies wait for followers after the change is on this server's disk.")
        page.append("puffin_replica_wait_seconds", nil, snapshot(.replica))
    }
}

extension MetricsText {
    /// The samples of one histogram.
    mutating func append(
        _ name: String, _ label: (name: String, text: String)?, _ histogram: Latencies.Snapshot
    ) {
        for (bound, count) in histogram.buckets {
            var text = ByteBuffer()
            text.append(seconds: bound, perSecond: 1_000_000_000)
            bucket(name, label, String(text.bytes), count)
        }
        bucket(name, label, "+Inf", histogram.count)
        let (sum, count) = (Value.nanoseconds(histogram.sum), Value.number(histogram.count))
        if let label {
            sample(name + "_sum", label.name, label.text, sum)
            sample(name + "_count", label.name, label.text, count)
        } else {
            sample(name + "_sum", sum)
            sample(name + "_count", count)
        }
    }

    private mutating func bucket(_ name: String, _ label: (name: String, text: String)?, _ bound: String, _ count: Int)
    {
        if let label {
            sample(name + "_bucket", label.name, label.text, "le", bound, .number(count))
        } else {
            sample(name + "_bucket", "le", bound, .number(count))
        }
    }
}
