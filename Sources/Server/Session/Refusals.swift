// What a session does not run, and what it says then.

import Bytes
import Commands
import Wire

extension Session {
    /// Why a command that is right cannot be run now; nil where it can be on a closer look.
    @inline(never)
    func refusal(of command: borrowing CommandTable.Row, size: Int) -> ReplyError? {
        if let loading = server.loading { return .loading(loading) }
        guard command.traits.contains(.change) else { return nil }
        if let refusal = server.replication.readOnly { return refusal }
        guard
            let obstacle = store.obstacle(toChangeOf: size, shrinks: command.traits.contains(.shrink))
        else { return nil }
        server.tell(obstacle)
        return .refused(obstacle)
    }

    func refuseUnknown(_ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue) {
        requestCounts.countUnknown()
        if parser.isLine {
            try? parser.splitLine(bytes, form: .words)
            if isHTTP(parser.arguments(in: bytes)) { return refuseHTTP(&replies) }
        }
        replies.fail(.unknownCommand(parser.arguments(in: bytes), echoSize: server.limits.echoSize))
    }

    /// Whether a line that is no request of ours looks like one of a browser's: `GET /path HTTP/1.1`, or a header.
    func isHTTP(_ arguments: Arguments) -> Bool {
        arguments[0].equalsIgnoringCase("POST") || arguments[0].equalsIgnoringCase("HOST:")
            || arguments.count > 2 && arguments[arguments.count - 1].starts(with: "HTTP/")
    }

    /// A web page can make a browser send lines of its choice inside a POST. Nothing a browser sends may be obeyed.
    func refuseHTTP(_ replies: inout ReplyQueue) {
        replies.fail(ReplyError("This is not an HTTP server; the connection is closed"))
        server.statistics.countProtocolError()
        finish()
    }

    func refuse(_ error: ProtocolError, _ dialect: RequestDialect, _ replies: inout ReplyQueue) {
        server.statistics.countProtocolError()
        answerOutside(dialect, ReplyError(error.message), &replies)
        finish()
    }

    /// Answers something that is no request.
    func answerOutside(_ dialect: RequestDialect, _ error: ReplyError, _ replies: inout ReplyQueue) {
        replies.begin(replyDialect(dialect))
        replies.fail(error)
        replies.end(committed: store.committed)
    }
}
