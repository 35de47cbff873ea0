// A client's connection: its bytes are parsed into requests, which run while the client takes their replies.

import Access
import Bytes
import Commands
import LogFormat
import Logging
import Reactor
import Store
import Wire

/// A connection. Lives from accept until the server retires it, at the end of the turn in which its stream was closed.
final class Session: StreamDelegate, ListMember {
    let id: Int
    let server: Server
    // Copies of the server's references: through `server`, each request would retain the server.
    let store: Store
    let commands: CommandTable
    let requestCounts: RequestCounts
    let times: RequestTimes
    private let hotKeys: HotKeys
    let allowance: TurnAllowance
    let gate: Gate
    let turn: Turn
    let pool: Pool
    let statistics: Statistics
    let authentication: Authentication
    let stream: Stream
    /// The name set with CLIENT SETNAME; empty at first.
    var name = ""
    var speaksRESP3 = false
    /// The rows that it may run. The others are denied before their arguments are looked at.
    var mayRun = RowSet.all
    /// What its user may do.
    var rights = AccessRights.everything
    /// How its user has logged in; nil if nobody has.
    var login: Login?
    /// The author of its changes.
    var author = Author.nobody
    var isLoggedIn: Bool { mayRun != .beforeLogin }
    /// The exchange by which another server proves that it knows the secret; nil outside of it.
    var linkProof: AnsweringProof?
    /// Whether it is another server's.
    var isServer = false
    /// Whether it has a place beyond the limit of clients, which only administrators and servers have.
    var isBeyondLimit = false
    /// What the current reply waits for, so that its line of the audit is on the disk before it is given.
    var awaitedReceipt: AuditReceipt?
    /// Logins that it has tried in vain.
    var failedLogins = 0
    /// The size of unsent replies at which nothing more is read, in bytes.
    var unsentPauseSize: Int
    /// What it has if it speaks HTTP; nil for a client.
    let http: HTTPConnection?

    var parser: RequestParser
    /// Requests run with exclusive access to both while bytes last, so nothing they call may re-enter the session.
    var replies = ReplyQueue()
    var state = State.open
    var longReply: (any LongReply)?
    /// Bytes of memory of the long reply.
    var longReplySize = 0
    var deferredRequest: DeferredRequest?
    /// The ticket of the deferred request in the wait lists, and whether a wake-up came while it could not be answered.
    var ticket: UInt64 = 0
    var hasMissedWake = false
    /// The bytes of memory charged to this session.
    var charge = 0
    /// The bytes reserved for the incomplete request as a whole.
    var reservedSize = 0
    /// The bytes reserved for the reply to the current request, after a wait.
    var reservedReplySize = 0
    /// Whether the current request has waited for memory in vain.
    var hasWaitedInVain = false
    var want = Want.nothing {
        didSet { isStarved = want != .nothing }
    }
    /// Whether it waits for memory.
    private(set) var isStarved = false
    /// Whether a request is deferred. A stored property, because it is read for each request.
    var isBusy = false

    /// The turn's lists that this session is on.
    private(set) var membership: Membership = []
    var joinedBatch = -1

    enum State {
        case open
        /// No more requests run; the queued replies are sent, then the sending side is shut down.
        case finishing
        /// The sending side is shut down. Bytes that still come are dropped: closing a socket with unread bytes sends
        /// RST, which would destroy replies in flight.
        case lingering(since: Int)
        case closed

        var isOpen: Bool { if case .open = self { true } else { false } }
        var isClosed: Bool { if case .closed = self { true } else { false } }
    }

    /// The peer has closed its sending side; it may still be reading.
    var peerHasEnded = false
    /// The same, noticed before all of its bytes were read.
    var peerWillEnd = false
    /// Requests wait in the stream's buffer.
    var isStalled = false
    /// Whether the current request runs as a part of another one: it cannot wait for memory.
    var isRunningPart = false
    /// Whether that other request is EXEC: then nothing is deferred.
    var isInExec = false
    /// The open transaction; nil if there is none.
    var transaction: Transaction?
    /// The watched keys; nil if there are none.
    var watcher: Watcher?
    /// Bytes of memory of both.
    var transactionSize = 0
    /// Its feed of changes, and the CHANGES … LIMIT that waits for its reply; nil if there is none.
    var feed: ChangeSubscriber? { didSet { feedsOnly = feed != nil && feed?.dialect != .resp3 } }
    var page: ChangeSubscriber?
    /// Whether it is a feed and runs only requests that concern that.
    private(set) var feedsOnly = false
    /// Whether its feed waits until the client takes messages again.
    var isFeedPaused = false
    /// Bytes of memory of both.
    var feedSize = 0
    /// The peer's transfer rate, needed when memory is short.
    var pace = Pace()

    init(id: Int, server: Server, stream: Stream, http: HTTPConnection? = nil) {
        self.id = id
        self.server = server
        store = server.store
        commands = server.commands
        requestCounts = server.requestCounts
        times = RequestTimes(server)
        hotKeys = server.hotKeys
        allowance = server.allowance
        gate = server.gate
        turn = server.turn
        pool = server.pool
        statistics = server.statistics
        authentication = server.authentication
        self.stream = stream
        self.http = http
        parser = RequestParser(limits: server.limits.request)
        unsentPauseSize = server.limits.unsentPauseSize
        replies.keepsApart = http != nil || server.replication.settings.acks != .local
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
        assert(!state.isClosed, "a closed session received bytes")
        turn.touch(self)
        if let http { return receivedHTTP(bytes, http) }
        if authentication.namesAuthors { store.setAuthor(author) }
        let consumption = runRequests(bytes, &parser, &replies)
        statistics.countReceived(consumption.used)
        parser.trim()
        if times.endRunning() { times.noteSlow(bytes, used: consumption.used, of: self) }
        if hotKeys.isSampling { hotKeys.sample(bytes, used: consumption.used, of: self) }
        return consumption
    }

