// Signals as events of the loop, and signals that a process ignores.

import CLibevent
import Glibc

/// Calls back, in a turn of the loop, when the process gets a signal; until it is released.
@safe
package final class Signal: Ready {
    private var event: Event?
    private let loop: EventLoop
    private let action: () -> Void

    package init(_ loop: EventLoop, number: Int32, action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
        Signal.unblock(number)
        let event = unsafe Event(
            loop, number, EV_SIGNAL | EV_PERSIST, context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, _, context in
            let signal = unsafe Unmanaged<Signal>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            signal.loop.note(signal)
        }
        // The loop already has a descriptor for signals.
        precondition(event.add(), "signal \(number) cannot be listened to")
        self.event = consume event
    }

    func deliver() { action() }

    /// The signals that ask a server to stop.
    package static let stopping = [SIGTERM, SIGINT]

    /// The signal that asks a server to reload its configuration.
    package static let reloading = SIGHUP

    /// A process inherits its signal mask, which may block signals that it needs.
    private static func unblock(_ number: Int32) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, number)
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Ignores the reload signal, whose default action ends the process, until the server listens to it; at that point
    /// it has just read everything anyway.
    package static func ignoreReloads() {
        _ = Glibc.signal(reloading, SIG_IGN)
    }

    /// Makes writing to a closed socket an error instead of the end of the process.
    package static func ignoreBrokenPipes() {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
    }

    /// Makes writing beyond the limit on file sizes (`ulimit -f`) an error instead of the end of the process.
    package static func ignoreFileSizeLimit() {
        _ = Glibc.signal(SIGXFSZ, SIG_IGN)
    }

    /// As `ignoreBrokenPipes`, for `body` on this thread only: for a library, which does not own the process's signals.
    package static func withoutBrokenPipes(_ body: () -> Void) {
        var pipes = sigset_t()
        var former = sigset_t()
        unsafe sigemptyset(&pipes)
        unsafe sigaddset(&pipes, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &pipes, &former)
        body()
        // Takes a pending signal back before it can be delivered.
        var none = timespec()
        unsafe _ = sigtimedwait(&pipes, nil, &none)
        unsafe pthread_sigmask(SIG_SETMASK, &former, nil)
    }
}
