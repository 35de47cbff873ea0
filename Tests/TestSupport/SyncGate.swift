// Lets a test decide when a sync ends, and how.

import Foundation
import SystemPackage

/// A gate for syncs, open at first.
package final class SyncGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isClosed = false
    private var waiting = 0
    private var failure: Errno?

    /// Holds every sync from now on.
    package func close() { condition.withLock { isClosed = true } }

    /// Lets every sync continue.
    package func open() { change { isClosed = false } }

    /// Makes every sync fail, those that are held too.
    package func fail(with errno: Errno) {
        change {
            failure = errno
            isClosed = false
        }
    }

    /// Waits until a sync is held: its data has been written.
    package func waitUntilHeld() {
        condition.withLock { while waiting == 0 { condition.wait() } }
    }

    init() {}

    /// Called by the sync.
    /// - Returns: the error with which it must fail, if any.
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
