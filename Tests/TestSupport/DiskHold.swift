// How a test stops another thread at a certain call to the disk, and does something meanwhile.

import Foundation

/// What each call to a disk has to pass. It stops the first one to come by after `arm` counted so many; all others go on.
package final class DiskHold: @unchecked Sendable {
    private let condition = NSCondition()
    /// Calls to let by before one is held; nil where none is to be.
    private var left: Int?
    private var isHeld = false
    private var sign: @Sendable () -> Void = {}

    /// Holds the call after the next `count`, and calls `sign` once it is held.
    package func arm(after count: Int, sign: @escaping @Sendable () -> Void) {
        condition.withLock {
            left = count
            self.sign = sign
        }
    }

    /// Lets the call that is held go on, and holds no more.
    package func release() {
        condition.withLock {
            (left, isHeld) = (nil, false)
            condition.broadcast()
        }
    }

    /// Whether a call is being held.
    package var isHolding: Bool { condition.withLock { isHeld } }

    func pass() {
        condition.withLock {
            guard let count = left else { return }
            guard count == 0 else { return left = count - 1 }
            (left, isHeld) = (nil, true)
            sign()
            while isHeld { condition.wait() }
        }
    }
}
