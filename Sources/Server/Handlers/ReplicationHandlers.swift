// Commands about leaders and followers.

import Bytes
import Commands
import Reactor
import Store
import Wire

enum ReplicationHandlers {
    static func seq(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let seq = session.store.newestSeq
        replies.depends(on: seq)
        replies.writer.integer(Int(seq))
    }

    static func promote(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let isForced = arguments.count > 1
        guard !isForced || arguments[1].equalsIgnoringCase("FORCE") else { return replies.fail(.misused(.promote)) }
        guard isReady(session, &replies) else { return }
        ask(.promote(isForced: isForced), session, &replies)
    }

    static func demote(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard isReady(session, &replies) else { return }
        ask(.follow(nil), session, &replies)
    }

    static func follow(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let server = session.server
        guard server.loading != nil || isReady(session, &replies),
            let leader = endpoint(arguments[1], session, &replies)
        else { return }
        ask(.follow(leader), session, &replies)
    }

    private static func isReady(_ session: Session, _ replies: inout ReplyQueue) -> Bool {
        let server = session.server
        if let loading = server.loading {
            replies.fail(.loading(loading))
            return false
        }
        if server.replication.isHandingOver {
            replies.fail(ReplyError("A handover is under way"))
            return false
        }
        return true
    }

    /// Another server's address. Without a host, it is the host that this connection comes from.
    private static func endpoint(_ bytes: Span<UInt8>, _ session: Session, _ replies: inout ReplyQueue) -> Endpoint? {
        do throws(EndpointError) {
            let text = String(bytes)
            var endpoint = try Endpoint(parsing: text)
            if text.hasPrefix(":") { endpoint = Endpoint(host: session.stream.peer.host, port: endpoint.port) }
            guard !session.server.isReached(at: endpoint) else {
                replies.fail(.itself(endpoint))
                return nil
            }
            return endpoint
        } catch {
            replies.fail(ReplyError("\(error)"))
            return nil
        }
    }

