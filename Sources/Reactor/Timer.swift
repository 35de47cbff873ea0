import CLibevent

/// Calls back at an interval, until it is released.
@safe
package final class Timer {
    private var event: OpaquePointer?
    private let action: () -> Void

    /// - Parameter milliseconds: the interval; the first call comes after one.
    package init(_ loop: EventLoop, every milliseconds: Int, action: @escaping () -> Void) {
        self.action = action
        unsafe event = event_new(
            loop.base, -1, Int16(EV_PERSIST),
            { _, _, context in
                unsafe Unmanaged<Timer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().action()
            }, Unmanaged.passUnretained(self).toOpaque())
        var interval = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        unsafe event_add(event, &interval)
    }

    deinit { unsafe event_free(event) }
}
