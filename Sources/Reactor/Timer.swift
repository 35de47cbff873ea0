// Periodic timers of the loop.

import CLibevent

/// Calls back at an interval, until it is released.
@safe
package final class Timer: Ready {
    private var event: Event?
    private let loop: EventLoop
    private let action: () -> Void

    /// - Parameter milliseconds: the interval; the first call comes after one interval.
    package init(_ loop: EventLoop, every milliseconds: Int, action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
        let event = unsafe Event(loop, -1, EV_PERSIST, context: Unmanaged.passUnretained(self).toOpaque()) {
            _, _, context in
            let timer = unsafe Unmanaged<Timer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            timer.loop.note(timer)
        }
        // A timeout needs no resource of the kernel.
        precondition(event.add(within: milliseconds), "there is no memory for a timer")
        self.event = consume event
    }

    func deliver() { action() }
}
