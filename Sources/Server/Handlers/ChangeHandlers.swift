// CHANGES and UNCHANGES: feeds of changes, and CHANGES … LIMIT, which is one reply.

import Access
import Bytes
import Commands
import LogFormat
import Store
import Wire

enum ChangeHandlers {
    private struct Options {
        var token: ChangeToken?
        var limit: Int?
        /// In milliseconds; 0 for no limit, nil not to wait.
        var wait: Int?
    }

    static func changes(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let (prefix, limits) = (arguments[1], session.server.limits)
        guard prefix.count <= limits.keySize else {
            return replies.fail(.tooLong("Prefix", size: prefix.count, limit: limits.keySize))
        }
        guard session.mayFollow(Array(prefix)) else {
            return replies.fail(.feedNotPermitted(of: session.rights.user))
        }
        do throws(ReplyError) {
            let options = try options(arguments, session)
            // A feed takes the place of the connection's own.
            let replaced = options.limit == nil && session.feed != nil ? 1 : 0
            guard session.server.changes.count - replaced < limits.feedCount else {
                throw ReplyError("Too many feeds: the limit is \(limits.feedCount) (limits.feeds)")
            }
            if options.limit == nil { session.endFeed() }
            let page = options.limit.map { ChangeSubscriber.Page(limit: $0, waits: options.wait != nil) }
            let subscriber = ChangeSubscriber(
                session, prefix: Array(prefix), from: options.token, dialect: replies.writer.dialect, page: page)
            if page == nil {
                session.begin(subscriber, &replies) { position, replies in
                    replies.writer.message("from", position, isReply: true)
                    if subscriber.isLive { replies.writer.message("at", position) }
                } fail: { error, replies in
                    replies.fail(error)
                }
            } else {
                session.collect(subscriber, within: options.wait, &replies) { replies in
                    subscriber.writePage(&replies)
                } fail: { error, replies in
                    replies.fail(error)
                }
            }
        } catch {
            replies.fail(error)
        }
    }

    private static func options(_ arguments: Arguments, _ session: Session) throws(ReplyError) -> Options {
        var options = Options()
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else { throw .misused(.changes) }
            let (name, value) = (arguments[index], arguments[index + 1])
            if name.equalsIgnoringCase("FROM"), options.token == nil, options.limit == nil {
                guard let token = ChangeToken(value) else { throw .invalidToken(value, session) }
                options.token = token
            } else if name.equalsIgnoringCase("LIMIT"), options.limit == nil {
                guard let limit = value.signedNumber else { throw .notAnInteger }
                guard (1...ChangeSubscriber.Page.largestLimit).contains(limit) else {
                    throw ReplyError("value is out of range, LIMIT is 1 to \(ChangeSubscriber.Page.largestLimit)")
                }
                options.limit = limit
            } else if name.equalsIgnoringCase("WAIT"), options.limit != nil, options.wait == nil {
                guard let wait = value.signedNumber else {
                    throw ReplyError("timeout is not an integer or out of range")
                }
                guard wait >= 0 else { throw ReplyError("timeout is negative") }
                options.wait = wait
            } else {
                throw .misused(.changes)
            }
            index += 2
        }
        return options
    }

    static func end(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        session.endFeed()
        replies.writer.ok()
    }
}

extension Session {
    /// Begins a feed.
    /// - Parameters:
    ///   - start: writes what stands before the first message, once the position is found.
    ///   - fail: writes what stands there if it is not.
    func begin(
        _ subscriber: ChangeSubscriber, _ replies: inout ReplyQueue,
        start: @escaping (ChainPosition, inout ReplyQueue) -> Void,
        fail: @escaping (ReplyError, inout ReplyQueue) -> Void
    ) {
        feed = subscriber
        server.changes.add(subscriber)
        noteFeedSize()
        if let position = subscriber.position {
            subscriber.isAnswered = true
            return start(position, &replies)
        }
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited, on: [.owner]) {
                subscriber.position != nil || subscriber.error != nil
            } answer: { [unowned self] replies, _ in
                if let error = subscriber.error {
                    endFeed()
                    return fail(error, &replies)
                }
                guard let position = subscriber.position else { preconditionFailure("a feed begins nowhere") }
                subscriber.isAnswered = true
                start(position, &replies)
            })
    }

    /// Collects one reply.
    /// - Parameters:
    ///   - answer: writes it.
    ///   - fail: writes what stands in its place if the position is not found.
    func collect(
        _ subscriber: ChangeSubscriber, within wait: Int?, _ replies: inout ReplyQueue,
        answer: @escaping (inout ReplyQueue) -> Void, fail: @escaping (ReplyError, inout ReplyQueue) -> Void
    ) {
        let hub = server.changes
        page = subscriber
        hub.add(subscriber)
        noteFeedSize()
        let patience: DeferredRequest.Patience =
            wait.map { $0 == 0 ? .client : .milliseconds($0) } ?? .unlimited
        deferReply(
            DeferredRequest(replies.writer.dialect, within: patience, on: [.owner]) {
                subscriber.isEnded
            } answer: { [unowned self] replies, _ in
                hub.remove(subscriber)
                page = nil
                noteFeedSize()
                if let error = subscriber.error { return fail(error, &replies) }
                answer(&replies)
            })
    }

    /// Refuses a request on a connection that is a feed.
    /// - Returns: false if it may run.
    @inline(never)
    func refuseInFeed(_ command: Command, _ replies: inout ReplyQueue) -> Bool {
        switch command {
        case .ping, .quit, .reset, .changes, .unchanges: return false
        default: break
        }
        let allowed = "only PING / QUIT / RESET / CHANGES / UNCHANGES are allowed in this context"
        replies.fail(ReplyError("Can't execute '\(command.spec.redisName)': \(allowed)"))
        return true
    }
}

extension Server {
    /// The error of a feed that cannot begin or continue.
    /// - Parameter token: where it begins or continues.
    func error(for failure: FeedFailure, from token: ChangeToken) -> ReplyError {
        switch failure {
        case .compacted:
            return ReplyError(line: "Compacted: \(failure)", resp: "\(failure)", code: .compacted)
        case .diverged(let sentence):
            return ReplyError(line: "Diverged: \(sentence)", resp: sentence, code: .diverged)
        case .ahead(let newest):
            guard case .position(let position) = token, !replication.isFollower else {
                return .notThere(token.seq, newest: newest, self)
            }
            let sentence =
                "Token \(position.token) is of another history: the newest change here is \(newest); "
                + "read the pairs again, then go on from there"
            return ReplyError(line: "Diverged: \(sentence)", resp: sentence, code: .diverged)
        case .removed, .disk: return ReplyError("Cannot read the log: \(failure)")
        }
    }
}

extension ReplyError {
    /// At the server's end.
    static let stopping = ReplyError("The server is stopping")

    static let notFoundYet = ReplyError(
        "The beginning was not found in time: the disk is slow; ask again, or wait longer")

    fileprivate static func invalidToken(_ token: Span<UInt8>, _ session: Session) -> ReplyError {
        ReplyError(
            "Invalid token '\(echo(token, session.server.limits.echoSize))': expected the number of a change, or what "
                + "CHANGES has sent, such as 515400-eece75c1")
    }
}

extension ReplyError {
    /// Of a feed of keys that the user may not read.
    static func feedNotPermitted(of user: UserName?) -> ReplyError {
        let name = user?.text ?? "nobody"
        return ReplyError(
            line: "\(name) may not read all keys with this prefix; ask for a prefix of the user's own",
            resp: "this user has no permissions to access all keys with this prefix", code: .notPermitted)
    }
}
