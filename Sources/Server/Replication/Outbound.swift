// A connection that this server makes and restores: it resolves a name, dials an address, and lets the delegate greet. Failures
// are logged at a limited rate, and retried with a back-off.
//
//     waiting ──> connecting ──> open ─┐        with a secret, both sides prove that they know it
//        ^                             │        before the delegate may greet: see LinkProof.swift
//        └──────── any failure ────────┘

import Bytes
import Logging
import Reactor

/// The user of an outbound connection.
package protocol OutboundDelegate: AnyObject {
    /// The connection is established: send the greeting.
    func opened()
    /// A line was received.
    /// - Parameter line: without its line feed.
    func heard(_ line: Span<UInt8>)
    /// The connection has ended, or could not be made. The next attempt follows automatically.
    func ended()
}

/// One outbound connection of lines. Used on the loop's thread; its owner releases it between turns.
package final class Outbound: StreamDelegate {
    /// The peer's address.
    package let endpoint: Endpoint
    private let loop: EventLoop
    private let bell: Wakeup.Bell
    private let clock: TurnClock
    /// Set it before `advance`.
    package unowned var delegate: (any OutboundDelegate)?
    /// The longest accepted line, in bytes.
    private let lineSize: Int
    /// Logs failures.
    private let log: (String) -> Void
    /// The secret of the servers; nil if there is none.
    private let secret: () -> LinkSecret?
    /// How connections get TLS; nil for plain ones.
    private let security: () -> TLSTarget?
    /// The exchange in progress; nil once the other side has proved that it knows the secret.
    private var proof: DialingProof?

    private enum State {
        /// The deadline on the monotonic clock, in milliseconds.
        case waiting(until: Int)
        case connecting(Connector)
        case open(Stream)
        case closed
    }

    private var state = State.waiting(until: 0)
    private var backoff: Backoff
    private var throttle = LinkErrorThrottle()
    /// Streams that have ended in this turn. They are kept because one may be in a callback.
    private var endedStreams: [Stream] = []
    /// The time of the peer's last message, in milliseconds of the monotonic clock.
    package private(set) var lastHeard = 0

    /// The time-out of dialing one address, in milliseconds.
    private static let dialTime = 3000
    /// The time in which the peer must answer a proof, in milliseconds.
    private static let proofTime = 5000

    /// - Parameters:
    ///   - clock: the clock of deadlines and pauses.
    ///   - seed: the seed of the back-off's jitter; different for each connection.
    ///   - security: how a new connection gets TLS; nil for a plain one.
    ///   - secret: the secret to prove on a new connection; nil for none.
    ///   - log: called with failures, at a limited rate.
    package init(
        to endpoint: Endpoint, loop: EventLoop, bell: Wakeup.Bell, clock: TurnClock, seed: UInt64, lineSize: Int,
        secret: @escaping () -> LinkSecret? = { nil }, security: @escaping () -> TLSTarget? = { nil },
        log: @escaping (String) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.bell = bell
        self.clock = clock
        self.lineSize = lineSize
        self.secret = secret
        self.security = security
        self.log = log
        backoff = Backoff(seed: seed)
    }

    deinit { close() }

    /// Whether it is connected.
    package var isOpen: Bool { if case .open = state { true } else { false } }
    /// Whether it waits for the next attempt, or was ended.
    package var isWaiting: Bool {
        switch state {
        case .waiting, .closed: true
        case .connecting, .open: false
        }
    }
    /// The connected address.
    package var peer: Address? { if case .open(let stream) = state { stream.peer } else { nil } }
    /// The size of the send buffer, in bytes.
    package var unsentSize: Int { if case .open(let stream) = state { stream.unsentSize } else { 0 } }
    /// Milliseconds since the peer's last message.
    package var silence: Int { clock.milliseconds - lastHeard }

    // MARK: Each turn

    /// Does all work that is possible without waiting. Do not call it from a callback of the loop.
    /// - Parameter mayDial: whether to begin a new attempt.
    package func advance(mayDial: Bool = true) {
        endedStreams.removeAll()
        switch state {
        case .waiting(let time) where mayDial && clock.milliseconds >= time:
            state = .connecting(
                Connector(loop, to: endpoint, within: Outbound.dialTime, security: security(), bell: bell))
        case .connecting(let connector):
            switch connector.advance() {
            case .success(let stream)?: open(stream)
            case .failure(let error)?: fail("cannot \(error.operation): \(error.reason)")
            case nil: break
            }
        case .open where proof != nil && silence > Outbound.proofTime:
            fail("it does not answer the proof of replication.secret")
        case .waiting, .open, .closed: break
        }
    }

    private func open(_ stream: Stream) {
        assert(!isOpen, "two connections to one server")
        state = .open(stream)
        lastHeard = clock.milliseconds
        stream.start(self)
        proof = secret().map { DialingProof($0, nonce: .random(), binding: stream.channelBinding) }
        guard let proof else { return opened() }
        send(proof.greeting.bytes)
    }

    private func opened() {
        proof = nil
        delegate?.opened()
    }

    /// Takes the other side's proof.
    private func hear(_ line: Span<UInt8>, _ proof: DialingProof) {
        switch LinkLine(line) {
        case .noPlace?: return fail(LinkLine.noPlaceReason)
        case .error(let reason)?: return fail("it refuses: \(reason)")
        default: break
        }
        do throws(LinkProofError) {
            let response = try proof.response(to: line)
            send(response.bytes)
            if isOpen { opened() }
        } catch {
            fail("\(error)")
        }
    }

    /// Sends bytes. A lost connection is a failure.
    package func send(_ bytes: Span<UInt8>) {
        guard case .open(let stream) = state else { return }
        if !stream.send(bytes) { fail("the connection was lost") }
    }

    // MARK: Ending

    private func end() {
        guard case .open(let stream) = state else { return }
        stream.close()
        proof = nil
        endedStreams.append(stream)
    }

    /// Ends the connection, logs the reason, and retries after a pause that grows with each failure.
    package func fail(_ reason: String) {
        guard !isWaiting else { return }
        end()
        if let text = throttle.raise(reason, about: "\(endpoint)", at: clock.milliseconds) {
            log("\(text); trying again")
        }
        state = .waiting(until: clock.milliseconds + Int(backoff.next()))
        delegate?.ended()
    }

    /// Sends the peer the reason, if it is connected, and fails.
    package func refuse(_ reason: String) {
        if case .open(let stream) = state {
            var line = ByteBuffer()
            line.append(linkError: reason)
            _ = stream.send(line.bytes)
        }
        fail(reason)
    }

    /// Ends a connection that has served its purpose, and reconnects after `milliseconds`.
    package func pause(_ milliseconds: Int) {
        end()
        state = .waiting(until: clock.milliseconds + milliseconds)
    }

    /// Ends the connection for good.
    package func close() {
        end()
        state = .closed
    }

    /// Connects now instead of after the pause: the peer is known to be up.
    package func hurry() {
        guard case .waiting = state else { return }
        backoff.reset()
        state = .waiting(until: 0)
    }

    /// Marks the connection as working: resets the back-off and the throttling of messages.
    package func settle() {
        backoff.reset()
        throttle.settle()
    }

    /// Whether to log that the connection works: a failure was logged before, or nothing.
    package func takeSpoken() -> Bool { throttle.takeSpoken() }

    // MARK: Stream events

    package func received(_ bytes: Span<UInt8>) -> Consumption {
        lastHeard = clock.milliseconds
        var used = 0
        while isOpen, let feed = bytes.newline(from: used) {
            let line = bytes.extracting(used..<feed)
            if let proof { hear(line, proof) } else { delegate?.heard(line) }
            used = feed + 1
        }
        if isOpen && bytes.count - used > lineSize { fail("it sends lines without an end") }
        return Consumption(used: isOpen ? used : bytes.count, missing: 1)
    }

    package func receivedEnd(unfinished: Int) { fail("it has closed the connection") }
    package func drained() {}

    package func failed() {
        guard case .open(let stream) = state, let failure = stream.securityFailure else {
            return fail("the connection was lost")
        }
        fail(failure.text)
    }
}
