// How a session logs in, what it may run, and what it is told where it may not.

import Access
import Bytes
import Commands
import LogFormat
import Wire

extension Session {
    // MARK: Logging in

    /// Checks a name and a password, and answers later: a login when it is known, and when the session's limits are no longer those
    /// of a stranger; a failure after its delay.
    /// - Parameters:
    ///   - name: nil for a password alone.
    ///   - answer: writes the reply to a login.
    func logIn(
        as name: Span<UInt8>?, _ secret: Span<UInt8>, _ replies: inout ReplyQueue,
        answer: @escaping (Session, inout ReplyQueue) -> Void
    ) {
        guard !isInExec else { return replies.fail(.loginInTransaction) }
        let attempt = server.authentication.begin(name, secret, over: stream, at: store.now)
        let text = if let name { String(name) } else { "default" }
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited) { [unowned self] in
                isDone(attempt, text)
            } answer: { [unowned self] replies, _ in
                switch attempt.outcome {
                case .accepted(let login)?:
                    if let obstacle = server.audit?.obstacle(to: .login) { return replies.fail(.notAudited(obstacle)) }
                    recordLogout()
                    become(login)
                    answer(self, &replies)
                case .failed(let error)?: replies.fail(ReplyError(error.message))
                case .loading?: replies.fail(server.gate.isServing ? .tryLoginAgain : server.notServing)
                case .refused?, nil:
                    failedLogins += 1
                    replies.fail(.wrongPassword)
                    if failedLogins >= Authentication.tries { finish() }
                }
            })
    }

    func isDone(_ attempt: LoginAttempt, _ name: String) -> Bool {
        let now = server.clock.milliseconds
        if peerHasEnded || peerWillEnd { attempt.noteClientEnd() }
        let isDone = attempt.isDone(at: now) {
            server.authentication.noteRefused(name, from: stream.peer, at: now)
        }
        if case .accepted? = attempt.outcome { server.authentication.noteAccepted(name, from: stream.peer) }
        // Recorded as soon as it is known: a guesser who hangs up during the delay is recorded too.
        return attempt.outcome != nil && isRecorded(attempt, name) && isDone
    }

    /// Forgets the user, where there are users. As its requests are bounded then, that is done between two of them.
    /// - Parameter answer: writes the reply.
    func logOut(_ replies: inout ReplyQueue, answer: @escaping (inout ReplyQueue) -> Void) {
        guard isLoggedIn, server.authentication.isRequired, !isInExec else { return answer(&replies) }
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited, until: { true }) { [unowned self] replies, _ in
                recordLogout()
                beginUnknown()
                answer(&replies)
            })
    }

    /// Makes it a user's.
    private func become(_ login: Login) {
        self.login = login
        server.unauthenticated.remove(self)
        parser.limits = server.limits.request
        unsentPauseSize = server.limits.unsentPauseSize
        failedLogins = 0
        take(login.rights)
    }

    /// Sets the user and the rights for one HTTP request.
    func take(requestOf login: Login?, _ rights: AccessRights) {
        self.login = login
        take(rights)
    }

    private func take(_ rights: AccessRights) {
        self.rights = rights
        mayRun = isBeyondLimit ? rights.free.intersection(.beyondLimit) : rights.free
        if let audit = server.audit { mayRun = mayRun.subtracting(audit.watched) }
        author = login?.isLocal == false ? rights.user.flatMap { Author(authorName(of: $0)) } ?? .nobody : .nobody
    }

    /// Begins a connection: as the user of its certificate, as everybody, or as nobody.
    func begin() {
        guard http == nil else { return }
        guard let login = server.authentication.login(byCertificateOf: stream, at: store.now),
            server.audit?.obstacle(to: .login) == nil
        else { return beginUnknown() }
        record(login, how: "certificate")
        isServer = login.rights.may(.replicate)
        become(login)
    }

    /// Makes it one of a client that has not logged in.
    private func beginUnknown() {
        login = nil
        isServer = false
        let rights = server.authentication.rightsBeforeLogin(at: store.now)
        take(rights)
        guard rights.user == nil else { return }
        mayRun = .beforeLogin
        parser.limits = .unauthenticated
        unsentPauseSize = UnauthenticatedClients.unsentSize
        server.unauthenticated.add(self)
    }

    /// Makes it another server's, which has proved that it knows the secret.
    func becomeServer() {
        isServer = true
        guard !isLoggedIn else { return }
        mayRun = .ofServers
        server.unauthenticated.remove(self)
    }

    /// Gives it a place beyond the limit of clients, until it has logged in as an administrator or proved to be a server, and then
    /// for what these do.
    func beginBeyondLimit() {
        isBeyondLimit = true
        guard isLoggedIn else { return }
        mayRun = .beforeLogin
        server.unauthenticated.add(self)
    }

    /// Follows a change of users: whose user is gone or off, or whose secret was removed, ends after its replies.
    func refreshRights() {
        let authentication = server.authentication
        guard let login else {
            // Who has not logged in, and had all rights because there were no users, has them no longer.
            if http == nil, !isServer, rights.user != nil, authentication.rightsBeforeLogin(at: store.now).user == nil {
                endLogin()
            }
            return
        }
        guard !login.isLocal, login.rights.user != nil else { return }
        guard let fresh = authentication.renewed(login, at: store.now) else { return endLogin() }
        self.login = fresh
        take(fresh.rights)
        endForbiddenFeeds()
    }

    /// Gives it what it has without a login, once it is known whether there are users.
    func beginOnceLoaded() {
        guard login == nil, http == nil, !isServer, rights.user == nil, state.isOpen, !isBeyondLimit else { return }
        server.unauthenticated.remove(self)
        parser.limits = server.limits.request
        unsentPauseSize = server.limits.unsentPauseSize
        begin()
    }

    /// Ends the connection after its replies. Nothing more is run for it.
    private func endLogin() {
        take(.nobody)
        mayRun = .beforeLogin
        endForbiddenFeeds()
        turn.touch(self)
        finish()
    }

    /// Ends what reads changes that the user may no longer read.
    private func endForbiddenFeeds() {
        for subscriber in [feed, page] {
            guard let subscriber, !mayFollow(subscriber.prefix) else { continue }
            server.changes.end(subscriber, because: .feedNotPermitted(of: rights.user))
        }
    }

    /// Whether the user may read every key with a prefix by CHANGES.
    func mayFollow(_ prefix: [UInt8]) -> Bool { filter(for: .changes)?.containsAll(withPrefix: prefix) != false }

    /// The error of a request that takes effect only now, long after it was checked; nil if its user still has the right to it.
    func lostRight(to command: Command) -> ReplyError? {
        if rights.may(command) { return nil }
        return (rights.user == nil ? AccessVerdict.notLoggedIn : .command(command)).error(for: rights.user)
    }

    // MARK: Rights

    /// Runs a request of a command that needs a look at its keys, or refuses it.
    @inline(never)
    func runOnALook(
        _ index: Int, _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        guard isLoggedIn, !isBeyondLimit, rights.user != nil, rights.allowed.contains(index) else {
            return deny(index, bytes, &parser, &replies)
        }
        if parser.isLine { try? parser.splitLine(bytes, form: commands.rows[index].form) }
        guard isPermitted(index, bytes, parser, &replies) else { return abortTransaction() }
        runPermitted(index, bytes, &parser, isSplit: true, isWatched: isWatched(index), &replies)
        holdForAudit(&replies)
    }

    private func isPermitted(
        _ index: Int, _ bytes: Span<UInt8>, _ parser: borrowing RequestParser, _ replies: inout ReplyQueue
    ) -> Bool {
        isPermitted(index, parser.arguments(in: bytes), &replies)
    }

    /// Whether the user has a right to a request; if not, replies with the error.
    func isPermitted(_ index: Int, _ arguments: Arguments, _ replies: inout ReplyQueue) -> Bool {
        guard !mayRun.contains(index), let error = refusal(of: index, arguments) else { return true }
        replies.fail(error)
        return false
    }

    /// The error of a request that the user has no right to; nil if there is one. It is counted and recorded.
    func refusal(of index: Int, _ arguments: Arguments) -> ReplyError? {
        let verdict = rights.verdict(index, arguments)
        guard let error = verdict.error(for: rights.user) else { return nil }
        noteNotPermitted(verdict, arguments)
        return error
    }

    /// Checks the right to a request's subcommand before it is queued: its command alone is open to who may run any of them.
    /// - Throws: the error reply if there is none.
    func admitSubcommand(of spec: CommandSpec, _ arguments: Arguments) throws(ReplyError) {
        guard !Catalog.subcommands(of: spec.command).isEmpty else { return }
        let verdict = rights.verdict(spec.command.index, arguments)
        guard let error = verdict.error(for: rights.user) else { return }
        noteNotPermitted(verdict, arguments)
        throw error
    }

    /// The keys that a listing may show; nil for all.
    func filter(for command: Command) -> KeyFilter? {
        let filter = rights.filter(for: command)
        return filter.passesAll ? nil : filter
    }

    private func noteNotPermitted(_ verdict: AccessVerdict, _ arguments: Arguments) {
        let (reason, object): (String, String)
        switch verdict {
        case .key(_, let position):
            let key = arguments[position]
            (reason, object) = ("key", String(key.extracting(0..<min(key.count, 128))))
        case .command(let command), .reach(let command): (reason, object) = ("command", command.spec.redisName)
        case .allowed, .notLoggedIn: return
        }
        server.authentication.noteNotPermitted(
            reason, object, by: rights.user?.text ?? "", from: stream.peer, at: server.clock.milliseconds)
        recordDenied(verdict, arguments)
    }

    /// Answers a request that the session may not run, whatever its arguments are.
    private func deny(
        _ index: Int, _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        guard isLoggedIn, rights.user != nil else { return denyUnknown(bytes, &parser, &replies) }
        if isBeyondLimit {
            replies.fail(.tooManyClients)
            return finish()
        }
        if parser.isLine { try? parser.splitLine(bytes, form: commands.rows[index].form) }
        abortTransaction()
        _ = isPermitted(index, parser.arguments(in: bytes), &replies)
    }

    /// Answers a request of a client that must log in first.
    @inline(never)
    func denyUnknown(_ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue) {
        server.authentication.noteDenied()
        if parser.isLine {
            try? parser.splitLine(bytes, form: .words)
            if isHTTP(parser.arguments(in: bytes)) { return refuseHTTP(&replies) }
        }
        abortTransaction()
        let command = Catalog.find(parser.arguments(in: bytes)[0])?.command
        recordRefused(.notLoggedIn, command)
        replies.fail(command == .replicate || command == .follower ? .serverNeedsProof : .notLoggedIn)
    }
}

extension RowSet {
    private init(commands: [Command]) { self.init(commands.map(\.spec)) }

    /// What a client that has not logged in may run.
    static let beforeLogin = RowSet(commands: [.auth, .hello, .quit, .reset, .prove])
    /// What another server may run.
    static let ofServers = RowSet(commands: [.prove, .replicate, .follower, .followerAdd, .info, .quit])
    /// What an administrator may run beyond the limit of clients.
    static let beyondLimit = RowSet(
        Catalog.rows.filter { $0.traits.contains(.urgent) || $0.traits.contains(.connection) })
}

extension ReplyError {
    /// Redis' text, which its clients recognise.
    static let tooManyClients = ReplyError("max number of clients reached")
    static let loginInTransaction = ReplyError("AUTH is not run in a transaction; log in before MULTI")
    static let tryLoginAgain = ReplyError("Loading is complete; log in again", code: .loading)
    static let helloNeedsLogin = ReplyError(
        line: "Log in first: HELLO 3 AUTH <user> <password>",
        resp:
            "HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        code: .notLoggedIn)
}
