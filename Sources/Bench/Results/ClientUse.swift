// The client's own processor use, and whether it was the bottleneck. A load tool that is slower than the server
// measures itself.

import Bytes

/// The client's processor use during the measurement.
package struct ClientUse: Sendable {
    /// Processor microseconds per request, the kernel's part included.
    package let microseconds: Double
    /// The share of its time that the busiest thread was running.
    package let busiestThread: Double
    /// The share of the open loop's requests that began more than a millisecond late although a connection was free.
    package let lateShare: Double
    /// The longest such delay, in nanoseconds.
    package let longestDelay: Int
    private let isOpenLoop: Bool

    /// A thread that runs for more than this share cannot do much more.
    private static let busyLimit = 0.9
    private static let lateLimit = 0.001

    /// Shares are fractions of 1.
    package init(
        microseconds: Double, busiestThread: Double, lateShare: Double, longestDelay: Int, isOpenLoop: Bool
    ) {
        self.microseconds = microseconds
        self.busiestThread = busiestThread
        self.lateShare = lateShare
        self.longestDelay = longestDelay
        self.isOpenLoop = isOpenLoop
    }

    init(_ results: [WorkerResult], isOpenLoop: Bool, count: Int) {
        self.isOpenLoop = isOpenLoop
        let busy = results.reduce(0) { $0 + $1.processor.busy }
        let replies = results.reduce(0) { $0 + $1.processor.replies }
        microseconds = replies == 0 ? 0 : Double(busy) / 1000 / Double(replies)
        busiestThread =
            results.map { $0.processor.elapsed > 0 ? Double($0.processor.busy) / Double($0.processor.elapsed) : 0 }
            .max() ?? 0
        var lateness = Lateness()
        for result in results { lateness.add(result.lateness) }
        lateShare = count == 0 ? 0 : Double(lateness.count) / Double(count)
        longestDelay = lateness.longest
    }

    /// A warning if the client was the bottleneck; nil otherwise.
    /// - Parameter serverUse: the server's share of one processor, if known.
    package func warning(serverUse: Double?) -> String? {
        let busy = fixed(busiestThread * 100, 0)
        if isOpenLoop && lateShare > ClientUse.lateLimit {
            return
                "THE CLIENT COULD NOT KEEP ITS SCHEDULE: \(fixed(lateShare * 100, 1)) % of the requests began more than "
                + "1 ms late for lack of its own time (\(duration(UInt64(longestDelay))) at most); latencies include that. "
                + "Give it more --threads or processors of its own"
        }
        guard busiestThread > ClientUse.busyLimit else { return nil }
        if let serverUse, serverUse > ClientUse.busyLimit {
            return "client and server were both busy all the time (client thread \(busy) %, server "
                + "\(fixed(serverUse * 100, 0)) % of a processor): more --threads may show more"
        }
        let server = serverUse.map { ", the server only \(fixed($0 * 100, 0)) % of a processor" } ?? ""
        return
            "THE CLIENT WAS THE BOTTLENECK: its busiest thread was running \(busy) % of the time\(server). The figures are "
            + "the client's limit, not the server's; give it more --threads"
    }
}
