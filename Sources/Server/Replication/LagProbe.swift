// Samples how long a change takes to reach a follower's disk, one change at a time, so the memory does not grow
// however far behind a follower is.

/// Samples one change at a time. Times are milliseconds of the monotonic clock.
package struct LagProbe {
    /// The sampled change, and the start of its measurement.
    private var watched: (seq: UInt64, start: Int)?
    /// The duration of the last sample.
    private var last = 0

    package init() {}

    /// Begins a sample with the newest change, if none is under way and the follower lacks it. Call it each second.
    package mutating func look(newest: UInt64, acknowledged: UInt64, at time: Int) {
        if watched == nil, acknowledged < newest { watched = (newest, time) }
    }

    /// Notes the newest change on the follower's disk.
    package mutating func note(acknowledged: UInt64, at time: Int) {
        guard let watched, acknowledged >= watched.seq else { return }
        last = time - watched.start
        self.watched = nil
    }

    /// The last duration, or that of the current sample so far, in milliseconds; 0 for a follower that has caught up.
    package func lag(newest: UInt64, acknowledged: UInt64, at time: Int) -> Int {
        if acknowledged >= newest { return 0 }
        return watched.map { time - $0.start } ?? last
    }
}
