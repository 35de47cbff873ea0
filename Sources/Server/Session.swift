// One client's connection: its bytes become requests, requests become replies, and each reply is held back until the
// change it depends on is committed. Replies leave in the order of their requests, so one that waits holds back those
// behind it.
//
//     reply.buffer:  | released | held for seq 7 | held for seq 9 | this turn's |
//                      sent at     marks                            region that endTurn
//                      turn's end                                   turns into a mark

import Bytes
import Reactor
import Wire

/// A connection. Lives from accept until the server retires it, at the end of the turn in which its stream was closed.
final class Session: StreamDelegate {
    let id: Int
    let server: Server
    let stream: Stream
    /// What CLIENT SETNAME said; empty at first.
    var name = ""
    var speaksRESP3 = false

    var reply = ReplyWriter()
    /// nil while its requests are run.
    private var parser: RequestParser?
    private var state = State.open
    private var listing: KeyListing?

    /// Bytes at the front of the output that may be sent.
    private var releasedSize = 0
    private var marks: [Mark] = []
    /// This turn's replies behind the first that has to wait.
    private var region = Mark(seq: 0, size: 0, replies: 0)
    /// What the reply that is being made depends on.
    private var dependency: UInt64 = 0

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

    /// Replies that wait for the same change.
    private struct Mark {
        var seq: UInt64
        var size: Int
        var replies: Int
    }

    init(id: Int, server: Server, stream: Stream) {
        self.id = id
        self.server = server
        self.stream = stream
        parser = RequestParser(limits: server.limits.request)
    }

    // MARK: Requests

    func received(_ bytes: Span<UInt8>) -> Consumption {
        guard var parser = parser.take() else { preconditionFailure("bytes received while requests are run") }
        server.touch(self)
        let consumption = runRequests(bytes, &parser)
        self.parser = consume parser
        server.statistics.receivedSize += consumption.used
        return consumption
    }

    private func runRequests(_ bytes: Span<UInt8>, _ parser: inout RequestParser) -> Consumption {
        var used = 0
        while used < bytes.count {
            guard case .open = state else { return Consumption(used: bytes.count, missing: 1) }
            if isHeldUp {
                isStalled = true
                break
            }
            let rest = bytes.extracting(used..<bytes.count)
            switch parser.parse(rest) {
            case .complete(let size):
                used += size
                run(rest, &parser)
            case .incomplete(let missing):
                return Consumption(used: used, missing: missing)
            case .malformed(let error):
                refuse(error, parser.dialect)
            }
        }
        return Consumption(used: used, missing: 1)
    }

    private func run(_ bytes: Span<UInt8>, _ parser: inout RequestParser) {
        guard !parser.isBlank else { return }
        reply.dialect = replyDialect(parser.dialect)
        let before = reply.buffer.count
        server.statistics.requests += 1
        if let index = server.commands.index(of: parser.arguments(in: bytes)[0]) {
            run(server.commands.commands[index], bytes, &parser)
        } else {
            refuseUnknown(bytes, &parser)
        }
        account(for: reply.buffer.count - before)
    }

    private func run(_ command: Command, _ bytes: Span<UInt8>, _ parser: inout RequestParser) {
        let isLine = parser.dialect == .line
        if isLine {
            do {
                try parser.splitLine(bytes, form: command.form)
            } catch {
                return fail(ReplyError(error.message))
            }
        }
        let arguments = parser.arguments(in: bytes)
        let arity = isLine ? command.lineArity : command.arity
        guard arity.contains(arguments.count - 1) else {
            if isLine && isHTTP(arguments) { return refuseHTTP() }
            return fail(command.wrongArity(isTooMany: arguments.count - 1 > arity.upperBound))
        }
        if let size = oversizedKey(arguments, command.keys) {
            return fail(.tooLong("Key", size: size, limit: server.limits.keySize))
        }
        command.run(arguments, self)
    }

    private func replyDialect(_ dialect: RequestDialect) -> ReplyDialect {
        dialect == .line ? .line : speaksRESP3 ? .resp3 : .resp2
    }

