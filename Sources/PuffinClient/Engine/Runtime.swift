// Who owns the library's thread: it is started for the first client that is used and ended with the last that is closed.

import Synchronization

/// The engine that the clients of a process share.
package final class Runtime: Sendable {
    private struct State {
        var engine: Engine?
        var clients = 0
        var nextID: Engine.ClientID = 1
        /// Those that were told to stop.
        var former: [Engine] = []
    }

    private let state = Mutex(State())

    /// The one that clients use unless a test gives them another.
    package static let shared = Runtime()

    package init() {}

    /// Whether there is a thread, be it one that is about to end.
    package var isRunning: Bool {
        state.withLock { state in
            state.former.removeAll { !$0.isRunning }
            return state.engine != nil || !state.former.isEmpty
        }
    }

    /// Counts a client, which gets a number of its own.
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
