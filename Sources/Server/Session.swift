// One client's connection: its bytes become requests, and these run as far as the client takes replies.

import Bytes
import Logging
import Reactor
import Store
import Wire

/// A connection. Lives from accept until the server retires it, at the end of the turn in which its stream was closed.
final class Session: StreamDelegate {
    let id: Int
    let server: Server
    // Of the server, here too: reached over two objects, the first of them would be held for each request.
    let store: Store
    let commands: CommandTable
    let stream: Stream
    /// What CLIENT SETNAME said; empty at first.
    var name = ""
    var speaksRESP3 = false

    private var parser: RequestParser
    /// Requests are run with exclusive access to both for as long as bytes last: nothing they call may come back here.
    private var replies = ReplyQueue()
    private var state = State.open
    private var listing: KeyListing?
    private var parked: ParkedRequest?
    /// Whether a request is under way that is answered later. Apart, because that is asked for each request.
    private var isBusy = false

    /// Whether the server has this session on its list of those to flush, and of those that wait.
    var isTouched = false
    var isWaiting = false
    private var joinedBatch = -1

    private enum State {
        case open
        /// No more requests are run: what is there is sent, then the peer is told.
        case finishing
        /// The peer has been told. Bytes that still come are dropped: closing a socket with unread bytes would destroy
        /// replies on their way.
        case lingering(since: UInt64)
        case closed
    }

    /// The peer sends no more; it may still be reading.
    private var peerHasEnded = false
    /// Requests have come that had to wait; the stream holds them.
    private var isStalled = false

    init(id: Int, server: Server, stream: Stream) {
        self.id = id
        self.server = server
        store = server.store
        commands = server.commands
        self.stream = stream
        parser = RequestParser(limits: server.limits.request)
        replies.keepsApart = server.replication.settings.acks != .local
    }

    // MARK: Requests

    func received(_ bytes: Span<UInt8>) -> Consumption {
        server.touch(self)
        let consumption = runRequests(bytes, &parser, &replies)
        server.statistics.receivedSize += consumption.used
        parser.trim()
        return consumption
    }

    private func runRequests(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) -> Consumption {
        let unsent = stream.unsentSize
        var used = 0
        while used < bytes.count {
            guard case .open = state else { return Consumption(used: bytes.count, missing: 1) }
            if isBusy || unsent + replies.size > server.limits.unsentPauseSize {
                isStalled = true
                break
            }
            let rest = bytes.extracting(used..<bytes.count)
            switch parser.parse(rest) {
            case .complete(let size):
                used += size
                // Of the requests that have come together, while this one is run, the next one's memory is fetched.
                if let key = parser.likelyKey(in: bytes, at: used) {
                    store.foresee(bytes.extracting(key.offset..<key.offset &+ key.size))
                }
                run(rest, &parser, &replies)
            case .incomplete(let missing):
                return Consumption(used: used, missing: missing)
            case .malformed(let error):
                refuse(error, parser.dialect, &replies)
            }
        }
        return Consumption(used: used, missing: 1)
    }

    private func run(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        guard !parser.isBlank else { return }
        replies.begin(replyDialect(parser.dialect))
        runCommand(bytes, &parser, &replies)
        replies.end(committed: store.committed, isComplete: !isBusy)
    }

    @inline(__always)
    private func runCommand(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        if let index = commands.index(of: parser.arguments(in: bytes)[0]) {
            run(commands.rows[index], bytes, &parser, &replies)
        } else {
            refuseUnknown(bytes, &parser, &replies)
        }
    }

