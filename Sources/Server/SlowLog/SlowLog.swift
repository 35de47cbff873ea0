// Slow requests: a log line for each, at a limited rate, and the newest in memory for SLOWLOG.

import Bytes
import Logging
import Synchronization

/// Keeps and logs slow requests. Used from one thread.
final class SlowLog {
    /// Atomic, because an atomic needs no exclusivity check when it is read for each request.
    private let limit: Atomic<Int>
    /// The threshold in nanoseconds; `Int.max` if it is off.
    @inline(__always)
    var threshold: Int { limit.load(ordering: .relaxed) }
    @inline(__always)
    var isOn: Bool { threshold != .max }
    private let log: Logger
    /// A ring of up to `entryCount`; once it is full, `next` is the index of the oldest.
    private var entries: [SlowRequest] = []
    private var next = 0
    /// Slow requests since the start.
    private(set) var total = 0
    /// The lines left for this second, and the number of suppressed lines.
    private var linesLeft = SlowLog.linesPerSecond
    private var untold = 0

    /// The number of requests kept.
    static let entryCount = 128
    /// The limit of log lines a second: a stalled disk makes every client slow at once.
    private static let linesPerSecond = 10

    init(_ settings: SlowLogSettings, log: Logger) {
        limit = Atomic(SlowLog.limit(settings))
        self.log = log
    }

    private static func limit(_ settings: SlowLogSettings) -> Int {
        settings.threshold?.nanoseconds ?? .max
    }

    /// Sets the threshold for further requests.
    func change(to settings: SlowLogSettings) {
        limit.store(SlowLog.limit(settings), ordering: .relaxed)
    }

    /// Keeps and logs a slow request.
    func note(_ request: SlowRequest) {
        request.id = total
        total += 1
        if entries.count < SlowLog.entryCount {
            entries.append(request)
        } else {
            entries[next] = request
            next = (next + 1) % SlowLog.entryCount
        }
        guard linesLeft > 0 else {
            untold += 1
            return
        }
        linesLeft -= 1
        log.info("Slow request", metadata: request.metadata)
    }

    /// Upkeep, once a second.
    func tick() {
        linesLeft = SlowLog.linesPerSecond
        guard untold > 0 else { return }
        log.info("Slow requests: \(untold) more in this second; SLOWLOG GET lists the last \(SlowLog.entryCount)")
        untold = 0
    }

    // MARK: Reading

    var count: Int { entries.count }

    /// The last `count` requests, the newest first.
    func last(_ count: Int) -> [SlowRequest] {
        let oldestFirst = entries[next...] + entries[..<next]
        return Array(oldestFirst.reversed().prefix(count))
    }

    /// Removes all requests. Numbering continues.
    func reset() {
        entries.removeAll()
        next = 0
    }
}
