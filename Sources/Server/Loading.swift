// The time between listening and serving: the data set is loaded a part each turn, and the port answers what needs no data.

import Store

/// Whether the data set can be used. One value, which is replaced as a whole.
enum DataState {
    /// It is being loaded: at the start, or again because the leader's has taken its place.
    case loading(Loading, isFirst: Bool)
    case serving
    /// It could not be loaded.
    case failed(StoreError)

    /// The progress of loading; nil if nothing is being loaded.
    var loading: Loading? { if case .loading(let loading, _) = self { loading } else { nil } }

    /// Whether it was loaded once.
    var hasStarted: Bool {
        switch self {
        case .loading(_, let isFirst): !isFirst
        case .serving: true
        case .failed: false
        }
    }
}

/// The progress of loading, for requests that come before it is done. Times are nanoseconds of the boot clock.
package struct Loading {
    private let start: Int
    private var now: Int
    private var done = 0
    private var total = 0
    private var nextReport = 2 * 1_000_000_000

    /// Lines of the files that are read before the clock is looked at, and the longest part of a turn, in nanoseconds.
    static let stepLines = 512
    static let stepTime = 2_000_000

    package init(at now: Int) {
        start = now
        self.now = now
    }

    package func elapsed(at now: Int) -> Int { now - start }

    /// Notes how far it is, in bytes.
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

    /// Whether it is time to say in the log how far it is: after two seconds, then every five.
    package mutating func isReportDue(at now: Int) -> Bool {
        guard now - start >= nextReport else { return false }
        nextReport = now - start + 5 * 1_000_000_000
        return true
    }
}
