// The owner of the library's thread: it starts with the first client used and ends with the last one closed.

import Synchronization

/// The engine that the clients of a process share.
package final class Runtime: Sendable {
    private struct State {
        var engine: Engine?
        var clients = 0
        var nextID: Engine.ClientID = 1
        /// Engines that were told to stop.
        var former: [Engine] = []
    }

    private let state = Mutex(State())

    /// The one that clients use unless a test passes another.
    package static let shared = Runtime()

    package init() {}

    /// Whether a thread exists, even one that is about to end.
    package var isRunning: Bool {
        state.withLock { state in
            state.former.removeAll { !$0.isRunning }
            return state.engine != nil || !state.former.isEmpty
        }
    }

    /// Counts a client, and returns its number.
    func join() -> (engine: Engine, id: Engine.ClientID) {
        state.withLock { state in
            let engine = state.engine.flatMap { $0.isRunning ? $0 : nil } ?? Engine()
            state.engine = engine
            state.clients += 1
            defer { state.nextID += 1 }
            return (engine, state.nextID)
        }
    }

    /// Counts one less; the engine ends with the last.
    func leave() {
        state.withLock { state in
            state.clients -= 1
            guard state.clients == 0, let engine = state.engine.take() else { return }
            engine.stop()
            state.former.removeAll { !$0.isRunning }
            state.former.append(engine)
        }
    }
}
