// Commands about leaders and followers.

import Bytes
import Reactor
import Store
import Wire

let replicationCommands: [Command] = [
    Command(
        "REPLICATE", .connection, 1...1, form: .rest(afterWords: 0), usage: "REPLICATE <greeting>",
        needs: "a leader's greeting", summary: "Between servers: a leader greets its follower.", run: replicate),
    Command(
        "ROLE", .server, 0...0, usage: "ROLE", summary: "Leader or follower, of whom, and how far.", run: role),
    Command(
        "PROMOTE", .server, 0...1, usage: "PROMOTE [FORCE]", needs: "FORCE or nothing",
        summary: "Makes this follower the leader; FORCE also where it does not have all that its leader had."
    ) { arguments, session, replies in
        let isForced = arguments.count > 1
        guard !isForced || arguments[1].equalsIgnoringCase("FORCE") else { return replies.fail(.syntax) }
        guard isReady(session, &replies) else { return }
        let replication = session.server.replication
        guard replication.isFollower else { return replies.fail(ReplyError("This server is the leader already")) }
        if !isForced, let obstacle = replication.promotionObstacle {
            return replies.fail(ReplyError("Not promoted: \(obstacle); PROMOTE FORCE does it all the same"))
        }
        replication.promote()
        replies.writer.ok()
    },
    Command(
        "DEMOTE", .server, 0...0, usage: "DEMOTE",
        summary: "Makes this leader a follower of whatever leader connects to it."
    ) { _, session, replies in
        guard isReady(session, &replies) else { return }
        session.server.replication.demote(following: nil)
        replies.writer.ok()
    },
    Command(
        "FOLLOW", .server, 1...1, usage: "FOLLOW <host:port>", needs: "an address",
        summary: "Makes this server a follower of the leader at an address, which it asks to connect."
    ) { arguments, session, replies in
        guard isReady(session, &replies), let leader = endpoint(arguments[1], session, &replies) else { return }
        session.server.replication.demote(following: "\(leader)")
        replies.writer.ok()
    },
    Command(
        "FOLLOWER", .server, 2...2, usage: "FOLLOWER ADD|REMOVE <host:port>",
        needs: "ADD or REMOVE, and an address",
        summary: "Has one follower more, or one less, from now on and after a restart.", run: follower),
    Command(
        "HANDOVER", .server, 1...2, usage: "HANDOVER <host:port> [<milliseconds>]",
        needs: "a follower's address, and how long it may take or nothing",
        summary: "Makes a follower the leader and this leader its follower, without losing a change.", run: handOver),
    Command(
        "WAIT", .server, 2...2, usage: "WAIT <followers> <milliseconds>",
        needs: "a number of followers and a time",
        summary: "Waits until so many followers have applied all changes so far; how many have.", run: wait),
    Command(
        "WAITAOF", .server, 3...3, usage: "WAITAOF <0|1> <followers> <milliseconds>",
        needs: "0 or 1, a number of followers and a time",
        summary: "Waits until all changes so far are on this disk and on those of so many followers.", run: waitForDisks
    ),
    Command(
        "AFTER", .server, 2...Command.any, lineArity: 2...2, form: .rest(afterWords: 1),
        usage: "AFTER <seq> <request>", needs: "the number of a change, and a request",
        summary: "Runs a request once this server has that change: to read one's writes from a follower.", run: after),
]

