// Any command over HTTP: POST /v1/commands with ["INCRBY","hits",5], or with a list of such lists, a pipeline. Each runs
// as a request in RESP3 would, with the same checks; its reply is then written as JSON.

import Bytes
import Commands
import Wire

enum CommandResource {
    /// The largest number of commands of one request.
    static let countLimit = 1000

    static func post(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        do throws(HTTPRefusal) {
            var body = try JSONBody(request.body)
            try body.expect(.beginList, "a list: a command and its arguments, or several such lists")
            var requests = ByteBuffer()
            if try body.peek() == .beginList {
                var count = 0
                while try body.peek() != .endList {
                    guard count < countLimit else { throw JSONBody.invalid("more than \(countLimit) commands") }
                    try body.expect(.beginList, "a list: a command and its arguments")
                    try append(&body, to: &requests)
                    count += 1
                }
                _ = try body.take()
                try body.expect(.end, "the end")
                runAll(requests.bytes, count: count, session, request.form, &replies)
            } else {
                try append(&body, to: &requests)
                try body.expect(.end, "the end")
                try run(requests.bytes, session, request.form, &replies)
            }
        } catch {
            session.respond(HTTPResponse(error), request.form, &replies)
        }
    }

    /// Appends a command, whose list has begun, as a request in RESP.
    private static func append(_ body: inout JSONBody, to requests: inout ByteBuffer) throws(HTTPRefusal) {
        var words: [[UInt8]] = []
        while true {
            switch try body.take() {
            case .text(let bytes), .number(let bytes): words.append(bytes)
            case .beginObject:
                guard try body.take() == .name(Array("base64".utf8)) else {
                    throw JSONBody.invalid("an object among arguments is {\"base64\":\"…\"}")
                }
                words.append(try body.coded("base64"))
                try body.expect(.endObject, "the end of an object with base64 alone")
            case .endList:
                guard !words.isEmpty else { throw JSONBody.invalid("a command has at least a name") }
                return requests.append(request: words)
            default: throw JSONBody.invalid("an argument is a text, a number or {\"base64\":\"…\"}")
            }
        }
    }

    // MARK: Running

    /// Runs one command. Its answer may come later.
    private static func run(
        _ bytes: Span<UInt8>, _ session: Session, _ form: HTTPForm, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        var parser = RequestParser(limits: session.server.limits.request)
        let command = try admit(bytes, &parser, session, isAlone: true)
        let outer = replies.beginPart()
        replies.writer.dialect = .resp3
        replies.lastFailure = nil
        session.runAlone(bytes, &parser, isLasting: command?.traits.contains(.noMulti) == true, &replies)
        let reply = replies.takePart()
        replies.endPart(outer)
        replies.writer.dialect = form.dialect
        guard let deferred = session.deferredRequest else {
            answer(reply, session, form, &replies)
            return session.holdForAudit(&replies)
        }
        session.deferredRequest = deferred.followed { [unowned session] replies in
            let reply = replies.takePart()
            replies.writer.dialect = form.dialect
            answer(reply, session, form, &replies)
        }
    }

    /// Writes the answer to one command: its reply, or a problem.
    private static func answer(
        _ reply: [UInt8], _ session: Session, _ form: HTTPForm, _ replies: inout ReplyQueue
    ) {
        let parsed = parse(reply)
        if case .error(let code, let message) = parsed {
            let kind = replies.lastFailure ?? code
            let (sentence, leader) = ErrorCode.splitLeader(message)
            var refusal = HTTPRefusal(ErrorCode(rawValue: kind)?.problem ?? .badRequest, sentence)
            (refusal.code, refusal.leader) = (kind, leader)
            return session.respond(HTTPResponse(refusal), form, &replies)
        }
        var body = ByteBuffer()
        body.append(json: .compact) { $0.reply(parsed) }
        write(body, session, form, &replies)
    }

