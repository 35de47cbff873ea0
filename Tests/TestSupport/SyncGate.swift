// How a test decides when a sync ends, and how.

import Foundation
import SystemPackage

/// What syncs have to pass. Open at first.
package final class SyncGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isClosed = false
    private var waiting = 0
    private var failure: Errno?

    /// Holds every sync from now on.
    package func close() { condition.withLock { isClosed = true } }

    /// Lets every sync go on.
    package func open() { change { isClosed = false } }

    /// Makes every sync fail, those that are held too.
    package func fail(with errno: Errno) {
        change {
            failure = errno
            isClosed = false
        }
    }

    /// Waits until a sync is held: what it is to make durable has been written.
    package func waitUntilHeld() {
        condition.withLock { while waiting == 0 { condition.wait() } }
    }

    init() {}

    /// Called by the sync.
    /// - Returns: what it has to fail with.
    package func pass() -> Errno? {
        condition.withLock {
            waiting += 1
            condition.broadcast()
            while isClosed { condition.wait() }
            waiting -= 1
            return failure
        }
    }

    private func change(_ body: () -> Void) {
        condition.withLock {
            body()
            condition.broadcast()
        }
    }
}
