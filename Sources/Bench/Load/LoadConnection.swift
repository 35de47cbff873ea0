// A load tool's connection: it carries requests and replies and decides nothing.

import Bytes
import Reactor

/// One connection to the server: it passes bytes on, and keeps its unanswered requests.
final class LoadConnection: StreamDelegate {
    let index: Int
    private(set) var stream: Stream
    /// Requests since the stream was opened.
    var sentCount = 0
    var inFlight: InFlight
    /// Keys that were read and must now be written.
    var followUps: [Int] = []
    /// Whether it is in the queue of connections that can take a request.
    var isReady = false
    private let worker: LoadWorker

    init(index: Int, stream: Stream, pipeline: Int, worker: LoadWorker) {
        self.index = index
        self.stream = stream
        self.worker = worker
        inFlight = InFlight(limit: pipeline)
        followUps.reserveCapacity(pipeline)
        stream.start(self)
    }

    /// Replaces the stream, which is closed, by a new connection's.
    func take(_ stream: Stream) {
        (self.stream, sentCount) = (stream, 0)
        stream.start(self)
    }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        let intake = worker.core.take(bytes, now: MonotonicClock.nanoseconds, &inFlight, &followUps)
        if intake.isMalformed && inFlight.count == 0 {
            worker.fail("the server said \"\(excerpt(bytes, from: intake.used))\", unasked")
            return Consumption(used: bytes.count, missing: 1)
        }
        if intake.isMalformed {
            worker.fail(
                "the server does not speak the dialect: it sent \"\(excerpt(bytes, from: intake.used))\"; is it "
                    + "--dialect \(worker.otherDialect)?")
            return Consumption(used: bytes.count, missing: 1)
        }
        worker.answered(self)
        return Consumption(used: intake.used, missing: intake.missing)
    }

    private func excerpt(_ bytes: Span<UInt8>, from start: Int) -> String {
        let text = String(bytes.extracting(start..<min(start + 40, bytes.count)))
        return String(text.map { $0.isNewline ? " " : $0 })
    }

    func receivedEnd(unfinished: Int) { worker.fail("the server closed the connection") }
    func failed() {
        worker.fail("the connection is lost: \(stream.securityFailure?.text ?? "the server has gone away")")
    }
    func drained() {}
}