    /// Runs a pipeline: one command after the other, whatever becomes of those before.
    private static func runAll(
        _ bytes: Span<UInt8>, count: Int, _ session: Session, _ form: HTTPForm, _ replies: inout ReplyQueue
    ) {
        var allowed = Session.ListAllowance(session: session)
        var body = ByteBuffer()
        var offset = 0
        body.append(json: .compact) { json in
            json.list { json in
                for _ in 0..<count {
                    var parser = RequestParser(limits: session.server.limits.request)
                    let rest = bytes.extracting(offset..<bytes.count)
                    guard case .complete(let size) = parser.parse(rest) else {
                        preconditionFailure("a command of a pipeline is incomplete")
                    }
                    offset += size
                    let outer = replies.beginPart()
                    replies.writer.dialect = .resp3
                    if let error = allowed.refusal(ofMoreThan: json.size) {
                        replies.fail(error)
                    } else {
                        do throws(HTTPRefusal) {
                            _ = try admit(rest, &parser, session, isAlone: false)
                            session.runAlone(rest, &parser, isLasting: false, &replies)
                        } catch {
                            replies.fail(ReplyError(error.detail))
                        }
                    }
                    json.reply(parse(replies.takePart()))
                    replies.endPart(outer)
                }
            }
        }
        replies.writer.dialect = form.dialect
        write(body, session, form, &replies)
        session.holdForAudit(&replies)
    }

    /// Checks that a command can be run over HTTP, where each request is a connection of its own.
    /// - Returns: nil for a command that does not exist.
    private static func admit(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, _ session: Session, isAlone: Bool
    ) throws(HTTPRefusal) -> CommandSpec? {
        guard case .complete = parser.parse(bytes) else {
            throw JSONBody.invalid("a command is larger than the limit of a request")
        }
        let arguments = parser.arguments(in: bytes)
        guard let index = session.commands.index(of: arguments[0]) else { return nil }
        var spec = session.commands.spec(index)
        if arguments.count > 1, let row = session.commands.subcommand(arguments[1], of: index) {
            spec = session.commands.spec(row)
        }
        let traits = spec.traits
        guard spec.command != .after else {
            throw HTTPRefusal(ReplyError("AFTER is not run over HTTP: use the field Puffin-After"))
        }
        guard traits.isDisjoint(with: [.connection, .takesConnection]), spec.command != .debug,
            spec.parent != .debug
        else {
            throw HTTPRefusal(ReplyError("\(spec.fullName) is not run over HTTP, where there is no connection to keep"))
        }
        guard isAlone || !traits.contains(.noMulti) else {
            throw HTTPRefusal(ReplyError("\(spec.fullName) is run alone over HTTP, not among others"))
        }
        return spec
    }

    private static func parse(_ bytes: [UInt8]) -> Reply {
        var parser = ReplyParser()
        // CLIENT REPLY OFF is not run here, so there is a reply.
        guard case .complete(let reply, _) = parser.parse(bytes.span) else { return .null }
        return reply
    }

    private static func write(
        _ body: borrowing ByteBuffer, _ session: Session, _ form: HTTPForm, _ replies: inout ReplyQueue
    ) {
        var copy = ByteBuffer()
        copy.append(body.bytes)
        copy.append("\n")
        var response = HTTPResponse(contentType: "application/json", body: copy)
        let seq = max(session.store.committed, replies.currentDependency)
        response.fields = [("Puffin-Seq", "\(seq)")]
        session.respond(response, form, &replies)
    }
}

extension Session {
    /// Runs a request as all of a request of HTTP, or as a part of it: it cannot wait for memory.
    /// - Parameter isLasting: whether its reply may come later. Otherwise it is made at once, as in EXEC.
    func runAlone(
        _ bytes: Span<UInt8>, _ parser: inout RequestParser, isLasting: Bool, _ replies: inout ReplyQueue
    ) {
        isRunningPart = true
        isInExec = !isLasting
        defer { (isRunningPart, isInExec) = (false, false) }
        runCommand(bytes, &parser, &replies)
    }
}
