import CLibevent
import Glibc

/// Lets other threads end the loop's waiting: an eventfd(2), edge-triggered, so that it need not be read.
@safe
package final class Wakeup {
    /// What other threads hold. It owns the descriptor: whoever rings after the loop is gone must not write into a file
    /// or a socket that was given the same number since.
    package final class Bell: Sendable {
        fileprivate let descriptor: Int32

        fileprivate init(descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit { close(descriptor) }

        /// Makes the loop turn, if it is still there. May be called from any thread.
        package func ring() {
            var one: UInt64 = 1
            unsafe _ = write(descriptor, &one, 8)
        }
    }

    package let bell: Bell
    private var event: OpaquePointer?

    package init(_ loop: EventLoop) throws(ReactorError) {
        let descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw ReactorError(operation: "make an eventfd", errno: Glibc.errno) }
        bell = Bell(descriptor: descriptor)
        unsafe event = event_new(
            loop.base, descriptor, Int16(truncatingIfNeeded: EV_READ | EV_PERSIST | EV_ET), { _, _, _ in }, nil)
        unsafe event_add(event, nil)
    }

    deinit { unsafe event_free(event) }
}
