// SLOWLOG, in the shape that Redis 7.0 gives it.

import Bytes
import Wire

let slowLogCommands: [Command] = [
    Command(
        "SLOWLOG", .server, 1...2, usage: "SLOWLOG GET [<count>]|LEN|RESET", needs: "a subcommand",
        summary: "The last requests that took long, newest first.", run: slowLog)
]

private func slowLog(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let log = session.server.slowLog
    if arguments[1].equalsIgnoringCase("GET") {
        var count = 10
        if arguments.count > 2 {
            guard let wanted = arguments[2].signedNumber else { return replies.fail(.notAnInteger) }
            guard wanted >= -1 else {
                return replies.fail(ReplyError("count should be greater than or equal to -1"))
            }
            count = wanted == -1 ? .max : wanted
        }
        return list(log.last(count), &replies)
    }
    let name: StaticString
    if arguments[1].equalsIgnoringCase("LEN") {
        name = "len"
        if arguments.count == 2 { return replies.writer.integer(log.count) }
    } else if arguments[1].equalsIgnoringCase("RESET") {
        name = "reset"
        if arguments.count == 2 {
            log.reset()
            return replies.writer.ok()
        }
    } else if arguments[1].equalsIgnoringCase("HELP") {
        name = "help"
        if arguments.count == 2 { return help(&replies) }
    } else {
        return replies.fail(.unknownSubcommand("SLOWLOG", arguments[1], echoSize: session.server.limits.echoSize))
    }
    replies.fail(.wrongArity("slowlog|\(name)"))
}

private func help(_ replies: inout ReplyQueue) {
    let lines = [
        "SLOWLOG GET [<count>]: the last requests that took long, newest first (10; -1 for all that are kept)",
        "SLOWLOG LEN: how many are kept", "SLOWLOG RESET: forget them",
    ]
    replies.writer.list(lines.count)
    for line in lines { replies.writer.text(line) }
    replies.writer.endList()
}

/// In RESP: number, Unix time, microseconds, command and key, client, its name. What Redis has no place for stands behind the
/// key, where Redis itself says what it has left out.
private func list(_ requests: [SlowRequest], _ replies: inout ReplyQueue) {
    replies.writer.list(requests.count)
    for request in requests {
        guard !replies.writer.isLine else {
            replies.writer.text(request.line)
            continue
        }
        replies.writer.list(6)
        replies.writer.integer(request.id)
        replies.writer.integer(Int(request.time / 1000))
        replies.writer.integer(request.phases.total / 1000)
        let key = request.key
        let phases = request.shownPhases.map { "\($0.name) \($0.time)" }.joined(separator: ", ")
        replies.writer.list(request.keySize > 0 ? 3 : 2)
        replies.writer.text(request.command)
        if request.keySize > 0 { replies.writer.value(key.span) }
        replies.writer.text("... (ms: \(phases); requests: \(request.count))")
        replies.writer.endList()
        replies.writer.text(request.client)
        replies.writer.text(request.clientName)
        replies.writer.endList()
    }
    replies.writer.endList()
}