    private func runRequests(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) -> Consumption {
        let start = replies.size
        let pauseSize = allowance.pauseSize(
            of: charge, from: start,
            atMost: unsentPauseSize &- stream.unsentSize &- replies.markSize)
        let isThrottled = allowance.isThrottling
        defer { endRunning(from: start, replies) }
        replies.time = times.now
        var (used, last) = (0, 0)
        var prefetcher = Prefetcher()
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
                prefetcher.pass(to: used, in: bytes, store)
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
        assert(used >= 0 && used <= bytes.count, "more bytes consumed than received")
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

    /// Whether the parsed request changes pairs.
    @inline(never)
    private func isChange(_ bytes: Span<UInt8>, _ parser: borrowing RequestParser) -> Bool {
        guard !parser.isBlank, let index = commands.index(of: parser.arguments(in: bytes)[0]) else { return false }
        // A queued request changes nothing yet.
        if let transaction { return index == Command.exec.index && transaction.summary.changes }
        return commands.rows[index].traits.contains(.change)
    }

    /// Keeps the beginning of a request, if there is memory for it and its rest.
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

    /// Refuses a command that is for clients on this machine only, as long as there are no users with rights.
    func admitLoopback(_ command: CommandSpec) throws(ReplyError) {
        guard !stream.peer.isLocal, !server.authentication.isRequired else { return }
        throw ReplyError("\(command.fullName) is run only for clients on this server's machine (127.0.0.1, ::1)")
    }

    // MARK: Requests that wait

    /// Answers the current request with a long reply, whose next step runs in the next turn.
    func begin(_ reply: any LongReply, _ arguments: Arguments) {
        precondition(!isBusy && longReply == nil, "a request is deferred twice")
        longReplySize = reply.heldSize
        longReply = reply
        times.beginLongReply(arguments)
        isBusy = true
    }

    /// Defers the reply to the current request.
    func deferReply(_ request: DeferredRequest) {
        precondition(!isBusy && deferredRequest == nil, "a request is deferred twice")
        var request = request
        request.begin(at: server.clock.milliseconds)
        deferredRequest = request
        isBusy = true
        server.deferrals.add(self)
    }

    /// Whether the bytes are one complete request that reads or changes data. True for an unknown command: it does not
    /// wait.
    func isDataRequest(_ request: [UInt8]) -> Bool {
        var parser = RequestParser(limits: server.limits.request)
        let bytes = request.span
        guard case .complete(bytes.count) = parser.parse(bytes), !parser.isBlank else { return false }
        guard let index = commands.index(of: parser.arguments(in: bytes)[0]) else { return true }
        if commands.rows[index].traits.contains(.data) { return true }
        // Or its subcommand does.
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
        assert(!isRunningPart, "parts of requests are nested")
        isRunningPart = true
        defer { isRunningPart = false }
        runCommand(bytes, &parser, &replies)
    }

    /// Runs queued requests as parts of EXEC, and writes the list of their replies.
    func runQueued(_ bytes: Span<UInt8>, count: Int, _ replies: inout ReplyQueue) {
        assert(!isRunningPart, "EXEC is a part of another request")
        (isRunningPart, isInExec) = (true, true)
        defer { (isRunningPart, isInExec) = (false, false) }
        var parser = RequestParser(limits: server.limits.request)
        var allowed = ListAllowance(session: self)
        replies.writer.list(count)
        var offset = 0
        for _ in 0..<count {
            let request = bytes.extracting(offset..<bytes.count)
            guard case .complete(let size) = parser.parse(request) else {
                preconditionFailure("a queued request is incomplete")
            }
            offset += size
            let error = allowed.refusal(ofMoreThan: replies.currentSize)
            let outer = replies.beginPart()
            if let error { replies.fail(error) } else { runQueued(request, &parser, &replies) }
            // CLIENT REPLY OFF: the list needs an element for each request, if it is sent.
            if replies.currentSize == 0 { replies.writer.ok() }
            replies.endPart(outer)
        }
        replies.writer.endList()
    }

    /// Whether all earlier requests are answered and their replies sent.
    func owesNothing(_ replies: borrowing ReplyQueue) -> Bool { replies.isEmpty && stream.unsentSize == 0 }

    /// Hands the stream over, to be a link between servers. No reply may be pending. The session ends.
    func giveAwayStream() -> Stream {
        precondition(stream.unsentSize == 0, "a connection with unsent replies is handed over")
        forgetFeeds()
        server.unauthenticated.remove(self)
        state = .closed
        settleAtEnd()
        turn.add(self, to: .retired)
        return stream
    }

    /// Reads no more requests, and closes once the replies so far are sent.
    func finish() {
        if case .open = state { state = .finishing }
    }

    /// Closes the connection at once, at an administrator's request.
    func kill() {
        server.log.info("Client killed", metadata: ["client": "\(id)", "address": "\(stream.peer)"])
        close()
        forget()
    }

    /// Closes the connection at once.
    func drop(_ reason: String, _ figures: [(String, Int)]) {
        statistics.countDroppedClient()
        var metadata: Logger.Metadata = ["client": "\(id)", "address": "\(stream.peer)"]
        for (name, value) in figures { metadata[name] = "\(value)" }
        server.log.warning("Client dropped: \(reason)", metadata: metadata)
        close()
        forget()
    }
}
