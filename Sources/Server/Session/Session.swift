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
    var listing: KeyListing?
    /// Bytes of memory that it holds.
    var listingSize = 0
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
            requestCounts.count(index)
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
            return replies.fail(.wrongArity(of: commands.spec(command.index).command, isTooMany: isTooMany))
        }
        runChecked(command, arguments, &replies)
    }

    /// Runs a request of a subcommand, which has been found as one of its command.
    func runSubcommand(
        _ command: borrowing CommandTable.Row, _ arguments: Arguments, _ replies: inout ReplyQueue
    ) {
        guard command.arity.contains(arguments.count - 2) else {
            return replies.fail(.wrongArity(of: commands.spec(command.index).command))
        }
        runChecked(command, arguments, &replies)
    }

    @inline(__always)
    private func runChecked(
        _ command: borrowing CommandTable.Row, _ arguments: Arguments, _ replies: inout ReplyQueue
    ) {
        // Nearly always all arguments together are no longer than a key may be.
        let size = arguments.extent
        if size > server.limits.keySize, let size = command.keys.oversized(in: arguments, limit: server.limits.keySize)
        {
            return replies.fail(.tooLong("Key", size: size, limit: server.limits.keySize))
        }
        if !mayRun(command, size: size, arguments, &replies), let refusal = refusal(of: command, size: size) {
            return replies.fail(refusal)
        }
        if command.traits.contains(.storesValues), !server.memory.hasRoom(for: arguments) {
            guard server.makesRoom(for: arguments, command.keys, &replies) else { return }
        }
        command.run(arguments, self, &replies)
    }

    /// Whether nothing keeps a command from being run: for most requests a look at one number.
    @inline(__always)
    private func mayRun(
        _ command: borrowing CommandTable.Row, size: Int, _ arguments: Arguments, _ replies: inout ReplyQueue
    ) -> Bool {
        if command.traits.contains(.change) {
            if replies.noteWrite() { times.notice(arguments) }
            return store.hasRoom(forChangeOf: size)
        }
        guard command.traits.contains(.data) else { return true }
        replies.noteRead()
        return server.isServing.load(ordering: .relaxed)
    }

    func replyDialect(_ dialect: RequestDialect) -> ReplyDialect {
        if case .line = dialect { .line } else { speaksRESP3 ? .resp3 : .resp2 }
    }

    // MARK: For commands

    /// Whether a value may be stored; where not, says so.
    @inline(__always)
    func accepts(_ value: Span<UInt8>, _ replies: inout ReplyQueue) -> Bool {
        guard value.count > server.limits.valueSize else { return true }
        replies.fail(.tooLong("Value", size: value.count, limit: server.limits.valueSize))
        return false
    }

    /// Goes on with a listing in the next turn, and answers then.
    func list(_ newListing: consuming KeyListing, _ arguments: Arguments) {
        listingSize = newListing.heldSize
        listing = consume newListing
        times.beginListing(arguments)
        isBusy = true
    }

    /// Answers the request that is being run later.
    func park(_ request: ParkedRequest) {
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
        return commands.rows[index].traits.contains(.data)
    }

    /// Runs such a request as a part of another one.
    func runPart(_ request: [UInt8], _ replies: inout ReplyQueue) {
        var parser = RequestParser(limits: server.limits.request)
        let bytes = request.span
        guard case .complete = parser.parse(bytes) else { return replies.fail(.syntax) }
        isRunningPart = true
        defer { isRunningPart = false }
        runCommand(bytes, &parser, &replies)
    }

    /// Whether everything that came before the request that is being run is answered and sent.
    func owesNothing(_ replies: borrowing ReplyQueue) -> Bool { replies.isEmpty && stream.unsentSize == 0 }

    /// Lets go of the connection, to which nothing is owed: it is between servers from now on. The session ends.
    func giveAwayStream() -> Stream {
        state = .closed
        settleAtEnd()
        turn.add(self, to: .retired)
        return stream
    }

    /// Reads no more requests; closes once the replies so far are sent.
    func finish() {
        if case .open = state { state = .finishing }
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
