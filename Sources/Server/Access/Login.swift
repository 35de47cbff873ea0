// How a session logs in, and what it is told until then.

import Bytes
import Commands
import Wire

extension Session {
    /// Checks a name and a password, and answers later: a login in the next turn, when the session's limits are no longer those of
    /// a stranger; a failure after its delay.
    /// - Parameter answer: writes the reply to a login.
    func logIn(
        as user: String, _ secret: Span<UInt8>, _ replies: inout ReplyQueue,
        answer: @escaping (Session, inout ReplyQueue) -> Void
    ) {
        guard !isInExec else { return replies.fail(.loginInTransaction) }
        let dialect = replies.writer.dialect
        let verdict = server.authentication.check(user, secret, from: stream.peer, at: server.clock.milliseconds)
        switch verdict {
        case .accepted:
            deferReply(
                DeferredRequest(dialect, within: .unlimited, until: { true }) { [unowned self] replies, _ in
                    becomeUser()
                    answer(self, &replies)
                })
        case .refused(let delay):
            failedLogins += 1
            deferReply(
                DeferredRequest(dialect, within: .milliseconds(delay), until: { false }) { [unowned self] replies, _ in
                    replies.fail(.wrongPassword)
                    if failedLogins >= Authentication.tries { finish() }
                })
        }
    }

    /// Forgets the user, where there are users. As its requests are bounded then, that is done between two of them.
    /// - Parameter answer: writes the reply.
    func logOut(_ replies: inout ReplyQueue, answer: @escaping (inout ReplyQueue) -> Void) {
        guard isLoggedIn, server.authentication.isRequired, !isInExec else { return answer(&replies) }
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited, until: { true }) { [unowned self] replies, _ in
                forgetUser()
                answer(&replies)
            })
    }

    private func becomeUser() {
        guard !isLoggedIn else { return }
        mayRun = isBeyondLimit ? .beyondLimit : .all
        parser.limits = server.limits.request
        unsentPauseSize = server.limits.unsentPauseSize
        failedLogins = 0
        server.unauthenticated.remove(self)
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

    /// Makes the session one that must log in, if this server wants that.
    func forgetUser() {
        guard server.authentication.isRequired, http == nil else { return }
        (mayRun, isServer) = (.beforeLogin, false)
        parser.limits = .unauthenticated
        unsentPauseSize = UnauthenticatedClients.unsentSize
        server.unauthenticated.add(self)
    }

    /// Answers a request that the session may not run.
    @inline(never)
    func deny(_ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue) {
        server.authentication.noteDenied()
        if isBeyondLimit, isLoggedIn {
            replies.fail(.tooManyClients)
            return finish()
        }
        if parser.isLine {
            try? parser.splitLine(bytes, form: .words)
            if isHTTP(parser.arguments(in: bytes)) { return refuseHTTP(&replies) }
        }
        abortTransaction()
        let command = Catalog.find(parser.arguments(in: bytes)[0])?.command
        replies.fail(command == .replicate || command == .follower ? .serverNeedsProof : .notLoggedIn)
    }
}

extension RowSet {
    /// What a client that has not logged in may run.
    static let beforeLogin = RowSet([Command.auth, .hello, .quit, .reset, .prove].map(\.index))
    /// What another server may run.
    static let ofServers = RowSet(
        [Command.prove, .replicate, .follower, .followerAdd, .info, .quit].map(\.index))
    /// What an administrator may run beyond the limit of clients.
    static let beyondLimit = RowSet(
        Catalog.rows.filter { $0.traits.contains(.urgent) || $0.traits.contains(.connection) }.map(\.command.index))
}

extension ReplyError {
    static let notLoggedIn = ReplyError(
        line: "Log in first: AUTH <user> <password>", resp: "Authentication required.", code: .notLoggedIn)
    /// Redis' text, which its clients recognise.
    static let tooManyClients = ReplyError("max number of clients reached")
    static let wrongPassword = ReplyError(
        line: "Wrong user or password", resp: "invalid username-password pair or user is disabled.",
        code: .wrongPassword)
    static let loginInTransaction = ReplyError("AUTH is not run in a transaction; log in before MULTI")
    static let helloNeedsLogin = ReplyError(
        line: "Log in first: HELLO 3 AUTH <user> <password>",
        resp:
            "HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        code: .notLoggedIn)
}
