// The input and the result of a thread.

import BlockingClient
import Bytes
import Reactor

/// One thread's part of a run.
struct WorkerPlan: Sendable {
    let address: Address
    /// How connections get TLS, and who logs in; nil for plain ones, and for nobody.
    let security: TLSTarget?
    let user: LoginCredentials?
    let dialect: Dialect
    let workload: Workload
    let settings: LoadSettings
    let space: KeySpace
    let thread: Int
    let threads: Int
    let connections: Int
    /// Requests to measure; `Int.max` if time is the limit.
    let quota: Int
}

/// The measurements of one thread.
struct WorkerResult: Sendable {
    let recorder: Recorder
    /// Why it ended early.
    let failure: String?
    /// The times of the last reply and of the start of the measurement, in nanoseconds of `MonotonicClock`.
    let end: Int
    let measureStart: Int
    let unanswered: Int
    let unsent: Int
    let lateness: Lateness
    let processor: ProcessorUse
    let reconnects: ReconnectFigures
}

/// How late the client itself was against the open loop's schedule: waiting for the server does not count.
struct Lateness: Sendable {
    /// Requests that began more than a millisecond late although a connection was free.
    private(set) var count = 0
    /// The longest such delay, in nanoseconds.
    private(set) var longest = 0
    /// Whether requests wait for the server because every connection is full.
    var isServerAwaited = false

    private static let tolerance = 1_000_000

    mutating func note(_ nanoseconds: Int, requests: Int) {
        guard !isServerAwaited else { return }
        longest = max(longest, nanoseconds)
        if nanoseconds > Lateness.tolerance { count += requests }
    }

    mutating func add(_ other: Lateness) {
        count += other.count
        longest = max(longest, other.longest)
    }
}

/// The processor time of a thread during the measurement.
struct ProcessorUse: Sendable {
    /// In nanoseconds: time on the processor, and elapsed time.
    private(set) var busy = 0
    private(set) var elapsed = 0
    /// Replies during the measurement.
    private(set) var replies = 0
    private var measureStart = 0
    private var isMeasuring = false

    mutating func begin(at now: Int, measureStart: Int, replies: Int) {
        self.measureStart = measureStart
        noteMeasureStart(at: now, replies: replies)
    }

    mutating func noteMeasureStart(at now: Int, replies: Int) {
        guard !isMeasuring, now >= measureStart else { return }
        isMeasuring = true
        (busy, elapsed, self.replies) = (MonotonicClock.threadNanoseconds, now, replies)
    }

    mutating func end(replies: Int) {
        guard isMeasuring else {
            (busy, elapsed, self.replies) = (0, 0, 0)
            return
        }
        busy = MonotonicClock.threadNanoseconds - busy
        elapsed = MonotonicClock.nanoseconds - elapsed
        self.replies = replies - self.replies
    }
}

/// When a run begins to measure and when it ends, in nanoseconds of `MonotonicClock`.
struct RunTimes: Sendable {
    let start: Int
    let measureStart: Int
    let measureEnd: Int
    private let intervalLength: Int

    init(start: Int, warmup: Int, duration: Int?) {
        self.start = start
        measureStart = start + warmup
        measureEnd = duration.map { start + warmup + $0 } ?? .max
        // A hundred points for a curve, and news each second for a live line.
        intervalLength = min(max((duration ?? 10_000_000_000) / 100, 100_000_000), 1_000_000_000)
    }

    init(start: Int, _ settings: LoadSettings) {
        var duration: Int?
        if case .duration(let time) = settings.limit { duration = time.nanoseconds }
        self.init(start: start, warmup: settings.warmup.nanoseconds, duration: duration)
    }

    func index(of time: Int) -> Int { (time - start) / intervalLength }
}
