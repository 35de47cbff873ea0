// The figures of the last 15 minutes, one sample a second, so that a chart is full when somebody opens the console: 72 KB, whether
// anybody looks or not.

/// Samples of a server's figures, the oldest overwritten first. Used from one thread.
package struct RecentFigures: Sendable {
    /// What a sample says, in the order of its values.
    package enum Figure: Int, CaseIterable, Sendable {
        /// Changes of the log, and reads, a second.
        case changes, reads
        /// The 99th percentile of processing reads and changes, of waiting for the log, and of waiting for followers, in nanoseconds.
        case readTime = 2
        case writeTime, diskTime, replicaTime
        /// The memory that counts against the limit, in bytes.
        case memory
        /// The mean of the syncs that ended, in nanoseconds.
        case syncTime
        /// Changes for each of these syncs, in hundredths.
        case changesPerSync
        /// How far the slowest connected follower is behind, or this follower is behind its leader, in milliseconds.
        case lag
    }

    /// The samples that are kept: 15 minutes.
    package static let capacity = 900
    /// The largest distance of two samples that still counts as a second, in milliseconds.
    private static let second = 1500

    /// `capacity` rows of one value for each figure; `RecentFigures.none` for what a second does not have.
    private var values = [Int](repeating: RecentFigures.none, count: RecentFigures.capacity * Figure.allCases.count)
    /// The number of the next sample: how many were taken since the start.
    package private(set) var next = 0
    private var last: (counters: Counters, time: Int)?

    private static let none = Int.min

    package init() {}

    /// The number of the oldest kept sample.
    package var first: Int { max(next - RecentFigures.capacity, 0) }

    /// A value of a sample.
    /// - Parameter sample: from `first` to `next` - 1.
    /// - Returns: nil if that second has none, such as the time of reads where nothing was read.
    package subscript(sample: Int, figure: Figure) -> Int? {
        precondition(sample >= first && sample < next, "sample \(sample) is not kept")
        let value = values[index(sample) + figure.rawValue]
        return value == RecentFigures.none ? nil : value
    }

    private func index(_ sample: Int) -> Int { sample % RecentFigures.capacity * Figure.allCases.count }

    // MARK: Taking samples

    /// Counters since the start, and figures of the moment. A sample is the difference of two.
    package struct Counters: Sendable {
        /// The number of the newest change; nil while the data is loaded.
        package var changes: UInt64?
        package var syncs = 0
        /// In nanoseconds.
        package var syncTime = 0
        /// Histograms of reads, changes, waits for the log and waits for followers.
        package var times: [Latencies.Snapshot] = []
        /// In bytes.
        package var memory = 0
        /// In milliseconds; nil without followers or a leader.
        package var lag: Int?

        package init() {}
    }

    /// Takes a sample. If the loop was busy for some seconds, each of them gets their mean.
    /// - Parameter time: in milliseconds of a monotonic clock.
    package mutating func take(_ counters: Counters, at time: Int) {
        defer { last = (counters, time) }
        guard let last else { return }
        let elapsed = max(time - last.time, 1)
        let row = RecentFigures.row(from: last.counters, to: counters, milliseconds: elapsed)
        let count = elapsed < RecentFigures.second ? 1 : min((elapsed + 500) / 1000, RecentFigures.capacity)
        for _ in 0..<count {
            let start = index(next)
            for figure in Figure.allCases { values[start + figure.rawValue] = row[figure.rawValue] }
            next += 1
        }
    }

    private static func row(from old: Counters, to new: Counters, milliseconds: Int) -> [Int] {
        var row = [Int](repeating: none, count: Figure.allCases.count)
        func set(_ figure: Figure, _ value: Int?) { row[figure.rawValue] = value ?? none }
        // Another history, after a leader's snapshot was installed, begins with smaller numbers.
        let (before, now) = (old.changes ?? 0, new.changes ?? 0)
        let changes = old.changes == nil || now < before ? 0 : Int(clamping: now - before)
        let syncs = new.syncs - old.syncs
        set(.changes, new.changes == nil ? nil : rate(changes, milliseconds))
        set(.memory, new.memory)
        set(.lag, new.lag)
        if syncs > 0 {
            set(.syncTime, max(new.syncTime - old.syncTime, 0) / syncs)
            set(.changesPerSync, changes * 100 / syncs)
        }
        let times: [Figure] = [.readTime, .writeTime, .diskTime, .replicaTime]
        for (index, figure) in times.enumerated() where index < new.times.count && index < old.times.count {
            set(figure, new.times[index].percentile(99, since: old.times[index]))
        }
        if let before = old.times.first?.count, let now = new.times.first?.count {
            set(.reads, rate(max(now - before, 0), milliseconds))
        }
        return row
    }

    private static func rate(_ count: Int, _ milliseconds: Int) -> Int {
        (count * 1000 + milliseconds / 2) / milliseconds
    }
}

extension Latencies.Snapshot {
    /// A percentile of what was recorded after an older snapshot: interpolated within its bucket, as Prometheus' `histogram_quantile`.
    /// - Returns: nanoseconds; nil if nothing was recorded.
    package func percentile(_ percent: Int, since old: Latencies.Snapshot) -> Int? {
        let total = count - old.count
        guard total > 0 else { return nil }
        let rank = Double(total) * Double(percent) / 100
        var (below, bound) = (0, 0)
        for (index, bucket) in buckets.enumerated() {
            let before = index < old.buckets.count ? old.buckets[index].count : 0
            let upTo = bucket.count - before
            if Double(upTo) >= rank, upTo > below {
                let share = (rank - Double(below)) / Double(upTo - below)
                return bound + Int(Double(bucket.bound - bound) * share)
            }
            (below, bound) = (upTo, bucket.bound)
        }
        // It lies beyond the last bound.
        return bound
    }
}

extension Server {
    /// Notes the figures of the last second.
    func noteFigures() {
        var counters = RecentFigures.Counters()
        let durations = store.syncDurations
        (counters.syncs, counters.syncTime) = (durations.counts.reduce(0, +), durations.sum)
        counters.changes = store.isLoaded ? store.position.seq : nil
        counters.times = [Latencies.Part.read, .write, .disk, .replica].map { latencies.snapshot($0) }
        counters.memory = usedMemory
        counters.lag = replication.currentLag
        recentFigures.take(counters, at: clock.milliseconds)
    }
}

extension Replication {
    /// How far the slowest connected follower is behind this leader, or this follower behind its leader, in milliseconds; nil if there is
    /// neither.
    var currentLag: Int? {
        if isFollower { return staleness }
        return followers.lazy.filter(\.isFeeding).map(\.lag).max()
    }
}