    private func oversizedKey(_ arguments: Arguments, _ keys: Command.Keys) -> Int? {
        guard keys.step > 0 else { return nil }
        let last = keys.last < 0 ? arguments.count + keys.last : keys.last
        var index = keys.first
        while index <= last {
            if arguments[index].count > server.limits.keySize { return arguments[index].count }
            index += keys.step
        }
        return nil
    }

    private func refuseUnknown(_ bytes: Span<UInt8>, _ parser: inout RequestParser) {
        if parser.dialect == .line {
            try? parser.splitLine(bytes, form: .words)
            if isHTTP(parser.arguments(in: bytes)) { return refuseHTTP() }
        }
        fail(.unknownCommand(parser.arguments(in: bytes), echoSize: server.limits.echoSize))
    }

    /// Whether a line that is no request of ours looks like one of a browser's: `GET /path HTTP/1.1`, or a header.
    private func isHTTP(_ arguments: Arguments) -> Bool {
        arguments[0].equalsIgnoringCase("POST") || arguments[0].equalsIgnoringCase("HOST:")
            || arguments.count > 2 && arguments[arguments.count - 1].starts(with: "HTTP/")
    }

    /// A web page can make a browser send lines of its choice inside a POST. Nothing a browser sends may be obeyed.
    private func refuseHTTP() {
        fail(ReplyError("This is not an HTTP server; the connection is closed"))
        server.statistics.protocolErrors += 1
        finish()
    }

    private func refuse(_ error: ProtocolError, _ dialect: RequestDialect) {
        server.statistics.protocolErrors += 1
        answerOutside(dialect, ReplyError(error.message))
        finish()
    }

    /// Answers something that is no request.
    private func answerOutside(_ dialect: RequestDialect, _ error: ReplyError) {
        reply.dialect = replyDialect(dialect)
        let before = reply.buffer.count
        fail(error)
        account(for: reply.buffer.count - before)
    }

    // MARK: For commands

    /// Says that the reply may be sent only once the change `seq` is committed.
    func depends(on seq: UInt64) {
        if seq > dependency { dependency = seq }
    }

    func fail(_ error: ReplyError) {
        server.statistics.errors += 1
        reply.error(error)
    }

    func wrongArity(_ name: String) -> ReplyError {
        let row = server.commands.commands.first { $0.name == name }
        return row?.wrongArity(isTooMany: false) ?? .syntax
    }

    /// Whether a value may be stored; where not, says so.
    func accepts(value: Span<UInt8>) -> Bool {
        guard value.count > server.limits.valueSize else { return true }
        fail(.tooLong("Value", size: value.count, limit: server.limits.valueSize))
        return false
    }

    /// Whether a command that answers with many values may add one more.
    var hasRoomForReply: Bool { reply.buffer.count <= server.limits.unsentSize }

    /// Begins to answer with every key that matches.
    func list(_ pattern: GlobPattern) {
        listing = KeyListing(pattern, dialect: reply.dialect)
    }

    /// Reads no more requests; closes once the replies so far are sent.
    func finish() {
        if case .open = state { state = .finishing }
    }

    /// Ends the connection at once.
    func drop() {
        server.statistics.droppedClients += 1
        server.log.warning(
            "Client dropped: its replies went beyond the limit",
            metadata: [
                "client": "\(id)", "address": "\(stream.peer)", "limit": "\(server.limits.unsentSize)",
            ])
        close()
    }

    // MARK: Going on later

    /// Goes on with a long reply, or with requests that had to wait.
    func goOn() {
        guard stream.isOpen, !isOutputFull else { return }
        server.touch(self)
        if var current = listing.take() {
            let before = reply.buffer.count
            let isComplete = current.step(self)
            account(for: reply.buffer.count - before)
            if !isComplete { listing = consume current }
        } else if isStalled {
            isStalled = false
            stream.showHeld()
            if peerHasEnded && !isStalled { refuseUnfinished(stream.heldSize) }
        }
    }

