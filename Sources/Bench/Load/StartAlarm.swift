// What makes the open loop turn when a request is to begin: a timer, or, for a few microseconds, not falling asleep.

import Reactor

/// Turns one thread's loop in time.
struct StartAlarm {
    private let alarm: Alarm
    private var alarmTime = 0
    /// The next request begins in a moment: the loop is not to wait for anything.
    private(set) var isClose = false

    /// So many nanoseconds are waited through awake: setting a timer, falling asleep and waking up cost as much.
    private static let closeness = 10_000

    /// - Parameter action: what is to be done then.
    /// - Throws: `ReactorError` where the system has no descriptor left.
    init(_ loop: EventLoop, action: @escaping () -> Void) throws(ReactorError) {
        alarm = try Alarm(loop, action: action)
    }

    /// Sets the moment, in nanoseconds of `MonotonicClock`; nil for none. Once a turn: on a virtual machine setting a timer
    /// costs more than a request.
    mutating func set(at next: Int?) {
        isClose = false
        guard let next, next != alarmTime else { return }
        isClose = next - MonotonicClock.nanoseconds < StartAlarm.closeness
        if isClose { return }
        alarmTime = next
        alarm.set(at: next)
    }
}
