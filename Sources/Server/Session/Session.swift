// One client's connection: its bytes become requests, and these run as far as the client takes replies.

import Bytes
import Commands
import Logging
import Reactor
import Store
import Wire

/// A connection. Lives from accept until the server retires it, at the end of the turn in which its stream was closed.
final class Session: StreamDelegate, ListMember {
    let id: Int
    let server: Server
    // Of the server, here too: reached over two objects, the first of them would be held for each request.
    let store: Store
    let commands: CommandTable
    let requestCounts: RequestCounts
    let times: RequestTimes
    let allowance: TurnAllowance
    let gate: Gate
    let turn: Turn
    let pool: Pool
    let statistics: Statistics
    let stream: Stream
    /// What CLIENT SETNAME said; empty at first.
    var name = ""
    var speaksRESP3 = false

    var parser: RequestParser
    /// Requests are run with exclusive access to both for as long as bytes last: nothing they call may come back here.
    var replies = ReplyQueue()
    var state = State.open
    var longReply: (any LongReply)?
    /// Bytes of memory that it holds.
    var longReplySize = 0
    var parked: ParkedRequest?
    /// With which it waits, and whether it was woken while it could not be answered.
    var ticket: UInt64 = 0
    var hasMissedWake = false
    /// Bytes of memory that it holds, as they are counted.
    var charge = 0
    /// Bytes that the request which has not come completely was given, as a whole.
    var reservedSize = 0
    /// Bytes of the reply to the request at hand, which was given memory after a wait.
    var grantedSize = 0
    /// Whether that request has waited for memory in vain.
    var hasWaitedInVain = false
    var want = Want.nothing {
        didSet { isStarved = want != .nothing }
    }
    /// Whether it waits for memory.
    private(set) var isStarved = false
    /// Whether a request is under way that is answered later. Apart, because that is asked for each request.
    var isBusy = false

    /// The turn's lists that this session is on.
    private(set) var membership: Membership = []
    var joinedBatch = -1

    enum State {
        case open
        /// No more requests are run: what is there is sent, then the peer is told.
        case finishing
        /// The peer has been told. Bytes that still come are dropped: closing a socket with unread bytes would destroy
        /// replies on their way.
        case lingering(since: Int)
        case closed

        var isOpen: Bool { if case .open = self { true } else { false } }
        var isClosed: Bool { if case .closed = self { true } else { false } }
    }

    /// The peer sends no more; it may still be reading.
    var peerHasEnded = false
    /// The same, noticed before what it has sent was read.
    var peerWillEnd = false
    /// Requests have come that had to wait; the stream holds them.
    var isStalled = false
    /// Whether the request at hand is a part of another one: it cannot wait for memory.
    private(set) var isRunningPart = false
    /// Whether its peer moves bytes, which matters when memory is short.
    var pace = Pace()

    init(id: Int, server: Server, stream: Stream) {
        self.id = id
        self.server = server
        store = server.store
        commands = server.commands
        requestCounts = server.requestCounts
        times = RequestTimes(server)
        allowance = server.allowance
        gate = server.gate
        turn = server.turn
        pool = server.pool
        statistics = server.statistics
        self.stream = stream
        parser = RequestParser(limits: server.limits.request)
        replies.keepsApart = server.replication.settings.acks != .local
        replies.requestCounts = server.requestCounts
    }

    // MARK: Lists of the turn

    @inline(__always)
    func join(_ list: Membership) -> Bool {
        guard membership.isDisjoint(with: list) else { return false }
        membership.formUnion(list)
        return true
    }

    func leave(_ list: Membership) { membership.subtract(list) }

    // MARK: Requests

    func received(_ bytes: Span<UInt8>) -> Consumption {
        assert(!state.isClosed, "a closed session receives")
        turn.touch(self)
        let consumption = runRequests(bytes, &parser, &replies)
        statistics.countReceived(consumption.used)
        parser.trim()
        if times.endRunning() { times.noteSlow(bytes, used: consumption.used, of: self) }
        return consumption
    }

