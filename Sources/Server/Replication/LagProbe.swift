// How long a change takes to get to a follower's disk: now and then one is watched on its way. That takes no memory for the
// others, however far behind a follower is.

/// Watches one change at a time. Times are milliseconds of the monotonic clock.
package struct LagProbe {
    /// The change that is watched, and since when.
    private var watched: (seq: UInt64, start: Int)?
    /// How long the last one took.
    private var last = 0

    package init() {}

    /// Begins to watch the newest change, if none is being watched and the follower lacks it. To be called each second.
    package mutating func look(newest: UInt64, acknowledged: UInt64, at time: Int) {
        if watched == nil, acknowledged < newest { watched = (newest, time) }
    }

    /// Notes what the follower has on its disk.
    package mutating func note(acknowledged: UInt64, at time: Int) {
        guard let watched, acknowledged >= watched.seq else { return }
        last = time - watched.start
        self.watched = nil
    }

    /// Milliseconds that a change has taken, or takes by now: 0 for a follower that has everything.
    package func lag(newest: UInt64, acknowledged: UInt64, at time: Int) -> Int {
        if acknowledged >= newest { return 0 }
        return watched.map { time - $0.start } ?? last
    }
}
