// What went wrong in a run, in words, and the exit code that follows.

import BlockingClient
import Bytes

/// The verdict on a run.
package struct Findings: Sendable {
    /// One line per problem, the most important first.
    package let lines: [String]
    /// 0 if everything was answered correctly; 1 for error replies and wrong values; 2 if the server went away; 130 if
    /// the user interrupted the run.
    package let exitCode: Int32

    package init(_ result: RunResult, _ endpoint: Endpoint) {
        var lines: [String] = []
        if let failure = result.failure {
            lines.append(
                "\(endpoint): \(failure), after \(grouped(result.total.latency.count)) measured requests; what was measured "
                    + "until then is no result. See the server's log, then run again")
        } else if result.unanswered > 0 {
            lines.append("\(endpoint): \(grouped(result.unanswered)) requests were not answered")
        }
        if result.mismatches > 0 {
            lines.append(
                "\(endpoint): \(grouped(result.mismatches)) values that were read are not what was written; if something "
                    + "else has written these keys, set them anew with --fill")
        }
        if result.total.errors > 0 {
            lines.append(
                "\(endpoint): \(grouped(result.total.errors)) of \(grouped(result.total.latency.count)) requests were answered "
                    + "with an error, so that the figures are not those of the workload; the server says what it objects to"
            )
        }
        if result.mismatches > 0 || result.total.errors > 0 { lines += result.complaints }
        let isEmpty = result.failure == nil && !result.isInterrupted && result.total.latency.count == 0
        if isEmpty {
            lines.append("\(endpoint): no request was answered while it was measured; give it a longer --duration")
        }
        if result.isInterrupted { lines.append("interrupted; the figures are of what was measured until then") }
        self.lines = lines
        if result.failure != nil || isEmpty {
            exitCode = 2
        } else if !result.isClean && !result.isInterrupted {
            exitCode = result.unanswered > 0 ? 2 : 1
        } else if result.mismatches > 0 || result.total.errors > 0 {
            exitCode = 1
        } else {
            exitCode = result.isInterrupted ? 130 : 0
        }
    }
}
