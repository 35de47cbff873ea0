// Stores imported pairs: SETs in a pipeline, and their results.

import ArgumentParser
import BlockingClient
import Shell
import Wire

/// Stores pairs on a server.
final class PairSink {
    let progress: ProgressLine
    private(set) var tally = Tally()
    private var pipeline: Pipeline<String>?
    private let stopping: StopOptions
    private var complaints = 0
    /// Whether an error has ended the import.
    private(set) var isStopped = false

    /// Further errors are only counted.
    private static let complaintLimit = 20

    init(over link: ServerLink, progress: ProgressLine, stopping: StopOptions) {
        self.progress = progress
        self.stopping = stopping
        pipeline = Pipeline(over: link, isStepwise: stopping.stopOnError) { [unowned self] place, reply in
            if let text = Outcome(reply, spec: nil, arguments: []).errorText {
                tally.refused += 1
                complain(at: place, "ERROR: \(text)")
            } else {
                tally.done += 1
            }
        }
    }

    /// - Parameter place: its name in messages: a file and a line, or a key.
    /// - Throws: `ClientError`.
    func store(_ pair: TransferPair, from place: String) throws {
        try pipeline?.send(pair.request, tag: place, isWide: false)
    }

    /// Counts a pair that cannot be stored.
    func object(at place: String, _ reason: String) throws {
        try pipeline?.drain()
        tally.unusable += 1
        complain(at: place, reason)
    }

    func finish() throws { try pipeline?.drain() }

    private func complain(at place: String, _ reason: String) {
        complaints += 1
        if complaints <= PairSink.complaintLimit { progress.say("\(place): \(reason)") }
        if complaints == PairSink.complaintLimit + 1 { progress.say("more errors are only counted") }
        if stopping.stopOnError { isStopped = true }
    }

    /// Reports how far the import came before the connection was lost.
    func broken(by error: ClientError) -> ExitCode {
        pipeline?.salvage()
        progress.clear()
        let first = pipeline?.oldest.map {
            "; \($0) is the first without an answer, and may or may not have been stored"
        }
        return failed("\(error.cause); \(tally.done) pairs were stored\(first ?? "")")
    }
}
