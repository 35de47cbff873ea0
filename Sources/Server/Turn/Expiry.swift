// Pairs that have expired are removed a step a turn. While nothing else happens, an alarm causes the turns.

import Reactor
import Store

/// The removal of expired pairs from a server's store. Used from one thread.
final class Expiry {
    /// Set once, when the server is assembled.
    private unowned var owner: Server?
    private var server: Server {
        guard let owner else { preconditionFailure("used before it is attached to a server") }
        return owner
    }
    /// Causes a turn when a pair expires.
    private var alarm: Alarm?
    /// The time for which the alarm is set, in milliseconds of the store's clock; `UInt64.max` if it is not, 0 if there is more to
    /// remove now.
    private var alarmTime = UInt64.max
    /// In milliseconds: 31 years.
    private static let longestWait = 1_000_000_000_000
    /// Whether pairs are removed: not while the server stops, nor after DEBUG SET-ACTIVE-EXPIRE 0. Reads never return them.
    var isOn = true {
        didSet { if !isOn { alarmTime = .max } }
    }
    /// Whether there is more to remove now.
    var hasMore: Bool { alarmTime == 0 }

    /// - Throws: `ReactorError` if the system has no descriptor left.
    init(_ loop: EventLoop) throws(ReactorError) {
        // The store's clock may be slower than the alarm's: a turn that comes too early sets it again.
        alarm = try Alarm(loop) { [unowned self] in alarmTime = .max }
    }

    /// Attaches it to its server.
    func attach(to server: Server) { owner = server }

    /// Takes a step, if one is due.
    @inline(__always)
    func advance(_ store: Store) {
        guard isOn else { return }
        let wakeTime = store.advanceExpiry()
        if wakeTime != alarmTime { setAlarm(at: wakeTime) }
    }

    @inline(never)
    private func setAlarm(at time: UInt64) {
        alarmTime = time
        guard time > 0, time < .max else { return }
        let now = server.store.now
        let wait = time > now ? min(Int(clamping: time - now), Expiry.longestWait) : 0
        alarm?.set(at: (server.clock.milliseconds + wait + 1) * 1_000_000)
    }
}
