// SLOWLOG, in the format of Redis 7.0.

import Access
import Bytes
import Commands
import Wire

enum SlowLogHandlers {
    static func list(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var count = 10
        if arguments.count > 2 {
            guard let wanted = arguments[2].signedNumber else { return replies.fail(.notAnInteger) }
            guard wanted >= -1 else {
                return replies.fail(ReplyError("count should be greater than or equal to -1"))
            }
            count = wanted == -1 ? .max : wanted
        }
        append(session.server.slowLog.last(count), session.rights, &replies)
    }

    static func count(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.integer(session.server.slowLog.count)
    }

    static func reset(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        session.server.slowLog.reset()
        replies.writer.ok()
    }

    /// In RESP: number, Unix time, microseconds, command and key, client, its name. Fields unknown to Redis follow the
    /// key, where Redis itself notes what it has left out.
    private static func append(_ requests: [SlowRequest], _ rights: AccessRights, _ replies: inout ReplyQueue) {
        replies.writer.list(requests.count)
        for request in requests {
            // A key is shown to who may read it.
            let key = request.key
            let mayRead = rights.may(.read, key.span)
            let showsKey = request.keySize > 0 && mayRead
            guard !replies.writer.isLine else {
                replies.writer.text(request.line(withKey: showsKey))
                continue
            }
            replies.writer.list(6)
            replies.writer.integer(request.id)
            replies.writer.integer(Int(request.time / 1000))
            replies.writer.integer(request.phases.total / 1000)
            let phases = request.shownPhases.map { "\($0.name) \($0.time)" }.joined(separator: ", ")
            replies.writer.list(showsKey ? 3 : 2)
            replies.writer.text(request.command)
            if showsKey { replies.writer.value(key.span) }
            replies.writer.text("... (ms: \(phases); requests: \(request.count))")
            replies.writer.endList()
            replies.writer.text(request.client)
            replies.writer.text(request.clientName)
            replies.writer.endList()
        }
        replies.writer.endList()
    }
}