    private func runRequests(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) -> Consumption {
        let start = replies.size
        let pauseSize = allowance.pauseSize(
            of: charge, from: start,
            atMost: server.limits.unsentPauseSize &- stream.unsentSize &- replies.markSize)
        let isThrottled = allowance.isThrottling
        defer { endRunning(from: start, replies) }
        replies.time = times.now
        var (used, last) = (0, 0)
        var lookahead = Lookahead()
        reading: while used < bytes.count {
            guard case .open = state else { return Consumption(used: bytes.count, missing: 1) }
            if isBusy || replies.size > pauseSize {
                isStalled = true
                break
            }
            let rest = bytes.extracting(used..<bytes.count)
            switch parser.parse(rest) {
            case .complete where isThrottled && isChange(rest, parser):
                throttle()
                break reading
            case .complete(let size):
                (used, last) = (used &+ size, size)
                lookahead.pass(to: used, in: bytes, parser, store)
                run(rest, &parser, &replies)
            case .incomplete(let missing):
                return wait(for: missing, behind: used, of: bytes.count, parser, &replies)
            case .malformed(let error):
                refuse(error, parser.dialect, &replies)
            }
        }
        if isBusy, case .reply = want {
            isStalled = true
            used -= last
        }
        assert(used >= 0 && used <= bytes.count, "more is used than has come")
        if used > 0 { reservedSize = 0 }
        if used < bytes.count, let error = keep(bytes.count &- used) {
            refuse(error, parser, &replies)
            used = bytes.count
        }
        return Consumption(used: used, missing: 1)
    }

    private func endRunning(from start: Int, _ replies: borrowing ReplyQueue) {
        allowance.take(replies.size &- start)
        if replies.hasWritten { noteBacklog() }
    }

    /// Whether the request that was parsed is one that changes pairs.
    @inline(never)
    private func isChange(_ bytes: Span<UInt8>, _ parser: borrowing RequestParser) -> Bool {
        guard !parser.isBlank, let index = commands.index(of: parser.arguments(in: bytes)[0]) else { return false }
        return commands.rows[index].traits.contains(.change)
    }

    /// Keeps the beginning of a request, where there is memory for it and for what has to come.
    private func wait(
        for missing: Int, behind used: Int, of size: Int, _ parser: borrowing RequestParser,
        _ replies: inout ReplyQueue
    ) -> Consumption {
        if used > 0 { reservedSize = 0 }
        let rest = size &- used
        if let error = reserve(rest, missing: missing) ?? keep(rest) {
            refuse(error, parser, &replies)
            return Consumption(used: size, missing: 1)
        }
        return Consumption(used: used, missing: missing)
    }

    private func refuse(_ error: ReplyError, _ parser: borrowing RequestParser, _ replies: inout ReplyQueue) {
        answerOutside(parser.dialect, error, &replies)
        (reservedSize, want) = (0, .nothing)
        finish()
    }

    func replyDialect(_ dialect: RequestDialect) -> ReplyDialect {
        if case .line = dialect { .line } else { speaksRESP3 ? .resp3 : .resp2 }
    }

    /// Refuses what only clients on this machine may ask for to others.
    func admitLoopback(_ command: CommandSpec) throws(ReplyError) {
        guard !stream.peer.isLocal else { return }
        throw ReplyError("\(command.fullName) is run only for clients on this server's machine (127.0.0.1, ::1)")
    }

    // MARK: For commands

    /// Whether a value may be stored; where not, says so.
    @inline(__always)
    func accepts(_ value: Span<UInt8>, _ replies: inout ReplyQueue) -> Bool {
        guard value.count > server.limits.valueSize else { return true }
        replies.fail(.tooLong("Value", size: value.count, limit: server.limits.valueSize))
        return false
    }

