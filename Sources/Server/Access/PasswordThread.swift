// Scrypt takes some 300 ms and 16 MiB a password, so it runs on a thread, one password at a time. Clients that send a password and
// disconnect must not delay other logins. A password without a waiting client is dropped. A client that has closed only its sending
// side may still read the answer, so its password is verified after all others.

import Bytes
import OpenSSL
import Reactor
import Synchronization

/// A password that waits for the thread.
private protocol QueuedPassword: AnyObject, Sendable {
    /// Whether a client waits for it that has not closed its side.
    var isAwaited: Bool { get }
    /// Whether every client that waited for it has disconnected.
    var isAbandoned: Bool { get }
    func run()
    /// Gives it up.
    func drop()
}

/// What the thread finds out, for those who wait for it.
package final class PasswordResult<Value: Sendable>: QueuedPassword {
    private enum Outcome: Sendable {
        /// What finds it out.
        case unknown(@Sendable () -> Value)
        case found(Value)
        /// It was never begun.
        case dropped
    }

    private struct State: Sendable {
        var outcome: Outcome
        /// Claims of clients that have not closed their side, and of those that have.
        var present = 0
        var ended = 0
    }

    private let state: Mutex<State>

    fileprivate init(_ work: @escaping @Sendable () -> Value) {
        state = Mutex(State(outcome: .unknown(work)))
    }

    /// Waits for it.
    package func claim() -> PasswordClaim<Value> { PasswordClaim(self) }

    /// Whether it is known, or will never be, or is not wanted.
    package var isOver: Bool {
        state.withLock { state in
            if case .unknown = state.outcome { state.present + state.ended == 0 } else { true }
        }
    }

    fileprivate var isAwaited: Bool { state.withLock { $0.present > 0 } }
    fileprivate var isAbandoned: Bool { state.withLock { $0.present + $0.ended == 0 } }

    fileprivate func run() {
        let work: (@Sendable () -> Value)? = state.withLock {
            if case .unknown(let work) = $0.outcome { work } else { nil }
        }
        guard let work else { return }
        let value = work()
        state.withLock { $0.outcome = .found(value) }
    }

    fileprivate func drop() { state.withLock { $0.outcome = .dropped } }

    fileprivate var value: Value? {
        state.withLock { if case .found(let value) = $0.outcome { value } else { nil } }
    }

    fileprivate var isDropped: Bool {
        state.withLock { if case .dropped = $0.outcome { true } else { false } }
    }

    fileprivate func count(present: Int, ended: Int) {
        state.withLock { state in
            state.present += present
            state.ended += ended
        }
    }
}

/// Somebody's wait for a result. It ends when this is released.
package final class PasswordClaim<Value: Sendable>: Sendable {
    /// What others can wait for, too.
    package let result: PasswordResult<Value>
    private let hasEnded = Mutex(false)

    fileprivate init(_ result: PasswordResult<Value>) {
        self.result = result
        result.count(present: 1, ended: 0)
    }

    deinit {
        let hasEnded = hasEnded.withLock { $0 }
        result.count(present: hasEnded ? 0 : -1, ended: hasEnded ? -1 : 0)
    }

    /// nil as long as it is not known.
    package var value: Value? { result.value }
    /// Whether it was given up for the sake of others.
    package var isDropped: Bool { result.isDropped }

    /// The client has closed its side: others go before.
    package func noteEnd() {
        let isNew = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        if isNew { result.count(present: -1, ended: 1) }
    }
}

/// The thread that verifies and hashes passwords.
package final class PasswordThread: Sendable {
    private let worker: any Worker
    private let ring: @Sendable () -> Void
    /// The oldest first.
    private let queue = Mutex<[any QueuedPassword]>([])

    /// The most passwords that wait.
    package static let limit = 64

    /// - Parameters:
    ///   - worker: does the work.
    ///   - ring: called when something was found out.
    package init(on worker: any Worker, ring: @escaping @Sendable () -> Void) {
        (self.worker, self.ring) = (worker, ring)
    }

    /// - Parameter bell: rung when something was found out.
    /// - Throws: `StartFailure` if the system has no thread left.
    convenience init(bell: Wakeup.Bell) throws(StartFailure) {
        let worker = try Threads().start("passwords")
        worker.submit { Threads.lowerPriority() }
        self.init(on: worker) { bell.ring() }
    }

    /// Queues a computation. It is dropped if no client waits for it when its turn comes.
    /// - Returns: nil if too many wait already.
    package func find<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> PasswordClaim<Value>? {
        let result = PasswordResult(work)
        let claim = result.claim()
        let isQueued = queue.withLock { queue in
            PasswordThread.dropAbandoned(&queue)
            if queue.count >= PasswordThread.limit, let index = queue.firstIndex(where: { !$0.isAwaited }) {
                queue.remove(at: index).drop()
            }
            guard queue.count < PasswordThread.limit else { return false }
            queue.append(result)
            return true
        }
        guard isQueued else { return nil }
        worker.submit { [self] in runNext() }
        return claim
    }

    /// Also releases the passwords, which are overwritten then.
    private static func dropAbandoned(_ queue: inout [any QueuedPassword]) {
        for password in queue where password.isAbandoned { password.drop() }
        queue.removeAll { $0.isAbandoned }
    }

    private func runNext() {
        let next = queue.withLock { queue in
            PasswordThread.dropAbandoned(&queue)
            let index = queue.firstIndex { $0.isAwaited } ?? queue.indices.first
            return index.map { queue.remove(at: $0) }
        }
        next?.run()
        ring()
    }

    /// Waits until nothing is being worked on.
    func close() { worker.finish() }
}