    /// Requests a change of roles or followers, and replies once it is made or refused.
    private static func ask(_ request: Roles.Request, _ session: Session, _ replies: inout ReplyQueue) {
        let pending = session.server.replication.ask(request)
        if let answer = pending.answer { return write(answer, session, &replies) }
        session.deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited) {
                pending.answer != nil
            } answer: { [unowned session] replies, _ in
                write(pending.answer ?? .done, session, &replies)
            })
    }

    private static func write(_ answer: Roles.Answer, _ session: Session, _ replies: inout ReplyQueue) {
        switch answer {
        case .done: replies.writer.ok()
        case .refused(let reason): replies.fail(ReplyError(reason))
        case .itself(let endpoint): replies.fail(.itself(endpoint))
        case .loading: replies.fail(session.server.loading.map { .loading($0) } ?? ReplyError("Loading"))
        }
    }

    static func replicate(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard session.isServer || !session.server.replication.needsProof else {
            session.server.replication.complain(
                "not followed: it does not prove replication.secret", about: session.stream.peer.host)
            replies.fail(.serverNeedsProof)
            return session.finish()
        }
        guard isReady(session, &replies) else { return }
        let hello: LeaderHello
        do throws(ReplicationError) {
            hello = try LeaderHello(arguments[1])
        } catch {
            if case .otherVersion = error, session.server.replication.isFollower {
                session.server.replication.complain("not followed: \(error)", about: session.stream.peer.host)
            }
            return replies.fail(ReplyError("\(error)"))
        }
        guard session.owesNothing(replies) else {
            return replies.fail(ReplyError("REPLICATE has to be the first request on its connection"))
        }
        let replication = session.server.replication
        if let id = hello.id, id == session.server.id {
            // The link comes from this server itself: the id in the reply tells it so.
            var line = ByteBuffer()
            line.append(
                followerHello: FollowerHello(history: session.store.history, position: .start, checkpoints: [], id: id))
            replies.writer.value(line.bytes.extracting(0..<line.count - 1))
            return session.finish()
        }
        let address = "\(Endpoint(host: session.stream.peer.host, port: UInt16(hello.port)))"
        if let refusal = replication.refusal(of: hello, from: address) {
            replication.complain("not followed: \(refusal)", about: address)
            replies.fail(ReplyError(refusal))
            return session.finish()
        }
        replication.follow(session.giveAwayStream(), hello)
    }

    static func role(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let (server, replication) = (session.server, session.server.replication)
        guard replication.isFollower else {
            let followers = replication.followers
            replies.writer.list(replies.writer.isLine ? 2 + followers.count : 3)
            replies.writer.text(replies.writer.isLine ? "leader" : "master")
            replies.writer.integer(Int(server.store.position.seq))
            if !replies.writer.isLine { replies.writer.list(followers.count) }
            for follower in followers {
                if replies.writer.isLine {
                    replies.writer.text("\(follower.endpoint) \(follower.stateName) \(follower.acknowledged)")
                } else {
                    replies.writer.list(3)
                    replies.writer.text(follower.endpoint.host)
                    replies.writer.text(String(follower.endpoint.port))
                    replies.writer.text(String(follower.acknowledged))
                }
            }
            return replies.writer.endList()
        }
        let leader = replication.leaderAddress.flatMap { try? Endpoint(parsing: $0) }
        let state = replication.leader.map { $0.isFollowing ? "connected" : "sync" } ?? "connect"
        replies.writer.list(replies.writer.isLine ? 4 : 5)
        replies.writer.text(replies.writer.isLine ? "follower" : "slave")
        if replies.writer.isLine {
            replies.writer.text(leader.map { "\($0)" } ?? "unknown")
        } else {
            replies.writer.text(leader?.host ?? "")
            replies.writer.integer(Int(leader?.port ?? 0))
        }
        replies.writer.text(state)
        replies.writer.integer(Int(server.store.position.seq))
        replies.writer.endList()
    }

    static func addFollower(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let replication = session.server.replication
        guard isReady(session, &replies) else { return }
        var id: ServerID?
        if arguments.count > 3 {
            id = ServerID(arguments[3])
            if id == nil { return replies.fail(ReplyError("A server's id has sixteen hexadecimal digits")) }
            // The request came from this server itself.
            if id == session.server.id { replication.report(.reachedItself) }
        }
        guard let endpoint = endpoint(arguments[2], session, &replies) else { return }
        ask(.add(endpoint, id: id), session, &replies)
    }

    static func removeFollower(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let replication = session.server.replication
        guard isReady(session, &replies), let endpoint = endpoint(arguments[2], session, &replies) else { return }
        guard isKnown(endpoint, replication, &replies) else { return }
        ask(.remove(endpoint), session, &replies)
    }

    private static func isKnown(
        _ endpoint: Endpoint, _ replication: Replication, _ replies: inout ReplyQueue
    ) -> Bool {
        let others = replication.followers.map(\.endpoint)
        guard !others.contains(endpoint) else { return true }
        replies.fail(.noFollower(at: endpoint, among: others))
        return false
    }

    static func handOver(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let replication = session.server.replication
        guard isReady(session, &replies), let endpoint = endpoint(arguments[1], session, &replies) else { return }
        var time = 10_000
        if arguments.count > 2 {
            guard let wanted = arguments[2].signedNumber, wanted > 0 else { return replies.fail(.notAnInteger) }
            time = wanted
        }
        guard isKnown(endpoint, replication, &replies) else { return }
        ask(.handOver(endpoint, within: time), session, &replies)
    }

    static func wait(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let (seq, replication) = (session.store.position.seq, session.server.replication)
        guard !replication.isFollower else { return replies.fail(.onFollower("WAIT")) }
        guard let count = arguments[1].signedNumber else { return replies.fail(.notAnInteger) }
        guard let patience = patience(arguments[2], &replies) else { return }
        if session.isInExec { return replies.writer.integer(replication.followersThatApplied(seq)) }
        session.deferReply(
            DeferredRequest(replies.writer.dialect, within: patience, on: [.applied(seq, by: count)]) {
                replication.followersThatApplied(seq) >= count
            } answer: { replies, _ in
                replies.writer.integer(replication.followersThatApplied(seq))
            })
    }

    static func waitForDisks(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let local = arguments[1].signedNumber else { return replies.fail(.notAnInteger) }
        guard local == 0 || local == 1 else { return replies.fail(.outOfRange("value must between 0 and 1")) }
        guard let count = arguments[2].signedNumber else { return replies.fail(.notAnInteger) }
        guard count >= 0 else { return replies.fail(.outOfRange("must be positive")) }
        guard let patience = patience(arguments[3], &replies) else { return }
        let (store, replication) = (session.store, session.server.replication)
        guard !replication.isFollower else { return replies.fail(.onFollower("WAITAOF")) }
        let seq = store.position.seq
        let answer = { (replies: inout ReplyQueue) in
            replies.writer.list(2)
            replies.writer.integer(store.durable >= seq ? 1 : 0)
            replies.writer.integer(replication.followersThatSynced(seq))
            replies.writer.endList()
        }
        if session.isInExec { return answer(&replies) }
        // In the modes that do not sync each change, request a sync.
        if local == 1 && store.durability != .always && store.isLoaded { store.requestSync() }
        let conditions: [WakeCondition] = (local == 0 ? [] : [.durable(seq)]) + [.acknowledged(seq, by: count)]
        session.deferReply(
            DeferredRequest(replies.writer.dialect, within: patience, on: conditions) {
                (local == 0 || store.durable >= seq) && replication.followersThatSynced(seq) >= count
            } answer: { replies, _ in
                answer(&replies)
            })
    }

    /// A time-out in milliseconds, parsed as in Redis; 0 means none.
    private static func patience(_ bytes: Span<UInt8>, _ replies: inout ReplyQueue) -> DeferredRequest.Patience? {
        guard let time = bytes.signedNumber else {
            replies.fail(ReplyError("timeout is not an integer or out of range"))
            return nil
        }
        guard time >= 0 else {
            replies.fail(ReplyError("timeout is negative"))
            return nil
        }
        return time == 0 ? .client : .milliseconds(time)
    }

    static func after(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let seq = arguments[1].number else { return replies.fail(.notAnInteger) }
        let request = HeldRequest(rest(of: arguments, isLine: replies.writer.isLine))
        guard session.isDataRequest(request.bytes) else {
            return replies.fail(ReplyError("AFTER needs a request that reads or changes data: AFTER 42 GET greeting"))
        }
        let server = session.server
        session.deferReply(
            DeferredRequest(
                replies.writer.dialect, within: .milliseconds(server.limits.afterTime), on: [.committed(seq)],
                holding: request.size
            ) {
                server.store.committed >= seq
            } answer: { [unowned session] replies, isLate in
                guard !isLate else { return replies.fail(.notThere(seq, newest: server.store.committed, server)) }
                session.runPart(request.bytes, &replies)
            })
    }

    /// The request after `AFTER <seq>`.
    private static func rest(of arguments: Arguments, isLine: Bool) -> [UInt8] {
        var request = ByteBuffer()
        if isLine {
            request.append(arguments[2])
            request.append(UInt8(ascii: "\n"))
        } else {
            request.append(requestOf: arguments.count - 2)
            for index in 2..<arguments.count { request.append(requestArgument: arguments[index]) }
        }
        return Array(request.bytes)
    }
}

extension ReplyError {
    fileprivate static func itself(_ endpoint: Endpoint) -> ReplyError {
        ReplyError("\(endpoint) is this server itself")
    }

    fileprivate static func noFollower(at endpoint: Endpoint, among followers: [Endpoint]) -> ReplyError {
        let others = followers.map { "\($0)" }.joined(separator: ", ")
        return ReplyError("No follower at \(endpoint); there \(others.isEmpty ? "are none" : "is \(others)")")
    }

    fileprivate static func onFollower(_ name: String) -> ReplyError {
        ReplyError("\(name) cannot be used with replica instances. Ask the leader.")
    }

    fileprivate static func outOfRange(_ range: String) -> ReplyError {
        ReplyError("value is out of range, \(range)")
    }

    /// - Parameter newest: the newest change that was there when it was looked for.
    static func notThere(_ seq: UInt64, newest: UInt64, _ server: Server) -> ReplyError {
        let replication = server.replication
        let advice =
            replication.isFollower
            ? "ask again, or read from the leader, \(replication.leaderAddress ?? "which is not known yet")"
            : "no change with this number was committed here"
        return ReplyError(
            "Not there yet: this server has changes up to \(newest), asked for \(seq); \(advice)",
            code: .behind)
    }
}