    /// Whether a request that changes a part of a value may make it so long; where not, says so.
    func acceptsEdit(to size: Int, by command: Command, _ replies: inout ReplyQueue) -> Bool {
        let limit = min(server.limits.editSize, server.limits.valueSize)
        guard size > limit else { return true }
        replies.fail(
            ReplyError(
                line: "Value too long: \(size) bytes, the limit of \(command.spec.name) is \(limit) (limits.edit_size)",
                resp: "string exceeds maximum allowed size (proto-max-bulk-len)"))
        return false
    }

    /// A permit for an effect that is not among the arguments of its request: `key` gets a value of `valueSize` bytes. Where there is
    /// no room for it, says so.
    @inline(__always)
    func permit(on key: Span<UInt8>, valueSize: Int, _ replies: inout ReplyQueue) -> Permit? {
        do throws(ReplyError) {
            return try gate.admitEffect(on: key, valueSize: valueSize)
        } catch {
            replies.fail(error)
            return nil
        }
    }

    /// Answers the request that is being run with a long reply, whose next step is the next turn's.
    func begin(_ reply: any LongReply, _ arguments: Arguments) {
        precondition(!isBusy && longReply == nil, "a request is answered later twice")
        longReplySize = reply.heldSize
        longReply = reply
        times.beginLongReply(arguments)
        isBusy = true
    }

    /// Answers the request that is being run later.
    func park(_ request: ParkedRequest) {
        precondition(!isBusy && parked == nil, "a request is answered later twice")
        var request = request
        request.begin(at: server.clock.milliseconds)
        parked = request
        isBusy = true
        server.deferrals.add(self)
    }

    /// Whether bytes are one whole request that reads or changes data; an unknown one is, as it waits for nothing.
    func isDataRequest(_ request: [UInt8]) -> Bool {
        var parser = RequestParser(limits: server.limits.request)
        let bytes = request.span
        guard case .complete(bytes.count) = parser.parse(bytes), !parser.isBlank else { return false }
        guard let index = commands.index(of: parser.arguments(in: bytes)[0]) else { return true }
        if commands.rows[index].traits.contains(.data) { return true }
        // Or it is a subcommand that does.
        if parser.isLine { try? parser.splitLine(bytes, form: commands.rows[index].form) }
        let arguments = parser.arguments(in: bytes)
        guard arguments.count > 1, let row = commands.subcommand(arguments[1], of: index) else { return false }
        return commands.rows[row].traits.contains(.data)
    }

    /// Runs such a request as a part of another one.
    func runPart(_ request: [UInt8], _ replies: inout ReplyQueue) {
        var parser = RequestParser(limits: server.limits.request)
        let bytes = request.span
        guard case .complete = parser.parse(bytes) else { return replies.fail(.syntax) }
        assert(!isRunningPart, "a part of a request has a part")
        isRunningPart = true
        defer { isRunningPart = false }
        runCommand(bytes, &parser, &replies)
    }

    /// Whether everything that came before the request that is being run is answered and sent.
    func owesNothing(_ replies: borrowing ReplyQueue) -> Bool { replies.isEmpty && stream.unsentSize == 0 }

    /// Lets go of the connection, to which nothing is owed: it is between servers from now on. The session ends.
    func giveAwayStream() -> Stream {
        precondition(stream.unsentSize == 0, "a connection is given away that something is owed to")
        state = .closed
        settleAtEnd()
        turn.add(self, to: .retired)
        return stream
    }

    /// Reads no more requests; closes once the replies so far are sent.
    func finish() {
        if case .open = state { state = .finishing }
    }

    /// Ends the connection at once, as an administrator has asked.
    func kill() {
        server.log.info("Client killed", metadata: ["client": "\(id)", "address": "\(stream.peer)"])
        close()
        forget()
    }

    /// Ends the connection at once.
    func drop(_ reason: String, _ figures: [(String, Int)]) {
        statistics.countDroppedClient()
        var metadata: Logger.Metadata = ["client": "\(id)", "address": "\(stream.peer)"]
        for (name, value) in figures { metadata[name] = "\(value)" }
        server.log.warning("Client dropped: \(reason)", metadata: metadata)
        close()
        forget()
    }
}
