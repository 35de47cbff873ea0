// TLS handshakes off the loop: one takes 0.5 to 3 ms, in which a loop answers 40 to 250 requests. One thread makes them, since
// OpenSSL 3.0 fights over its locks with more of them. The loop keeps the sockets: it hands bytes over, and gets bytes and a state back.

import Bytes
import OpenSSL
import Synchronization

/// The thread that shakes hands. `submit`, `forget` and `takeResults` are for the loop's thread.
package final class HandshakeThread: Sendable {
    /// One step of a handshake.
    private struct Job {
        let id: Int
        let channel: Channel
        let input: [UInt8]
        /// When it was handed over, in nanoseconds of the monotonic clock.
        let start: Int
    }

    /// What came out of a step.
    package struct Result: Sendable {
        /// The connection's number.
        package let id: Int
        /// To be sent, whatever the state.
        package let output: [UInt8]
        package let state: Channel.HandshakeResult
        /// Bytes that the peer has sent behind its handshake.
        package let rest: [UInt8]
    }

    private struct State: ~Copyable {
        var jobs: [Job] = []
        var results: [Result] = []
        /// Whether the worker has been asked to look at the jobs.
        var isAwake = false
    }

    private let state = Mutex(State())
    /// Read each turn.
    private let hasResults = Atomic<Bool>(false)
    private let worker: any Worker
    private let bell: Wakeup.Bell

    /// Beyond this age of the oldest job the newest goes first, in nanoseconds: the peers of the oldest have given up soon, and a
    /// server that works for those never works for the others.
    private static let patience = 500_000_000

    /// - Parameter bell: rung when there are results.
    /// - Throws: `StartFailure` if the system has no thread left.
    package init(bell: Wakeup.Bell) throws(StartFailure) {
        self.bell = bell
        worker = try Threads().start("tls")
        worker.submit { Threads.lowerPriority() }
    }

    /// Hands over a step. The channel is the thread's until the result is taken.
    /// - Parameters:
    ///   - id: the connection's number.
    ///   - input: what the peer has sent.
    package func submit(_ channel: Channel, id: Int, input: [UInt8]) {
        let job = Job(id: id, channel: channel, input: input, start: MonotonicClock.nanoseconds)
        let wakes = state.withLock { state in
            state.jobs.append(job)
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if wakes { worker.submit { self.work() } }
    }

    /// Strikes off a connection whose peer is gone, unless its step has begun.
    package func forget(_ id: Int) {
        state.withLock { $0.jobs.removeAll { $0.id == id } }
    }

    /// The results since the last call.
    @inline(__always)
    package func takeResults() -> [Result] {
        guard hasResults.load(ordering: .acquiring) else { return [] }
        return state.withLock { state in
            hasResults.store(false, ordering: .relaxed)
            defer { state.results.removeAll() }
            return state.results
        }
    }

    /// Ends the thread, after the step in progress.
    package func close() {
        state.withLock { $0.jobs.removeAll() }
        worker.finish()
    }

    // MARK: The thread

    private func work() {
        while let job = next() {
            var output = ByteBuffer()
            let result = job.channel.handshake(cipher: job.input.span, into: &output)
            var rest: [UInt8] = []
            if case .done(let used) = result { rest = Array(job.input[used...]) }
            let found = Result(id: job.id, output: Array(output.bytes), state: result, rest: rest)
            state.withLock { state in
                state.results.append(found)
                hasResults.store(true, ordering: .releasing)
            }
            bell.ring()
        }
    }

    private func next() -> Job? {
        let now = MonotonicClock.nanoseconds
        return state.withLock { state in
            guard let oldest = state.jobs.first else {
                state.isAwake = false
                return nil
            }
            return now - oldest.start > HandshakeThread.patience ? state.jobs.removeLast() : state.jobs.removeFirst()
        }
    }
}
