// CLIENT INFO, LIST and KILL, with the fields that Redis' tools read.

import Bytes
import Wire

enum ClientListHandlers {
    static func own(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let size = size(of: arguments, isLine: replies.writer.isLine)
        let line = describe(session, requestSize: size, outputSize: replies.size)
        if replies.writer.isLine { replies.writer.text(line) } else { replies.writer.verbatim(line + "\n") }
    }

    static func list(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let connections = session.server.connections
        var wanted: [Session] = []
        if arguments.count == 2 {
            wanted = connections.clients
        } else if arguments[2].equalsIgnoringCase("TYPE"), arguments.count == 4 {
            guard let isNormal = isNormal(arguments[3], session, &replies) else { return }
            if isNormal { wanted = connections.clients }
        } else if arguments[2].equalsIgnoringCase("ID"), arguments.count > 3 {
            for index in 3..<arguments.count {
                guard let id = arguments[index].decimal, id > 0 else {
                    return replies.fail(ReplyError("Invalid client ID"))
                }
                if let found = connections[id], found.http == nil { wanted.append(found) }
            }
        } else {
            return replies.fail(.misused(.clientList))
        }
        let size = wanted.count * lineSize
        guard size < Session.largeReplySize || session.hasMemory(forReplyOf: size, arguments, &replies) else { return }
        let requestSize = Self.size(of: arguments, isLine: replies.writer.isLine)
        let outputSize = replies.size
        let lines = wanted.map {
            $0 === session
                ? describe($0, requestSize: requestSize, outputSize: outputSize)
                : describe($0, requestSize: 0, outputSize: $0.outputSize)
        }
        guard replies.writer.isLine else { return replies.writer.verbatim(lines.map { $0 + "\n" }.joined()) }
        replies.writer.list(lines.count)
        for line in lines { replies.writer.text(line) }
        replies.writer.endList()
    }

    /// An upper bound of the size of a connection's line, in bytes.
    private static let lineSize = 1024

    /// The fields of Redis 7.0, in its order, and then those that it does not have.
    /// - Parameters:
    ///   - requestSize: the size of the request that is being run for this connection; 0 if there is none.
    ///   - outputSize: bytes of unsent replies; the running session lends its reply buffer to the request.
    private static func describe(_ session: Session, requestSize: Int, outputSize: Int) -> String {
        let second = 1_000_000_000
        let (stream, times, transaction) = (session.stream, session.times, session.transaction)
        let command = times.lastCommand.map { session.commands.spec($0).redisName } ?? "NULL"
        // A connection has no buffers of its own for pub/sub, none of a fixed size, and none for input that is parsed at once.
        return
            "id=\(session.id) addr=\(stream.peer) laddr=\(stream.local) fd=\(stream.descriptorNumber) name=\(session.name) "
            + "age=\(times.age / second) idle=\(times.idleTime / second) flags=\(flags(of: session)) db=0 sub=0 psub=0 ssub=0 "
            + "multi=\(transaction?.count ?? -1) qbuf=\(stream.heldSize + requestSize) "
            + "qbuf-free=\(stream.heldCapacity - stream.heldSize) argv-mem=\(requestSize) multi-mem=\(transaction?.heldSize ?? 0) "
            + "rbs=0 rbp=0 obl=0 oll=0 omem=\(outputSize) tot-mem=\(session.charge) "
            + "events=\(stream.isReading ? "r" : "")\(stream.unsentSize > 0 ? "w" : "") cmd=\(command) user=\(session.rights.user?.text ?? "") redir=-1 "
            + "resp=\(session.speaksRESP3 ? 3 : 2) watch=\(session.watcher?.count ?? 0)"
    }

    /// As Redis has them: `x` in a transaction, `b` while the reply is deferred, `d` if a watched key has changed, `c` if the connection
    /// is closed after the replies.
    private static func flags(of session: Session) -> String {
        var flags = session.transaction == nil ? "" : "x"
        if session.hasDeferredRequest { flags += "b" }
        if session.watcher?.change != nil { flags += "d" }
        if !session.state.isOpen { flags += "c" }
        return flags.isEmpty ? "N" : flags
    }

    /// The size of the request with these arguments: in RESP, a line end follows the last one.
    private static func size(of arguments: Arguments, isLine: Bool) -> Int { arguments.extent + (isLine ? 1 : 2) }

    /// Whether this is the connection type of clients; nil after an error for an unknown type.
    private static func isNormal(_ type: Span<UInt8>, _ session: Session, _ replies: inout ReplyQueue) -> Bool? {
        if type.equalsIgnoringCase("NORMAL") { return true }
        for other: StaticString in ["MASTER", "REPLICA", "SLAVE", "PUBSUB"] where type.equalsIgnoringCase(other) {
            return false
        }
        replies.fail(.unknownOption("Unknown client type", type, session))
        return nil
    }

    /// The connections to close.
    private struct Filter {
        var id: Int?
        var address: String?
        var isNormal = true
        var skipsOwn = true

        func takes(_ other: Session, askedBy session: Session) -> Bool {
            isNormal && (id == nil || id == other.id) && (address == nil || address == "\(other.stream.peer)")
                && !(skipsOwn && other === session)
        }
    }

    static func kill(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var filter = Filter()
        if arguments.count == 3 {
            filter.address = String(arguments[2])
            filter.skipsOwn = false
        }
        var index = 3
        while arguments.count > 3, index <= arguments.count {
            let name = arguments[index - 1]
            guard index < arguments.count else { return replies.fail(.misused(.clientKill)) }
            let value = arguments[index]
            if name.equalsIgnoringCase("ID") {
                guard let id = value.decimal, id > 0 else {
                    return replies.fail(ReplyError("client-id should be greater than 0"))
                }
                filter.id = id
            } else if name.equalsIgnoringCase("ADDR") {
                filter.address = String(value)
            } else if name.equalsIgnoringCase("TYPE") {
                guard let isNormal = isNormal(value, session, &replies) else { return }
                filter.isNormal = isNormal
            } else if name.equalsIgnoringCase("USER") {
                guard value.equals("default") else {
                    return replies.fail(.unknownOption("No such user", value, session))
                }
            } else if name.equalsIgnoringCase("SKIPME"),
                value.equalsIgnoringCase("YES") || value.equalsIgnoringCase("NO")
            {
                filter.skipsOwn = value.equalsIgnoringCase("YES")
            } else {
                return replies.fail(.misused(.clientKill))
            }
            index += 2
        }
        let found = session.server.connections.clients.filter { filter.takes($0, askedBy: session) }
        // The client's own connection receives the reply first.
        for other in found { if other === session { session.finish() } else { other.kill() } }
        if arguments.count > 3 { return replies.writer.integer(found.count) }
        if found.isEmpty { replies.fail(ReplyError("No such client")) } else { replies.writer.ok() }
    }
}
