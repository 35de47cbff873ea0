// Dispatch: looks up the command's name, splits and counts the arguments, and refuses malformed requests.

import Bytes
import Commands
import Wire

extension Session {
    // MARK: Running

    func run(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        guard !parser.isBlank else { return }
        replies.begin(replyDialect(parser.dialect))
        runCommand(bytes, &parser, &replies)
        replies.end(committed: store.committed, isComplete: !isBusy)
    }

    @inline(__always)
    func runCommand(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        if let index = commands.index(of: parser.arguments(in: bytes)[0]) {
            requestCounts.count(index)
            times.note(command: index)
            run(index, bytes, &parser, &replies)
        } else {
            refuseUnknown(bytes, &parser, &replies)
        }
    }

    /// - Parameter index: the command's. A row that is passed, even as borrowed, is copied as a whole.
    private func run(
        _ index: Int, _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue
    ) {
        guard mayRun.contains(index) else { return runOnALook(index, bytes, &parser, &replies) }
        runPermitted(index, bytes, &parser, isSplit: false, isWatched: false, &replies)
    }

    /// Runs a request that the user has a right to.
    /// - Parameters:
    ///   - isSplit: whether a line's arguments have been found already.
    ///   - isWatched: whether the audit records requests of the command.
    @inline(__always)
    func runPermitted(
        _ index: Int, _ bytes: Span<UInt8>, _ parser: inout RequestParser, isSplit: Bool, isWatched: Bool,
        _ replies: inout ReplyQueue
    ) {
        let isLine = parser.isLine
        if isLine, !isSplit {
            do {
                try parser.splitLine(bytes, form: commands.rows[index].form)
            } catch {
                return refuse(ReplyError(error.message), index, &replies)
            }
        }
        let arguments = parser.arguments(in: bytes)
        let arity = isLine ? commands.rows[index].lineArity : commands.rows[index].arity
        guard arity.contains(arguments.count - 1) else {
            if isLine && isHTTP(arguments) { return refuseHTTP(&replies) }
            let isTooMany = arguments.count - 1 > arity.upperBound
            return refuse(.wrongArity(of: commands.spec(index).command, isTooMany: isTooMany), index, &replies)
        }
        if feedsOnly, refuseInFeed(commands.spec(index).command, &replies) { return }
        if transaction != nil, queue(index, arguments, of: bytes, isLine: isLine, &replies) { return }
        if isWatched { return performWatched(index, arguments, &replies) }
        commands.rows[index].perform(arguments, self, gate, &replies)
    }

    /// Runs a request that was checked when it was queued.
    func runQueued(_ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue) {
        guard let index = commands.index(of: parser.arguments(in: bytes)[0]) else {
            preconditionFailure("an unknown command was queued")
        }
        if parser.isLine { try? parser.splitLine(bytes, form: commands.rows[index].form) }
        let arguments = parser.arguments(in: bytes)
        guard isPermitted(index, arguments, &replies) else { return }
        if commands.rows[index].traits.contains(.change), !fitsRecord(arguments.extent, &replies) { return }
        if isWatched(index) { return performWatched(index, arguments, &replies) }
        commands.rows[index].perform(arguments, self, gate, &replies)
    }

    /// Runs a request of a subcommand that was looked up.
    func runSubcommand(_ index: Int, _ arguments: Arguments, _ replies: inout ReplyQueue) {
        guard commands.rows[index].arity.contains(arguments.count - 2) else {
            return replies.fail(.wrongArity(of: commands.spec(index).command))
        }
        guard isPermitted(index, arguments, &replies) else { return }
        times.note(command: index)
        if isWatched(index) {
            performWatched(index, arguments, &replies)
        } else {
            commands.rows[index].perform(arguments, self, gate, &replies)
        }
        holdForAudit(&replies)
    }

    // MARK: Malformed requests

    /// Answers a malformed request of a known command.
    @inline(never)
    private func refuse(_ error: ReplyError, _ index: Int, _ replies: inout ReplyQueue) {
        abortTransaction()
        guard commands.spec(index).command == .exec else { return replies.fail(error) }
        endTransaction()
        replies.fail(.discarded(because: error))
    }

    private func refuseUnknown(_ bytes: Span<UInt8>, _ parser: inout RequestParser, _ replies: inout ReplyQueue) {
        requestCounts.countUnknown()
        guard isLoggedIn else { return denyUnknown(bytes, &parser, &replies) }
        if parser.isLine {
            try? parser.splitLine(bytes, form: .words)
            if isHTTP(parser.arguments(in: bytes)) { return refuseHTTP(&replies) }
        }
        abortTransaction()
        replies.fail(.unknownCommand(parser.arguments(in: bytes), echoSize: server.limits.echoSize))
    }

    /// Whether a malformed line looks like HTTP: `GET /path HTTP/1.1`, or a header.
    func isHTTP(_ arguments: Arguments) -> Bool {
        arguments[0].equalsIgnoringCase("POST") || arguments[0].equalsIgnoringCase("HOST:")
            || arguments.count > 2 && arguments[arguments.count - 1].starts(with: "HTTP/")
    }

    /// A web page can make a browser send lines of its choice inside a POST, so no line of a browser's request is run.
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

    /// Answers a malformed request.
    func answerOutside(_ dialect: RequestDialect, _ error: ReplyError, _ replies: inout ReplyQueue) {
        replies.begin(replyDialect(dialect))
        replies.fail(error)
        replies.end(committed: store.committed)
    }
}