    private func run(
        _ command: borrowing CommandTable.Row, _ bytes: Span<UInt8>, _ parser: inout RequestParser,
        _ replies: inout ReplyQueue
    ) {
        let isLine = parser.isLine
        if isLine {
            do {
                try parser.splitLine(bytes, form: command.form)
            } catch {
                return replies.fail(ReplyError(error.message))
            }
        }
        let arguments = parser.arguments(in: bytes)
        let arity = isLine ? command.lineArity : command.arity
        guard arity.contains(arguments.count - 1) else {
            if isLine && isHTTP(arguments) { return refuseHTTP(&replies) }
            let isTooMany = arguments.count - 1 > arity.upperBound
            return replies.fail(commands.commands[command.index].wrongArity(isTooMany: isTooMany))
        }
        // Nearly always all arguments together are no longer than a key may be.
        let size = arguments.extent
        if size > server.limits.keySize, let size = command.keys.oversized(in: arguments, limit: server.limits.keySize)
        {
            return replies.fail(.tooLong("Key", size: size, limit: server.limits.keySize))
        }
        if !mayRun(command, size: size), let refusal = refusal(of: command, size: size) {
            return replies.fail(refusal)
        }
        if command.storesValues, !server.memory.hasRoom(for: arguments) {
            guard server.makesRoom(for: arguments, command.keys, &replies) else { return }
        }
        command.run(arguments, self, &replies)
    }

    /// Whether nothing keeps a command from being run: for most requests a look at one number.
    @inline(__always)
    private func mayRun(_ command: borrowing CommandTable.Row, size: Int) -> Bool {
        switch command.kind {
        case .write: store.hasRoom(forChangeOf: size)
        case .read: server.isServing.load(ordering: .relaxed)
        case .connection, .server: true
        }
    }

    /// Why a command that is right cannot be run now; nil where it can be on a closer look.
    @inline(never)
    private func refusal(of command: borrowing CommandTable.Row, size: Int) -> ReplyError? {
        if let loading = server.loading { return .loading(loading) }
        guard command.kind == .write else { return nil }
        if let refusal = server.replication.readOnly { return refusal }
        guard
            let obstacle = store.obstacle(
                toChangeOf: size, shrinks: commands.commands[command.index].shrinks)
        else { return nil }
        server.tell(obstacle)
        return .refused(obstacle)
    }

    private func replyDialect(_ dialect: RequestDialect) -> ReplyDialect {
        if case .line = dialect { .line } else { speaksRESP3 ? .resp3 : .resp2 }
    }

    private func refuseUnknown(_ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue) {
        if parser.isLine {
            try? parser.splitLine(bytes, form: .words)
            if isHTTP(parser.arguments(in: bytes)) { return refuseHTTP(&replies) }
        }
        replies.fail(.unknownCommand(parser.arguments(in: bytes), echoSize: server.limits.echoSize))
    }

    /// Whether a line that is no request of ours looks like one of a browser's: `GET /path HTTP/1.1`, or a header.
    private func isHTTP(_ arguments: Arguments) -> Bool {
        arguments[0].equalsIgnoringCase("POST") || arguments[0].equalsIgnoringCase("HOST:")
            || arguments.count > 2 && arguments[arguments.count - 1].starts(with: "HTTP/")
    }

    /// A web page can make a browser send lines of its choice inside a POST. Nothing a browser sends may be obeyed.
    private func refuseHTTP(_ replies: inout ReplyQueue) {
        replies.fail(ReplyError("This is not an HTTP server; the connection is closed"))
        server.statistics.protocolErrors += 1
        finish()
    }

    private func refuse(_ error: ProtocolError, _ dialect: RequestDialect, _ replies: inout ReplyQueue) {
        server.statistics.protocolErrors += 1
        answerOutside(dialect, ReplyError(error.message), &replies)
        finish()
    }

    /// Answers something that is no request.
    private func answerOutside(_ dialect: RequestDialect, _ error: ReplyError, _ replies: inout ReplyQueue) {
        replies.begin(replyDialect(dialect))
        replies.fail(error)
        replies.end(committed: store.committed)
    }

    // MARK: For commands

    func wrongArity(_ name: String) -> ReplyError {
        let row = commands.commands.first { $0.name == name }
        return row?.wrongArity(isTooMany: false) ?? .syntax
    }

    /// Whether a value may be stored; where not, says so.
    func accepts(_ value: Span<UInt8>, _ replies: inout ReplyQueue) -> Bool {
        guard value.count > server.limits.valueSize else { return true }
        replies.fail(.tooLong("Value", size: value.count, limit: server.limits.valueSize))
        return false
    }

