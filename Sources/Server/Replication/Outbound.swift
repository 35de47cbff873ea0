// A connection that this server makes, and makes again: a name is resolved, an address dialed, the delegate greets; whatever goes
// wrong is said, but not as often as it happens, and tried again after a pause.
//
//     waiting ──> connecting ──> open ─┐
//        ^                             │
//        └── anything that goes wrong ─┘

import Bytes
import Logging
import Reactor

/// Whom an outbound connection works for.
package protocol OutboundDelegate: AnyObject {
    /// The connection is made: greet.
    func opened()
    /// A line has come.
    /// - Parameter line: without its line feed.
    func heard(_ line: Span<UInt8>)
    /// The connection has ended, or could not be made. The next attempt comes by itself.
    func ended()
}

/// One outbound connection of lines. Used on the loop's thread; its owner lets go of it between turns.
package final class Outbound: StreamDelegate {
    /// Whom it connects to.
    package let endpoint: Endpoint
    private let loop: EventLoop
    private let bell: Wakeup.Bell
    private let clock: TurnClock
    /// To be set before `advance`.
    package unowned var delegate: (any OutboundDelegate)?
    /// The longest line that is taken, in bytes.
    private let lineSize: Int
    /// Says what goes wrong.
    private let log: (String) -> Void

    private enum State {
        /// Until a moment of the monotonic clock, in milliseconds.
        case waiting(until: Int)
        case connecting(Connector)
        case open(Stream)
        case closed
    }

    private var state = State.waiting(until: 0)
    private var backoff: Backoff
    private var throttle = LinkErrorThrottle()
    /// Streams that have ended in this turn: one may be in a callback.
    private var endedStreams: [Stream] = []
    /// When the peer was last heard of, in milliseconds of the monotonic clock.
    package private(set) var lastHeard = 0

    /// How long dialing one address may take, in milliseconds.
    private static let dialTime = 3000

    /// - Parameters:
    ///   - clock: by which it waits.
    ///   - seed: of the pauses; a different one for each connection.
    ///   - log: called with what goes wrong, now and then.
    package init(
        to endpoint: Endpoint, loop: EventLoop, bell: Wakeup.Bell, clock: TurnClock, seed: UInt64, lineSize: Int,
        log: @escaping (String) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.bell = bell
        self.clock = clock
        self.lineSize = lineSize
        self.log = log
        backoff = Backoff(seed: seed)
    }

    deinit { close() }

    /// Whether it is connected.
    package var isOpen: Bool { if case .open = state { true } else { false } }
    /// Whether it waits for the next attempt, or there will be none.
    package var isWaiting: Bool {
        switch state {
        case .waiting, .closed: true
        case .connecting, .open: false
        }
    }
    /// The address that it is connected to.
    package var peer: Address? { if case .open(let stream) = state { stream.peer } else { nil } }
    /// Bytes on their way to the kernel.
    package var unsentSize: Int { if case .open(let stream) = state { stream.unsentSize } else { 0 } }
    /// Milliseconds since the peer was last heard of.
    package var silence: Int { clock.milliseconds - lastHeard }

    // MARK: Each turn

    /// Goes on as far as it can without waiting. Not to be called by a callback of the loop.
    /// - Parameter mayDial: whether a new attempt may be begun.
    package func advance(mayDial: Bool = true) {
        endedStreams.removeAll()
        switch state {
        case .waiting(let time) where mayDial && clock.milliseconds >= time:
            state = .connecting(Connector(loop, to: endpoint, within: Outbound.dialTime, bell: bell))
        case .connecting(let connector):
            switch connector.advance() {
            case .success(let stream)?: open(stream)
            case .failure(let error)?: fail("cannot \(error.operation): \(error.reason)")
            case nil: break
            }
        case .waiting, .open, .closed: break
        }
    }

    private func open(_ stream: Stream) {
        assert(!isOpen, "two connections to one server")
        state = .open(stream)
        lastHeard = clock.milliseconds
        stream.start(self)
        delegate?.opened()
    }

    /// Sends bytes; where the connection is lost, that is a failure.
    package func send(_ bytes: Span<UInt8>) {
        guard case .open(let stream) = state else { return }
        if !stream.send(bytes) { fail("the connection was lost") }
    }

    // MARK: Ending

    private func end() {
        guard case .open(let stream) = state else { return }
        stream.close()
        endedStreams.append(stream)
    }

    /// Ends the connection, says why, and tries again after a pause that grows with each failure.
    package func fail(_ reason: String) {
        guard !isWaiting else { return }
        end()
        if let text = throttle.raise(reason, about: "\(endpoint)", at: clock.milliseconds) {
            log("\(text); trying again")
        }
        state = .waiting(until: clock.milliseconds + Int(backoff.next()))
        delegate?.ended()
    }

    /// Tells the peer why, if it listens, and fails.
    package func refuse(_ reason: String) {
        if case .open(let stream) = state {
            var line = ByteBuffer()
            line.append(linkError: reason)
            _ = stream.send(line.bytes)
        }
        fail(reason)
    }

    /// Ends the connection, which has done its work, and makes another after `milliseconds`.
    package func pause(_ milliseconds: Int) {
        end()
        state = .waiting(until: clock.milliseconds + milliseconds)
    }

    /// Ends the connection; there will be no other.
    package func close() {
        end()
        state = .closed
    }

    /// Makes the next attempt now: the peer is known to be there.
    package func hurry() {
        guard case .waiting = state else { return }
        backoff.reset()
        state = .waiting(until: 0)
    }

    /// The connection works: the next attempt comes soon, and what goes wrong then is news.
    package func settle() {
        backoff.reset()
        throttle.settle()
    }

    /// Whether it is worth saying that the connection works: something else was said before, or nothing.
    package func takeSpoken() -> Bool { throttle.takeSpoken() }

    // MARK: Stream events

    package func received(_ bytes: Span<UInt8>) -> Consumption {
        lastHeard = clock.milliseconds
        var used = 0
        while isOpen, let feed = bytes.newline(from: used) {
            delegate?.heard(bytes.extracting(used..<feed))
            used = feed + 1
        }
        if isOpen && bytes.count - used > lineSize { fail("it sends lines without an end") }
        return Consumption(used: isOpen ? used : bytes.count, missing: 1)
    }

    package func receivedEnd(unfinished: Int) { fail("it has closed the connection") }
    package func drained() {}
    package func failed() { fail("the connection was lost") }
}
