// Wakes the loop from other threads.

import CLibevent
import Glibc

/// Lets other threads end the loop's wait: an eventfd(2), edge-triggered, so it need not be read.
@safe
package final class Wakeup {
    /// What other threads hold. It owns the descriptor: ringing after the loop is gone must not write into a file or
    /// socket that got the same number since.
    package final class Bell: Sendable {
        fileprivate let descriptor: Descriptor

        fileprivate init(_ descriptor: consuming Descriptor) {
            self.descriptor = descriptor
        }

        /// Starts a turn of the loop, if the loop still exists. May be called from any thread.
        package func ring() {
            var one: UInt64 = 1
            unsafe _ = write(descriptor.number, &one, 8)
        }
    }

    package let bell: Bell
    private let event: Event

    /// - Throws: `ReactorError` if the system has no descriptor left.
    package init(_ loop: EventLoop) throws(ReactorError) {
        let descriptor = try Descriptor(eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)), from: "make an eventfd")
        let event = unsafe Event(loop, descriptor.number, EV_READ | EV_PERSIST | EV_ET, context: nil) { _, _, _ in }
        try event.add(for: "watch an eventfd")
        bell = Bell(descriptor)
        self.event = event
    }
}
