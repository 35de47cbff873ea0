// The request to shut a server down, from another thread.

import Reactor
import Synchronization

/// Asks a running server to stop, from any thread.
package final class ShutdownRequest: Sendable {
    private let isMade = Atomic(false)
    private let bell: Wakeup.Bell

    init(bell: Wakeup.Bell) {
        self.bell = bell
    }

    /// The server answers the requests it has received and closes its log cleanly; then `run` returns.
    package func make() {
        isMade.store(true, ordering: .releasing)
        bell.ring()
    }

    var wasMade: Bool { isMade.load(ordering: .acquiring) }
}
