// The time between listening and serving: the data set is loaded a part each turn, and the port answers what needs no data.

import Bytes

/// How far loading is, for whoever asks before it is done.
struct Loading {
    private let start = ContinuousClock.now
    private var done = 0
    private var total = 0
    private var nextReport = Duration.seconds(2)

    /// Lines of the files that are read before the clock is looked at, and the longest part of a turn.
    static let stepLines = 512
    static let stepTime = Duration.milliseconds(2)

    var elapsed: Duration { ContinuousClock.now - start }

    mutating func note(done: Int, total: Int) {
        self.done = done
        self.total = total
    }

    var percent: Int { total == 0 ? 100 : done * 100 / total }

    /// `63 %, about 4 s`
    var description: String {
        guard done > 0 else { return "\(percent) %" }
        let left = elapsed.seconds * Double(total - done) / Double(done)
        return "\(percent) %, about \(Int(left.rounded(.up))) s"
    }

    /// Whether it is time to say in the log how far it is: after two seconds, then every five.
    mutating func isReportDue() -> Bool {
        guard elapsed >= nextReport else { return false }
        nextReport = elapsed + .seconds(5)
        return true
    }
}