private func isReady(_ session: Session, _ replies: inout ReplyQueue) -> Bool {
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

/// An address; one without a host is at the host that this connection comes from.
private func endpoint(_ bytes: Span<UInt8>, _ session: Session, _ replies: inout ReplyQueue) -> Endpoint? {
    do {
        let text = String(bytes)
        guard text.hasPrefix(":") else { return try Endpoint(parsing: text) }
        return Endpoint(host: session.stream.peer.host, port: try Endpoint(parsing: text).port)
    } catch {
        replies.fail(ReplyError("\(error)"))
        return nil
    }
}

private func replicate(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard isReady(session, &replies) else { return }
    let hello: LeaderHello
    do throws(ReplicationError) {
        hello = try LeaderHello(arguments[1])
    } catch {
        return replies.fail(ReplyError("\(error)"))
    }
    guard session.owesNothing(replies) else {
        return replies.fail(ReplyError("REPLICATE has to be the first request on its connection"))
    }
    let replication = session.server.replication
    let address = "\(Endpoint(host: session.stream.peer.host, port: UInt16(hello.port)))"
    if let refusal = replication.refusal(of: hello, from: address) {
        replication.complain("not followed: \(refusal)", about: address)
        replies.fail(ReplyError(refusal))
        return session.finish()
    }
    replication.follow(session.giveAwayStream(), hello)
}

private func role(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
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

private func follower(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let replication = session.server.replication
    guard isReady(session, &replies), let endpoint = endpoint(arguments[2], session, &replies) else { return }
    if arguments[1].equalsIgnoringCase("ADD") {
        replication.add(endpoint)
    } else if arguments[1].equalsIgnoringCase("REMOVE") {
        guard replication.remove(endpoint) else {
            return replies.fail(ReplyError("No follower at \(endpoint); ROLE lists them"))
        }
    } else {
        return replies.fail(.unknownSubcommand("FOLLOWER", arguments[1], echoSize: session.server.limits.echoSize))
    }
    replication.writeNote()
    replies.writer.ok()
}

private func handOver(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let replication = session.server.replication
    guard isReady(session, &replies), let endpoint = endpoint(arguments[1], session, &replies) else { return }
    var time = 10_000
    if arguments.count > 2 {
        guard let wanted = arguments[2].decimal, wanted > 0 else { return replies.fail(.notAnInteger) }
        time = wanted
    }
    guard let follower = replication.followers.first(where: { $0.endpoint == endpoint }) else {
        return replies.fail(ReplyError("No follower at \(endpoint); ROLE lists them"))
    }
    let end = HandoverEnd()
    let refusal = replication.handOver(to: follower, within: time) {
        end.failure = $0; end.isThere = true
    }
    if let refusal { return replies.fail(ReplyError("Not handed over: \(refusal)")) }
    session.park(
        ParkedRequest(replies.writer.dialect) {
            end.isThere
        } answer: { replies, _ in
            if let failure = end.failure {
                replies.fail(ReplyError("Not handed over: \(failure)"))
            } else {
                replies.writer.ok()
            }
        })
}

/// How a handover has ended, for the client that has asked for it.
private final class HandoverEnd {
    var isThere = false
    var failure: String?
}

private func wait(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard let count = arguments[1].decimal, let time = arguments[2].decimal else { return replies.fail(.notAnInteger) }
    guard time >= 0 else { return replies.fail(ReplyError("timeout is negative")) }
    let (seq, replication) = (session.store.position.seq, session.server.replication)
    guard !replication.isFollower else { return replies.fail(.onFollower("WAIT")) }
    session.park(
        ParkedRequest(replies.writer.dialect, within: time == 0 ? nil : time) {
            replication.followers.count { $0.applied >= seq } >= count
        } answer: { replies, _ in
            replies.writer.integer(replication.followers.count { $0.applied >= seq })
        })
}

private func waitForDisks(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard let local = arguments[1].decimal, let count = arguments[2].decimal, let time = arguments[3].decimal else {
        return replies.fail(.notAnInteger)
    }
    guard time >= 0 else { return replies.fail(ReplyError("timeout is negative")) }
    guard local == 0 || local == 1 else { return replies.fail(ReplyError("value is out of range, must be 0 or 1")) }
    let (store, replication) = (session.store, session.server.replication)
    guard !replication.isFollower else { return replies.fail(.onFollower("WAITAOF")) }
    let seq = store.position.seq
    session.park(
        ParkedRequest(replies.writer.dialect, within: time == 0 ? nil : time) {
            (local == 0 || store.durable >= seq)
                && replication.followers.count { $0.acknowledged >= seq } >= count
        } answer: { replies, _ in
            replies.writer.list(2)
            replies.writer.integer(store.durable >= seq ? 1 : 0)
            replies.writer.integer(replication.followers.count { $0.acknowledged >= seq })
            replies.writer.endList()
        })
}

private func after(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard let number = arguments[1].decimal, number >= 0 else { return replies.fail(.notAnInteger) }
    var request: [UInt8] = []
    if replies.writer.isLine {
        request = Array(arguments[2]) + [UInt8(ascii: "\n")]
    } else {
        var buffer = ByteBuffer()
        buffer.append(requestOf: arguments.count - 2)
        for index in 2..<arguments.count { buffer.append(requestArgument: arguments[index]) }
        request = Array(buffer.bytes)
    }
    let (server, seq) = (session.server, UInt64(number))
    session.park(
        ParkedRequest(replies.writer.dialect, within: server.limits.afterTime) {
            server.store.committed >= seq
        } answer: { [unowned session] replies, isLate in
            guard !isLate else { return replies.fail(.notThere(seq, server)) }
            session.runParked(request, &replies)
        })
}

extension ReplyError {
    fileprivate static func onFollower(_ name: String) -> ReplyError {
        ReplyError("\(name) cannot be used with replica instances. Ask the leader.")
    }

    fileprivate static func notThere(_ seq: UInt64, _ server: Server) -> ReplyError {
        let replication = server.replication
        let advice =
            replication.isFollower
            ? "ask again, or read from the leader, \(replication.leaderAddress ?? "which is not known yet")"
            : "no change with this number was committed here"
        return ReplyError(
            "Not there yet: this server has changes up to \(server.store.committed), asked for \(seq); \(advice)")
    }
}
