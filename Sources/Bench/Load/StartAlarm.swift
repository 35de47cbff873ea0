// Wakes the open loop when a request is due: by a timer, or, for a few microseconds, by not sleeping.

import Reactor

/// Turns one thread's loop in time.
struct StartAlarm {
    private let alarm: Alarm
    private var alarmTime = 0
    /// The next request is imminent: the loop must not wait.
    private(set) var isClose = false

    /// Nanoseconds to wait awake: setting a timer, falling asleep and waking up cost as much.
    private static let closeness = 10_000

    /// - Parameter action: called at that time.
    /// - Throws: `ReactorError` if the system has no descriptor left.
    init(_ loop: EventLoop, action: @escaping () -> Void) throws(ReactorError) {
        alarm = try Alarm(loop, action: action)
    }

    /// Sets the time, in nanoseconds of `MonotonicClock`; nil for none. Once a turn: on a virtual machine setting a
    /// timer costs more than a request.
    mutating func set(at next: Int?) {
        isClose = false
        guard let next, next != alarmTime else { return }
        isClose = next - MonotonicClock.nanoseconds < StartAlarm.closeness
        if isClose { return }
        alarmTime = next
        alarm.set(at: next)
    }
}
