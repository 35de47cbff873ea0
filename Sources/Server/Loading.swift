// Loading the data set, a part each turn. Meanwhile the port answers requests that need no data.

import Store

/// The state of the data set, as one value.
enum DataState {
    /// It is being loaded: at the start, or again after the leader's snapshot was installed.
    case loading(Loading, isFirst: Bool)
    case serving
    /// It could not be loaded.
    case failed(StoreError)

    /// The progress of loading; nil if nothing is being loaded.
    var loading: Loading? { if case .loading(let loading, _) = self { loading } else { nil } }

    /// Whether loading is complete.
    var hasStarted: Bool {
        switch self {
        case .loading(_, let isFirst): !isFirst
        case .serving: true
        case .failed: false
        }
    }
}

/// The progress of loading, for replies to early requests. Times are nanoseconds of the boot clock.
package struct Loading {
    private let start: Int
    private var now: Int
    private var done = 0
    private var total = 0
    private var nextReport = 2 * 1_000_000_000

    /// The number of lines read between checks of the clock, and the longest part of a turn, in nanoseconds.
    static let stepLines = 512
    static let stepTime = 2_000_000

    package init(at now: Int) {
        start = now
        self.now = now
    }

    package func elapsed(at now: Int) -> Int { now - start }

    /// Notes the progress, in bytes.
    package mutating func note(done: Int, total: Int, at now: Int) {
        self.done = done
        self.total = total
        self.now = now
    }

    package var percent: Int { total == 0 ? 100 : done * 100 / total }

    /// `63 %, about 4 s`
    package var description: String {
        guard done > 0 else { return "\(percent) %" }
        let left = Double(now - start) / 1e9 * Double(total - done) / Double(done)
        return "\(percent) %, about \(Int(left.rounded(.up))) s"
    }

    /// Whether to log the progress now: after two seconds, then every five.
    package mutating func isReportDue(at now: Int) -> Bool {
        guard now - start >= nextReport else { return false }
        nextReport = now - start + 5 * 1_000_000_000
        return true
    }
}