    /// Begins to answer with every key that matches.
    func list(_ pattern: GlobPattern, _ dialect: ReplyDialect) {
        listing = KeyListing(pattern, dialect: dialect)
        isBusy = true
    }

    /// Answers the request that is being run later.
    func park(_ request: ParkedRequest) {
        parked = request
        isBusy = true
        server.park(self)
    }

    /// Whether bytes are one whole request that reads or changes data; an unknown one is, as it waits for nothing.
    func isDataRequest(_ request: [UInt8]) -> Bool {
        var parser = RequestParser(limits: server.limits.request)
        let bytes = request.span
        guard case .complete(bytes.count) = parser.parse(bytes), !parser.isBlank else { return false }
        guard let index = commands.index(of: parser.arguments(in: bytes)[0]) else { return true }
        let kind = commands.rows[index].kind
        return kind == .read || kind == .write
    }

    /// Runs such a request as a part of another one.
    func runPart(_ request: [UInt8], _ replies: inout ReplyQueue) {
        var parser = RequestParser(limits: server.limits.request)
        let bytes = request.span
        guard case .complete = parser.parse(bytes) else { return replies.fail(.syntax) }
        runCommand(bytes, &parser, &replies)
    }

    /// Whether everything that came before the request that is being run is answered and sent.
    func owesNothing(_ replies: borrowing ReplyQueue) -> Bool { replies.isEmpty && stream.unsentSize == 0 }

    /// Lets go of the connection, to which nothing is owed: it is between servers from now on. The session ends.
    func giveAwayStream() -> Stream {
        state = .closed
        server.retire(self)
        return stream
    }

    /// Reads no more requests; closes once the replies so far are sent.
    func finish() {
        if case .open = state { state = .finishing }
    }

    /// Ends the connection at once, because its replies went beyond the limit.
    func drop() {
        drop("its replies went beyond the limit", [("limit", server.limits.unsentSize)])
    }

    /// Ends the connection at once.
    func drop(_ reason: String, _ figures: [(String, Int)]) {
        server.statistics.droppedClients += 1
        var metadata: Logger.Metadata = ["client": "\(id)", "address": "\(stream.peer)"]
        for (name, value) in figures { metadata[name] = "\(value)" }
        server.log.warning("Client dropped: \(reason)", metadata: metadata)
        close()
    }

    // MARK: Memory

    /// Bytes of memory that the beginning of an incomplete request takes; 0 where there is none.
    var incompleteSize: Int {
        guard case .open = state, !isStalled, !isBusy, stream.heldSize > 0 else { return 0 }
        return stream.heldCapacity + parser.heldSize
    }

    /// Drops a request that is not complete, says why, and ends.
    func refuseIncomplete(_ error: ReplyError) {
        server.touch(self)
        answerOutside(parser.dialect, error, &replies)
        stream.dropHeld()
        parser = RequestParser(limits: server.limits.request)
        finish()
    }

    // MARK: Going on later

    /// Goes on with a long reply, or with requests that had to wait.
    func goOn() {
        guard stream.isOpen, !isOutputFull else { return }
        if parked != nil { return answerParked() }
        server.touch(self)
        if var current = listing.take() {
            isBusy = !current.step(server, &replies)
            if isBusy { listing = consume current }
        } else if isStalled {
            isStalled = false
            stream.showHeld()
            if peerHasEnded && !isStalled { refuseUnfinished(stream.heldSize) }
        }
    }

    /// Answers a request that waits for something, where that has come or the time is over.
    private func answerParked() {
        guard let request = parked else { return }
        // What it answers may be a request that waits in turn.
        parked = nil
        isBusy = false
        replies.begin(request.dialect)
        if request.step(&replies, clientHasEnded: peerHasEnded) {
            server.touch(self)
            replies.end(committed: store.committed, isComplete: !isBusy)
        } else {
            parked = request
            isBusy = true
        }
    }

    /// Whether it waits for something that only turns bring.
    var isParked: Bool { parked != nil && stream.isOpen }

    /// Whether something was put off that `goOn` can do now.
    private var canGoOn: Bool { (isBusy || isStalled) && !isOutputFull && parked == nil }

