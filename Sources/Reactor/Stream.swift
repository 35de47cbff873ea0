// A connected socket. Input goes through the loop's one read buffer and is parsed in place; only the rest of an
// incomplete request is kept. Output goes by send(2); what the socket does not take at once goes to a bufferevent,
// which is created when first needed. An idle connection holds a descriptor and an event, and a round trip is
// epoll_wait, recv, send. (Reading through a bufferevent costs an extra ioctl, 4,096 bytes at a time, and a memory
// block per request: libevent 2.1's evbuffer_read.)
//
// With TLS a channel turns what is received into plaintext, and plaintext into what is sent, in buffers of the loop's. The rest of
// the way is the same, and the delegate does not notice.
//
// Lifetime: events hold an unretained pointer to the stream. `close` removes them, so none fires afterwards. The owner
// may release a stream at any time after closing it: the loop keeps it and its delegate until the delivery is over.

import Bytes
import CLibevent
import Glibc
import OpenSSL

/// One TCP connection.
@safe
package final class Stream {
    private unowned(unsafe) var delegate: (any StreamDelegate)?
    /// The delegate, where nobody else keeps it: one that is done, until another starts.
    private var interim: (any StreamDelegate)?
    package let peer: Address

    private let loop: EventLoop
    private let descriptor: Int32
    /// Both are nil after `close`.
    private var readEvent: Event?
    /// `unsafe`: Swift does not check for overlapping accesses to it, which would cost each turn of a session more than
    /// sending does. There are none: no function of an output calls back into its stream; only the loop does, through
    /// libevent.
    @exclusivity(unchecked) private var output: PendingOutput?

    /// The beginning of an incomplete request, or requests that must wait.
    private var held = ByteBuffer()
    /// Its capacity, read each turn: a plain number needs no run-time check for overlapping accesses.
    private var capacity = 0
    private var missing = 1
    private var isConnected = true
    private var hasEnded = false
    /// The TLS of the connection; nil if it is plain.
    private var channel: Channel?
    /// Whether it has one: a plain flag needs no counting of references.
    private var isSealed = false
    private var reads = true
    private var events: Events = []
    /// The next stream in the loop's list of ready ones.
    unowned(unsafe) var nextReady: Stream?

    /// The largest read if much is missing.
    private static let largeReadSize = 256 << 10
    /// Memory of a connection with empty buffers: stream, event, and what its owner keeps for it.
    private static let bareSize = 1 << 10
    /// Bytes of memory that a channel takes beside it, by measurement.
    private static let channelSize = 19 << 10
    /// The most plaintext that is sealed at once while the sender can keep the rest: sealing 16 MiB would hold the loop for 10 ms.
    private static let sealSize = 256 << 10
    /// Unsent bytes that are kept for a sender that can keep the rest itself.
    private static let keptUnsentSize = 64 << 10
    /// Memory kept for the next incomplete request.
    private static let keptSize = 64 << 10

    /// Takes over an accepted connection. Nothing is read before `start`.
    package init(_ loop: EventLoop, _ connection: consuming Listener.Connection) {
        self.loop = loop
        peer = connection.peer
        descriptor = connection.socket.release()
        loop.countStreams(Stream.bareSize)
        var on: Int32 = 1
        unsafe _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        readEvent = unsafe Event(
            loop, descriptor, EV_READ | EV_PERSIST, context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, _, context in
            unsafe Unmanaged<Stream>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
                $0.note(.readable)
            }
        }
    }

    /// Starts reading, or reading for another delegate. The delegate owns the stream until it closes it or gives it to
    /// another.
    package func start(_ delegate: any StreamDelegate) {
        if let former = unsafe self.delegate { loop.keep(self, former) }
        unsafe self.delegate = delegate
        interim = nil
        if !hasEnded { watch() }
    }

    /// Keeps the delegate, whose owner releases it, until another starts or the stream is closed.
    func keepDelegate(_ delegate: any StreamDelegate) { interim = delegate }

    /// Starts watching. If the kernel cannot watch more sockets the connection is lost; the delegate hears of it in the
    /// next turn.
    private func watch() {
        guard readEvent?.add() == false else { return }
        readEvent = unsafe Event(loop, descriptor, 0, context: Unmanaged.passUnretained(self).toOpaque()) {
            _, _, context in
            unsafe Unmanaged<Stream>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().note(.failed)
        }
        readEvent?.activate()
    }

    // MARK: What has happened to it

    /// The events that libevent's callbacks have recorded.
    private struct Events: OptionSet {
        let rawValue: UInt8
        static let readable = Events(rawValue: 1)
        static let drained = Events(rawValue: 2)
        static let failed = Events(rawValue: 4)
    }

    private func note(_ event: Events) {
        if events.isEmpty { loop.note(self) }
        events.insert(event)
    }

    /// Handles the recorded events while the stream is open. Called by the loop.
    func deliver() {
        let noted = events
        events = []
        if noted.contains(.readable), isConnected, reads, !hasEnded { read() }
        if noted.contains(.drained), isConnected { owner.drained() }
        if noted.contains(.failed), isConnected { owner.failed() }
    }

    private var owner: any StreamDelegate {
        unsafe delegate.unsafelyUnwrapped
    }

    deinit { precondition(!isConnected, "a stream was released before it was closed") }

    /// Whether it has not been closed.
    package var isOpen: Bool { isConnected }

    /// Ends the connection at once. Unsent bytes are lost.
    package func close() {
        guard isConnected else { return }
        // Where nothing is lost the peer may know it: others take an end without close_notify for an error.
        if isSealed, unsentSize == 0 { sealEnd() }
        isConnected = false
        readEvent = nil
        unsafe output = nil
        loop.countStreams(-(Stream.bareSize + (isSealed ? Stream.channelSize : 0)))
        (channel, isSealed) = (nil, false)
        Glibc.close(descriptor)
        unsafe loop.keep(self, delegate)
        interim = nil
    }

    // MARK: Reading

    /// Whether bytes are read. While not, the kernel holds them, and eventually the peer cannot send.
    package var isReading: Bool {
        get { reads }
        set {
            guard newValue != reads else { return }
            reads = newValue
            guard isConnected, !hasEnded else { return }
            if reads { watch() } else { readEvent?.remove() }
        }
    }

    /// Shows the bytes left over again, after the delegate had stopped using them.
    package func showHeld() {
        guard isOpen, !held.isEmpty else { return }
        loop.beginDelivery()
        deliverHeld()
        loop.endDelivery()
    }

    /// Whether the peer has ended its output, and all of it was read.
    package var inputHasEnded: Bool { hasEnded }

    /// Tells the delegate that the input has ended, if it has: it was a former delegate that heard of it.
    package func showEnd() {
        guard isOpen, hasEnded else { return }
        loop.beginDelivery()
        owner.receivedEnd(unfinished: held.count)
        loop.endDelivery()
    }

    /// Bytes received and not used.
    package var heldSize: Int { held.count }

    /// Bytes of memory for received bytes.
    package var heldCapacity: Int { capacity }

    /// The address that the peer has connected to. A call to the system.
    package var local: Address { isOpen ? Address(ofSocket: descriptor) : Address() }

    /// The number of its descriptor; after the end the system gives it to another file.
    package var descriptorNumber: Int { Int(descriptor) }

    /// How far the peer is gone.
    package enum PeerState: Sendable {
        case there
        /// It sends no more; it may still be reading.
        case ended
        /// The connection is lost.
        case gone
    }

    /// Linux' POLLRDHUP, which Swift's module of glibc leaves out.
    private static let peerEnds: Int16 = 0x2000

    /// How far the peer is gone, also where bytes that it has sent before are still to be read. A call to the system.
    package var peerState: PeerState {
        var state = pollfd(fd: descriptor, events: Stream.peerEnds, revents: 0)
        guard isOpen, unsafe poll(&state, 1, 0) > 0 else { return .there }
        return Int32(state.revents) & (POLLERR | POLLHUP) != 0 ? .gone : .ended
    }

    /// Drops held bytes and their memory. Not to be called while the delegate is being shown them.
    package func dropHeld() {
        held.removeAll()
        held.trim(above: 0)
        (missing, capacity) = (1, 0)
    }

    /// Reads what has arrived without waiting for the loop's event. Not to be called by the delegate.
    package func readAtOnce() {
        guard isOpen && reads && !hasEnded else { return }
        loop.beginDelivery()
        read()
        loop.endDelivery()
    }

    private func read() {
        if isSealed { return readSealed() }
        if held.isEmpty { readFresh() } else { readMore() }
    }

    private func readFresh() {
        let count = unsafe recv(descriptor, loop.readBuffer.baseAddress, EventLoop.readSize, 0)
        guard count > 0 else { return readFailed(count) }
        let bytes = unsafe Span<UInt8>(
            _unsafeStart: loop.readBuffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self),
            count: count)
        let result = owner.received(bytes)
        missing = result.missing
        guard result.used < count && isOpen else { return }
        held.append(bytes.extracting(result.used..<count))
        capacity = held.capacity
    }

    private func readMore() {
        let size = min(max(missing, EventLoop.readSize), Stream.largeReadSize)
        // For a line it is unknown how much is missing.
        held.reserve(size, expecting: missing > EventLoop.readSize ? missing + EventLoop.readSize : 0)
        capacity = held.capacity
        var count = 0
        unsafe held.append(upTo: size) { room in
            unsafe count = recv(descriptor, room.baseAddress, size, 0)
            return max(count, 0)
        }
        guard count > 0 else { return readFailed(count) }
        missing -= count
        if missing <= 0 { deliverHeld() }
    }

    private func deliverHeld() {
        let result = owner.received(held.bytes)
        missing = result.missing
        held.removeFirst(result.used)
        held.trim(above: Stream.keptSize)
        capacity = held.capacity
    }

    private func readFailed(_ count: Int) {
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        if count < 0 { return owner.failed() }
        hasEnded = true
        readEvent?.remove()
        owner.receivedEnd(unfinished: held.count)
    }

    // MARK: Writing

    /// Bytes sent that the kernel has not taken yet; none once it is closed.
    package var unsentSize: Int { unsafe output?.size ?? 0 }

    /// Sends bytes: as many as the socket takes at once, the rest as it has room.
    /// - Returns: false if the connection is lost; the delegate is not called.
    package func send(_ bytes: Span<UInt8>) -> Bool { send(bytes, keeping: .max) != nil }

    /// The same, up to what the socket takes and a little more: the sender keeps the rest, and tries again after
    /// `drained`. So large replies are not copied, and take no memory twice.
    /// - Returns: how many bytes were taken; nil if the connection is lost.
    @inline(__always)
    package func sendSome(_ bytes: Span<UInt8>) -> Int? { send(bytes, keeping: Stream.keptUnsentSize) }

    /// - Parameter limit: how many unsent bytes may be kept.
    private func send(_ bytes: Span<UInt8>, keeping limit: Int) -> Int? {
        guard isOpen, bytes.count > 0 else { return isOpen ? 0 : nil }
        return isSealed ? sendSealed(bytes, keeping: limit) : sendPlain(bytes, keeping: limit)
    }

    @inline(__always)
    private func sendPlain(_ bytes: Span<UInt8>, keeping limit: Int) -> Int? {
        let unsent = unsentSize
        var sent = 0
        if unsent == 0 {
            sent = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if sent < 0 {
                guard errno == EAGAIN || errno == EINTR else { return nil }
                sent = 0
            }
        }
        guard sent < bytes.count else { return sent }
        let end = sent + min(bytes.count - sent, max(limit - unsent, 0))
        guard end > sent else { return sent }
        return queue(bytes.extracting(sent..<end)) ? end : nil
    }

    /// Ends the output; the peer can still send.
    package func endOutput() {
        guard isOpen else { return }
        if isSealed { sealEnd() }
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Sends what the socket takes of a short text, and closes the connection. Nothing is held for the peer, which may
    /// not be reading.
    package func refuse(_ text: StaticString) {
        guard isOpen else { return }
        if isSealed {
            var bytes = ByteBuffer()
            bytes.append(text)
            _ = sendSealed(bytes.bytes, keeping: .max)
            endOutput()
            return close()
        }
        unsafe _ = Glibc.send(
            descriptor, text.utf8Start, text.utf8CodeUnitCount, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        endOutput()
        close()
    }

    /// - Returns: false if there is no memory for it: part of a reply cannot be left out, so the connection is lost.
    private func queue(_ bytes: Span<UInt8>) -> Bool {
        if unsafe output == nil { unsafe output = makeOutput() }
        return unsafe output?.append(bytes) ?? false
    }

    private func makeOutput() -> PendingOutput? {
        unsafe PendingOutput(
            loop, descriptor, context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, context in
            unsafe Unmanaged<Stream>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().note(.drained)
        } failed: { _, _, context in
            unsafe Unmanaged<Stream>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().note(.failed)
        }
    }
}

// MARK: TLS

extension Stream {
    /// Whether the connection has TLS.
    package var isSecure: Bool { isSealed }

    /// The version and the cipher; nil without TLS.
    package var security: (version: String, cipher: String)? { channel.map { ($0.version, $0.cipher) } }

    /// Why its TLS has failed; nil without TLS, while it has not, and once the stream is closed.
    package var securityFailure: TLSFailure? { channel?.failure }

    /// The names in the peer's certificate; nil without TLS, without a certificate, and where nothing verified it.
    package var peerNames: PeerNames? { channel?.names }

    /// What binds a proof to this connection (RFC 9266): empty without TLS.
    package var channelBinding: [UInt8] { channel?.exporter() ?? [] }

    /// Turns a connection whose handshake is done into one with TLS. From then on delegates see plaintext.
    /// - Parameter rest: what the peer has sent behind its handshake. Its plaintext is held: `showHeld` shows it, and `showEnd` its end.
    /// - Returns: false if the connection is lost.
    package func secure(with channel: Channel, _ rest: Span<UInt8>) -> Bool {
        guard isOpen else { return false }
        precondition(!isSealed && held.isEmpty, "a connection gets TLS twice, or behind its first bytes")
        (self.channel, isSealed) = (channel, true)
        loop.countStreams(Stream.channelSize)
        var answers = ByteBuffer()
        let result = channel.receive(cipher: rest, into: &held, output: &answers)
        capacity = held.capacity
        guard answers.isEmpty || sendPlain(answers.bytes, keeping: .max) != nil else { return false }
        switch result {
        case .open: return true
        case .ended:
            hasEnded = true
            readEvent?.remove()
            return true
        case .failed: return false
        }
    }

    @inline(never)
    private func readSealed() {
        guard let channel else { return }
        let count = unsafe recv(descriptor, loop.readBuffer.baseAddress, EventLoop.readSize, 0)
        guard count > 0 else { return readFailed(count) }
        let cipher = unsafe Span<UInt8>(
            _unsafeStart: loop.readBuffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self),
            count: count)
        let result: Channel.ReceiveResult
        var answers = ByteBuffer()
        if held.isEmpty {
            // The loop's buffer is taken out while a delegate is shown it: it may read from another stream.
            var plain = loop.takePlainBuffer()
            result = channel.receive(cipher: cipher, into: &plain, output: &answers)
            if plain.count > 0 { show(plain.bytes) }
            loop.giveBack(&plain)
        } else {
            let before = held.count
            result = channel.receive(cipher: cipher, into: &held, output: &answers)
            capacity = held.capacity
            missing -= held.count - before
            if missing <= 0, held.count > before { deliverHeld() }
        }
        guard isOpen else { return }
        guard answers.isEmpty || sendPlain(answers.bytes, keeping: .max) != nil else { return owner.failed() }
        switch result {
        case .open: break
        case .ended:
            hasEnded = true
            readEvent?.remove()
            owner.receivedEnd(unfinished: held.count)
        case .failed: owner.failed()
        }
    }

    /// Shows plaintext, and keeps what is left of it.
    private func show(_ bytes: Span<UInt8>) {
        let result = owner.received(bytes)
        missing = result.missing
        guard result.used < bytes.count && isOpen else { return }
        held.append(bytes.extracting(result.used..<bytes.count))
        capacity = held.capacity
    }

    @inline(never)
    private func sendSealed(_ bytes: Span<UInt8>, keeping limit: Int) -> Int? {
        guard let channel else { return nil }
        // What is sealed must be sent, so the sender keeps what the socket does not take. It takes a few MiB at most.
        var sent = 0
        while sent < bytes.count, limit == .max || unsentSize == 0 {
            let end = limit == .max ? bytes.count : min(sent + Stream.sealSize, bytes.count)
            guard sealAndSend(bytes.extracting(sent..<end), channel) else { return nil }
            sent = end
        }
        return sent
    }

    private func sealAndSend(_ plain: Span<UInt8>, _ channel: Channel) -> Bool {
        var sealed = loop.takeSealedBuffer()
        let isSent = channel.seal(plain: plain, into: &sealed) && sendPlain(sealed.bytes, keeping: .max) != nil
        loop.giveBack(sealed: &sealed)
        return isSent
    }

    /// Says that no more follows (close_notify).
    private func sealEnd() {
        var sealed = ByteBuffer()
        channel?.end(into: &sealed)
        if !sealed.isEmpty { _ = sendPlain(sealed.bytes, keeping: .max) }
    }
}
