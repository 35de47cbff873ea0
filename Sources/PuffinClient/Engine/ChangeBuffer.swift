// What the library's thread and the task of an iteration share: the changes that have come and were not taken yet.

import Synchronization

/// The changes of one feed on their way to a task.
final class ChangeBuffer: Sendable {
    private struct State {
        var changes: [Change] = []
        /// Bytes of their keys and values.
        var size = 0
        /// Why no more will come.
        var error: PuffinError?
        var waiter: CheckedContinuation<Void, Never>?
        var isAbandoned = false
        /// Whether the connection is not read until changes are taken.
        var isFull = false
    }

    private let state = Mutex(State())
    private let engine: Engine
    let prefix: [UInt8]
    /// Where the feed begins; nil for the newest change.
    let token: String?

    /// Bytes that are buffered before the connection is no longer read.
    private static let limit = 1 << 20

    init(_ engine: Engine, prefix: [UInt8], token: String?) {
        self.engine = engine
        self.prefix = prefix
        self.token = token
    }

    // MARK: The library's thread

    /// Adds changes.
    func add(_ changes: [Change]) {
        let waiter = state.withLock { state in
            state.changes += changes
            for change in changes { state.size += change.key.count + (change.value?.count ?? 0) + 64 }
            state.isFull = state.size >= ChangeBuffer.limit
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Ends the feed; what was added before is still taken.
    func end(_ error: PuffinError) {
        let waiter = state.withLock { state in
            state.error = state.error ?? error
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Whether the connection must not be read.
    var isFull: Bool { state.withLock { $0.isFull } }
    /// Whether the consumer is gone.
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    // MARK: The task

    /// All changes that have come; waits for at least one.
    func take(isolation actor: isolated (any Actor)?) async throws(PuffinError) -> [Change] {
        while true {
            let (changes, error, wasFull) = state.withLock { state in
                let taken = (state.changes, state.changes.isEmpty ? state.error : nil, state.isFull)
                (state.changes, state.size, state.isFull) = ([], 0, false)
                return taken
            }
            if wasFull { engine.prune() }
            if !changes.isEmpty { return changes }
            if let error { throw error }
            await wait(isolation: actor)
            if Task.isCancelled { throw .cancelled }
        }
    }

    private func wait(isolation actor: isolated (any Actor)?) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.changes.isEmpty || state.error != nil || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }

    /// Notes that the consumer is gone.
    func abandon() {
        state.withLock { $0.isAbandoned = true }
        engine.prune()
    }
}