    private var isOutputFull: Bool {
        replies.size + stream.unsentSize > server.limits.unsentPauseSize
    }

    /// Whether it is read on while a request is parked: so that the client's end is noticed, which may be all that it waits for.
    private var isListening: Bool { parked != nil && stream.heldSize < Session.parkedSize }
    /// Bytes of requests that may gather meanwhile.
    private static let parkedSize = 64 << 10

    /// Whether requests have to wait: for a long reply to be complete, or for the client to take replies.
    private var isHeldUp: Bool { isBusy || isOutputFull }

    // MARK: Releasing

    /// Holds back those of this turn's replies that have to wait.
    /// - Returns: whether any wait.
    func endTurn(committed: UInt64) -> Bool {
        endTurn(&replies, committed)
    }

    private func endTurn(_ replies: inout ReplyQueue, _ committed: UInt64) -> Bool {
        replies.endTurn(committed: committed)
        return replies.awaited > 0
    }

    /// Whether it waits for the batch that gathers, and has not said so before.
    func joins(batch: Int) -> Bool {
        guard joinedBatch != batch, replies.awaited > store.submitted else { return false }
        joinedBatch = batch
        return true
    }

    /// Lets go what waited for changes up to `committed`.
    /// - Returns: whether anything still waits.
    func release(committed: UInt64) -> Bool {
        replies.release(committed: committed)
        return replies.awaited > 0
    }

    /// Puts an error in the place of replies that have waited for followers for too long.
    func expire(upTo durable: UInt64, before time: Int, error: (UInt64) -> ReplyError) {
        guard replies.expire(from: store.committed, upTo: durable, before: time, error: error) else { return }
        server.touch(self)
    }

    /// Puts an error in the place of every reply that will never be true, and ends.
    func failHeld(_ error: ReplyError) {
        replies.failHeld(error)
        finish()
    }

    // MARK: Sending and closing

    /// Sends what is released, and goes on to what that makes possible.
    func flush() {
        guard stream.isOpen else { return }
        guard send(&replies) else { return close() }
        switch state {
        case .open where peerHasEnded && isSettled: close()
        case .open: stream.isReading = (!isHeldUp || isListening) && server.takesRequests
        case .finishing where isSent: peerHasEnded ? close() : linger()
        case .finishing, .lingering, .closed: break
        }
        if canGoOn { server.goOnLater(self) }
    }

    /// - Returns: false where the connection is lost.
    private func send(_ replies: inout ReplyQueue) -> Bool {
        server.statistics.add(replies.takeCounts())
        let size = replies.released.count
        guard size > 0 else { return true }
        server.statistics.sentSize += size
        guard stream.send(replies.released) else { return false }
        replies.removeReleased()
        return true
    }

    private var isSent: Bool { replies.isEmpty && stream.unsentSize == 0 }

    /// Whether everything this session was asked for is answered and sent.
    var isSettled: Bool { isSent && !isBusy && !isStalled }

    private var isClosed: Bool { if case .closed = state { true } else { false } }

    private func linger() {
        stream.endOutput()
        stream.isReading = true
        state = .lingering(since: store.now)
    }

    /// Closes a connection whose peer does not hang up after the last reply.
    func closeIfLingering(before time: UInt64) {
        if case .lingering(let since) = state, since < time { close() }
    }

    func close() {
        guard stream.isOpen, !isClosed else { return }
        stream.close()
        state = .closed
        server.retire(self)
    }

    // MARK: Stream events

    func receivedEnd(unfinished: Int) {
        server.touch(self)
        peerHasEnded = true
        switch state {
        case .open: if !isStalled { refuseUnfinished(unfinished) }
        case .lingering: close()
        case .finishing, .closed: break
        }
    }

    /// Half a request is never run: its rest may have said something else.
    private func refuseUnfinished(_ size: Int) {
        guard size > 0, case .open = state else { return }
        answerOutside(
            parser.dialect,
            ReplyError("Incomplete request: the connection ended after \(size) bytes of it; nothing was changed"),
            &replies)
    }

    func drained() {
        server.touch(self)
    }

    func failed() {
        close()
    }
}
