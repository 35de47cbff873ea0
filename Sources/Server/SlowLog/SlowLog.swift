// Slow requests: a line each in the log, unless there are too many, and the last of them in memory, for SLOWLOG.

import Bytes
import Logging
import Synchronization

/// Keeps and tells slow requests. Used from one thread.
final class SlowLog {
    /// Atomic, because it can change, and is read for each request without a check for exclusive access.
    private let limit: Atomic<Int>
    /// What takes longer is slow, in nanoseconds; `Int.max` where nothing is.
    @inline(__always)
    var threshold: Int { limit.load(ordering: .relaxed) }
    @inline(__always)
    var isOn: Bool { threshold != .max }
    private let log: Logger
    /// Up to `entryCount`; `next` is the place of the oldest, once there are so many.
    private var entries: [SlowRequest] = []
    private var next = 0
    /// Slow requests since the start.
    private(set) var total = 0
    /// Lines that may still be written in this second, and those that were not.
    private var linesLeft = SlowLog.linesPerSecond
    private var untold = 0

    /// Requests that are kept.
    static let entryCount = 128
    /// Lines in the log: a disk that stands still makes every client slow at once.
    private static let linesPerSecond = 10

    init(_ settings: SlowLogSettings, log: Logger) {
        limit = Atomic(SlowLog.limit(settings))
        self.log = log
    }

    private static func limit(_ settings: SlowLogSettings) -> Int {
        settings.threshold?.nanoseconds ?? .max
    }

    /// Takes another threshold, for requests from now on.
    func change(to settings: SlowLogSettings) {
        limit.store(SlowLog.limit(settings), ordering: .relaxed)
    }

    /// Keeps a slow request, and tells it.
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

    /// What is to be done each second.
    func tick() {
        linesLeft = SlowLog.linesPerSecond
        guard untold > 0 else { return }
        log.info("Slow requests: \(untold) more in this second; SLOWLOG GET lists the last \(SlowLog.entryCount)")
        untold = 0
    }

    // MARK: Looking

    var count: Int { entries.count }

    /// The last `count` requests, the newest first.
    func last(_ count: Int) -> [SlowRequest] {
        let oldestFirst = entries[next...] + entries[..<next]
        return Array(oldestFirst.reversed().prefix(count))
    }

    /// Forgets the requests. Their numbers go on.
    func reset() {
        entries.removeAll()
        next = 0
    }
}