    /// Whether something was put off that `goOn` can do now.
    private var canGoOn: Bool { (listing != nil || isStalled) && !isOutputFull }

    private var isOutputFull: Bool {
        reply.buffer.count + stream.unsentSize > server.limits.unsentPauseSize
    }

    /// Whether requests have to wait: for a long reply to be complete, or for the client to take replies.
    private var isHeldUp: Bool { listing != nil || isOutputFull }

    // MARK: Releasing

    /// Files a reply of `size` bytes under the change it depends on.
    private func account(for size: Int) {
        let isFree = dependency <= server.store.committed && marks.isEmpty && region.replies == 0
        if isFree {
            releasedSize += size
        } else {
            region.seq = max(region.seq, dependency)
            region.size += size
            region.replies += 1
        }
        dependency = 0
    }

    /// Turns this turn's held replies into a mark.
    /// - Returns: whether anything waits.
    func endRegion() -> Bool {
        guard region.replies > 0 else { return !marks.isEmpty }
        let added = region
        region = Mark(seq: 0, size: 0, replies: 0)
        server.statistics.heldReplies += added.replies
        if let last = marks.last, added.seq <= last.seq {
            marks[marks.count - 1].size += added.size
            marks[marks.count - 1].replies += added.replies
        } else {
            marks.append(added)
        }
        return true
    }

    /// Whether it waits for the batch that gathers, and has not said so before.
    func joins(batch: Int) -> Bool {
        guard joinedBatch != batch, let last = marks.last, last.seq > server.store.submitted else { return false }
        joinedBatch = batch
        return true
    }

    /// Lets go what waited for changes up to `committed`.
    /// - Returns: whether anything still waits.
    func release(committed: UInt64) -> Bool {
        while let first = marks.first, first.seq <= committed {
            releasedSize += first.size
            marks.removeFirst()
        }
        return !marks.isEmpty
    }

    /// Puts an error in the place of every reply that will never be true, and ends.
    func failHeld(_ error: ReplyError) {
        _ = endRegion()
        let replies = marks.reduce(0) { $0 + $1.replies }
        marks.removeAll()
        reply.buffer.truncate(to: releasedSize)
        for _ in 0..<replies { fail(error) }
        releasedSize = reply.buffer.count
        finish()
    }

    // MARK: Sending and closing

    /// Sends what is released, and goes on to what that makes possible.
    func flush() {
        guard stream.isOpen else { return }
        if releasedSize > 0 {
            server.statistics.sentSize += releasedSize
            guard stream.send(reply.buffer.bytes.extracting(0..<releasedSize)) else { return close() }
            reply.buffer.removeFirst(releasedSize)
            reply.buffer.trim(above: Session.keptOutputSize)
            releasedSize = 0
        }
        switch state {
        case .open where peerHasEnded && isSettled: close()
        case .open: stream.isReading = !isHeldUp && server.takesRequests
        case .finishing where isSent: peerHasEnded ? close() : linger()
        case .finishing, .lingering, .closed: break
        }
        if canGoOn { server.goOnLater(self) }
    }

    /// Memory that a session keeps for its next replies.
    private static let keptOutputSize = 16 << 10

    private var isSent: Bool { reply.buffer.isEmpty && stream.unsentSize == 0 }

    /// Whether everything this session was asked for is answered and sent.
    var isSettled: Bool { isSent && listing == nil && !isStalled }

    private func linger() {
        stream.endOutput()
        stream.isReading = true
        state = .lingering(since: server.store.now)
    }

    /// Closes a connection whose peer does not hang up after the last reply.
    func closeIfLingering(before time: UInt64) {
        if case .lingering(let since) = state, since < time { close() }
    }

    func close() {
        guard stream.isOpen else { return }
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
            parser?.dialect ?? .line,
            ReplyError("Incomplete request: the connection ended after \(size) bytes of it; nothing was changed"))
    }

    func drained() {
        server.touch(self)
    }

    func failed() {
        close()
    }
}
