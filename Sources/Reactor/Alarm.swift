import CLibevent
import Glibc

/// Calls back at one moment, to the microsecond; then again when it is set again. libevent's own timers wait in whole
/// milliseconds, which is too coarse for a load that is to begin a request every 20 µs.
@safe
package final class Alarm {
    private let descriptor: Int32
    private var event: OpaquePointer?
    private let action: () -> Void

    /// - Throws: `ReactorError` where the system has no descriptor left.
    package init(_ loop: EventLoop, action: @escaping () -> Void) throws(ReactorError) {
        self.action = action
        descriptor = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        guard descriptor >= 0 else { throw ReactorError(operation: "make a timer", errno: Glibc.errno) }
        // Edge-triggered, so that it need not be read: setting it again arms it again.
        unsafe event = event_new(
            loop.base, descriptor, Int16(truncatingIfNeeded: EV_READ | EV_PERSIST | EV_ET),
            { _, _, context in
                unsafe Unmanaged<Alarm>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().action()
            }, Unmanaged.passUnretained(self).toOpaque())
        unsafe event_add(event, nil)
    }

    deinit {
        unsafe event_free(event)
        close(descriptor)
    }

    /// Sets the moment, in nanoseconds of `MonotonicClock`; one that has passed comes at once.
    package func set(at nanoseconds: Int) {
        var time = itimerspec()
        let moment = max(nanoseconds, 1)
        time.it_value = timespec(tv_sec: moment / 1_000_000_000, tv_nsec: moment % 1_000_000_000)
        unsafe _ = timerfd_settime(descriptor, Int32(TFD_TIMER_ABSTIME), &time, nil)
    }
}
