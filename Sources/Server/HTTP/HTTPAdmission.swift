// The way of a request: its head is checked (route, host, origin), then who it is from, then it waits for the change that
// Puffin-After names, and then its route answers. A request that waits is kept as bytes, and parsed again.

import Access
import Bytes
import Commands
import Wire

extension Session {
    // MARK: Heads

    /// Looks at a request with a body before that has come: one that will be refused is refused at once, and what a
    /// client that has not logged in sends is not kept.
    func admitHead(_ bytes: Span<UInt8>, _ http: HTTPConnection, _ replies: inout ReplyQueue) {
        begin(http)
        do throws(HTTPRefusal) {
            let (place, attempt) = try admission(of: bytes, http.parser, http)
            let route = HTTPRoutes.all[place]
            let (size, limit) = (http.parser.contentLength ?? 0, route.body.limit(server.limits))
            guard size <= limit else {
                throw HTTPRefusal(.tooLarge, "The body has \(size) bytes; the limit here is \(limit)")
            }
            http.parser.limitBody(to: limit)
            if let attempt {
                guard isDone(attempt.attempt, attempt.name) else { return admitLater(attempt, place, http, replies) }
                http.admitted = try login(attempt.attempt)
            }
            try admitBody(of: route)
            if http.parser.expectsContinue { pushContinue(&replies) }
        } catch {
            refuseHTTP(error, &replies)
        }
    }

    /// Checks a head.
    /// - Returns: the place of its route, and the attempt to log in that it makes, where that is needed.
    private func admission(
        of bytes: Span<UInt8>, _ parser: borrowing HTTPParser, _ http: HTTPConnection
    ) throws(HTTPRefusal) -> (place: Int, attempt: NamedAttempt?) {
        let head = parser.head(in: bytes)
        let fields = try fields(of: head)
        let place = try admit(head, fields, http)
        let route = HTTPRoutes.all[place]
        guard !route.isPublic, authentication.isRequired, fields.authorization >= 0 else {
            _ = try rights(of: nil, for: route)
            return (place, nil)
        }
        guard let attempt = beginLogin(head.fieldValue(at: fields.authorization)) else { throw .notLoggedIn }
        return (place, attempt)
    }

    /// Answers `100 Continue` once it is known who the request is from: a client need not have waited for it, but knows
    /// it (RFC 9110, section 15.2).
    private func admitLater(
        _ attempt: NamedAttempt, _ place: Int, _ http: HTTPConnection, _ replies: borrowing ReplyQueue
    ) {
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited) { [unowned self] in
                isDone(attempt.attempt, attempt.name)
            } answer: { [unowned self, http] replies, _ in
                do throws(HTTPRefusal) {
                    http.admitted = try login(attempt.attempt)
                    try admitBody(of: HTTPRoutes.all[place])
                    replies.writer.buffer.appendContinue()
                } catch {
                    http.form.persistence = .close
                    respond(HTTPResponse(error), http.form, &replies)
                    finish()
                }
            })
    }

    private func pushContinue(_ replies: inout ReplyQueue) {
        var message = ByteBuffer()
        message.appendContinue()
        replies.push(message.bytes, committed: store.committed)
    }

    /// Refuses the body of a change that this server would not make.
    private func admitBody(of route: HTTPRoute) throws(HTTPRefusal) {
        guard route.command.spec.traits.contains(.change), let error = gate.refusalOfChanges else { return }
        throw HTTPRefusal(error)
    }

    private func fields(of head: HTTPHead) throws(HTTPRefusal) -> HTTPRequestFields {
        do throws(HTTPError) { return try HTTPRequestFields(head) } catch { throw HTTPRefusal(error) }
    }

    /// Begins the answer to a request.
    private func begin(_ http: HTTPConnection) {
        http.form = HTTPForm(method: http.parser.method, persistence: http.parser.persistence)
    }

    /// Checks what a head says before anything is known about the client.
    /// - Returns: the place of its route.
    private func admit(
        _ head: HTTPHead, _ fields: HTTPRequestFields, _ http: HTTPConnection
    ) throws(HTTPRefusal) -> Int {
        guard let service = server.http else { throw .noResource }
        if fields.origin >= 0 {
            http.form.origin = try service.admit(origin: head.fieldValue(at: fields.origin), head, on: server)
        }
        let place: Int
        switch HTTPRoutes.find(http.form.method, head.path) {
        case .nothing: throw .noResource
        case .otherMethods(let routes): throw .methodNotAllowed(routes)
        case .route(let found): place = found
        }
        http.form.route = place
        let route = HTTPRoutes.all[place]
        guard service.serves(route.part, server) else { throw service.notServed(route.part) }
        if route.part != .metrics, route.part != .health { try admitHost(head, http, service) }
        if case .json = route.body, !isJSON(head, fields) {
            throw HTTPRefusal(.mediaType, "\(route.template) takes Content-Type: application/json")
        }
        return place
    }

    private func admitHost(
        _ head: HTTPHead, _ http: HTTPConnection, _ service: HTTPService
    ) throws(HTTPRefusal) {
        guard let authority = head.authority, let host = head.host,
            !authority.equals(http.knownHost.span)
        else { return }
        let name = String(host)
        guard service.isOwn(host: name) else {
            throw HTTPRefusal(
                .wrongHost,
                "\"\(name)\" is not a name of this server; use an address, or add the name to http.hosts")
        }
        http.knownHost = Array(authority)
    }

    private func isJSON(_ head: HTTPHead, _ fields: HTTPRequestFields) -> Bool {
        guard fields.contentType >= 0 else { return false }
        let value = head.fieldValue(at: fields.contentType)
        var end = 0
        while end < value.count, value[end] != UInt8(ascii: ";"), value[end] != UInt8(ascii: " ") { end += 1 }
        return value.extracting(0..<end).equalsIgnoringCase("APPLICATION/JSON")
    }

    // MARK: Requests

    /// Runs a complete request.
    func run(_ bytes: Span<UInt8>, _ http: HTTPConnection, _ replies: inout ReplyQueue) {
        http.owner.heard(http, at: server.clock.milliseconds)
        begin(http)
        let admitted = http.admitted.take()
        replies.begin(http.form.dialect)
        do throws(HTTPRefusal) {
            try run(bytes, http.parser, as: admitted, http, &replies)
        } catch {
            respond(HTTPResponse(error), http.form, &replies)
        }
        replies.end(committed: store.committed, isComplete: !isBusy)
    }

    private func run(
        _ bytes: Span<UInt8>, _ parser: borrowing HTTPParser, as admitted: Login?, _ http: HTTPConnection,
        _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        let head = parser.head(in: bytes)
        let fields = try fields(of: head)
        if http.form.method == .options, let response = preflight(head, fields, http) {
            return respond(response, http.form, &replies)
        }
        let place = try admit(head, fields, http)
        if let admitted {
            try begin(place, bytes, parser, fields, as: admitted, http, &replies)
        } else {
            try identify(place, bytes, parser, fields, http, &replies)
        }
    }

    /// The answer to a browser that asks whether a page of another origin may make a request.
    private func preflight(_ head: HTTPHead, _ fields: HTTPRequestFields, _ http: HTTPConnection) -> HTTPResponse? {
        guard fields.origin >= 0, let service = server.http,
            let origin = try? service.admit(origin: head.fieldValue(at: fields.origin), head, on: server)
        else { return nil }
        let methods: [HTTPRoute]
        switch HTTPRoutes.find(.options, head.path) {
        case .otherMethods(let routes): methods = routes
        case .route, .nothing: return nil
        }
        http.form.origin = origin
        var response = HTTPResponse(status: 204)
        response.fields = [
            ("Access-Control-Allow-Methods", methods.map(\.method.name).joined(separator: ", ")),
            (
                "Access-Control-Allow-Headers",
                "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Puffin-After"
            ),
            ("Access-Control-Max-Age", "600"),
        ]
        return response
    }

    /// Finds out who a request is from, and begins it then.
    private func identify(
        _ place: Int, _ bytes: Span<UInt8>, _ parser: borrowing HTTPParser, _ fields: HTTPRequestFields,
        _ http: HTTPConnection, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        let route = HTTPRoutes.all[place]
        guard !route.isPublic, authentication.isRequired, fields.authorization >= 0 else {
            return try begin(place, bytes, parser, fields, as: nil, http, &replies)
        }
        let head = parser.head(in: bytes)
        guard let attempt = beginLogin(head.fieldValue(at: fields.authorization)) else { throw .notLoggedIn }
        if isDone(attempt.attempt, attempt.name) {
            let login = try login(attempt.attempt)
            return try begin(place, bytes, parser, fields, as: login, http, &replies)
        }
        let held = HeldRequest(Array(bytes))
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited, holding: held.size) { [unowned self] in
                isDone(attempt.attempt, attempt.name)
            } answer: { [unowned self, http] replies, _ in
                do throws(HTTPRefusal) {
                    let login = try login(attempt.attempt)
                    try resume(held, place, as: login, http, &replies)
                } catch {
                    respond(HTTPResponse(error), http.form, &replies)
                }
            })
    }

    /// Begins a request that has waited.
    private func resume(
        _ held: HeldRequest, _ place: Int, as login: Login?, _ http: HTTPConnection, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        var parser = HTTPParser(limits: HTTPLimits(server.limits))
        let kept = held.bytes
        let bytes = kept.span
        var result = parser.parse(bytes)
        if case .head = result { result = parser.parse(bytes) }
        guard case .complete = result else { preconditionFailure("a request that was complete is incomplete") }
        let fields = try fields(of: parser.head(in: bytes))
        isRunningPart = true
        defer { isRunningPart = false }
        try begin(place, bytes, parser, fields, as: login, http, &replies)
    }

    /// The rights of a request.
    /// - Throws: the refusal if it takes a login.
    private func rights(of login: Login?, for route: HTTPRoute) throws(HTTPRefusal) -> AccessRights {
        if let login { return login.rights }
        guard !route.isPublic, authentication.isRequired else { return .everything }
        let rights = authentication.rightsBeforeLogin(at: store.now)
        guard rights.user != nil else {
            if case .request = route.answer {
                authentication.noteDenied()
                recordRefused(.notLoggedIn, route.command)
            }
            throw .notLoggedIn
        }
        return rights
    }

    /// Begins a request whose user is known: it runs now, or once the change is there that it wants to see.
    private func begin(
        _ place: Int, _ bytes: Span<UInt8>, _ parser: borrowing HTTPParser, _ fields: HTTPRequestFields,
        as login: Login?, _ http: HTTPConnection, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        let route = HTTPRoutes.all[place]
        let rights = try rights(of: login, for: route)
        let head = parser.head(in: bytes)
        if fields.after >= 0, case .request = route.answer {
            guard let seq = head.fieldValue(at: fields.after).number else {
                throw HTTPRefusal(.badRequest, "Puffin-After is the number of a change, as Puffin-Seq has it: 42")
            }
            guard store.committed >= seq else {
                let held = HeldRequest(Array(bytes))
                return wait(for: seq, held, place, as: login, http, replies)
            }
        }
        try answer(route, bytes, parser, fields, as: login, rights, http, &replies)
    }

    private func wait(
        for seq: UInt64, _ held: HeldRequest, _ place: Int, as login: Login?, _ http: HTTPConnection,
        _ replies: borrowing ReplyQueue
    ) {
        deferReply(
            DeferredRequest(
                replies.writer.dialect, within: .milliseconds(server.limits.afterTime), on: [.committed(seq)],
                holding: held.size
            ) { [unowned self] in
                store.committed >= seq
            } answer: { [unowned self, http] replies, isLate in
                guard !isLate else {
                    return respond(ReplyError.notThere(seq, newest: store.committed, server), http.form, &replies)
                }
                do throws(HTTPRefusal) {
                    // Its user may have been removed meanwhile.
                    let fresh = login.flatMap { authentication.renewed($0, at: store.now) }
                    guard login == nil || fresh != nil else { throw .wrongPassword }
                    try resume(held, place, as: fresh, http, &replies)
                } catch {
                    respond(HTTPResponse(error), http.form, &replies)
                }
            })
    }

    private func answer(
        _ route: HTTPRoute, _ bytes: Span<UInt8>, _ parser: borrowing HTTPParser, _ fields: HTTPRequestFields,
        as login: Login?, _ rights: AccessRights, _ http: HTTPConnection, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        let head = parser.head(in: bytes)
        switch route.answer {
        case .page(let make):
            guard rights.may(route.command) else {
                recordDenied("\(route.path)", of: rights.user)
                throw .notPermitted(route.command)
            }
            do throws(HTTPError) {
                let query = try head.parsedQuery()
                try check(query, of: route)
                respond(make(server, query), http.form, &replies)
            } catch {
                throw HTTPRefusal(error)
            }
        case .list(let make):
            guard rights.may(route.command) else {
                recordDenied("\(route.path)", of: rights.user)
                throw .notPermitted(route.command)
            }
            do throws(HTTPError) { try check(head.parsedQuery(), of: route) } catch { throw HTTPRefusal(error) }
            respond(make(server, rights), http.form, &replies)
        case .namedPage(let make):
            let name = head.path.extracting(route.path.utf8CodeUnitCount..<head.path.count)
            guard let response = make(String(name)) else {
                throw HTTPRefusal(.noResource, "There is no page of this name below \(route.path)")
            }
            respond(response, http.form, &replies)
        case .request(let make):
            if let text = head.query {
                do throws(HTTPError) { try check(HTTPQuery(text), of: route) } catch { throw HTTPRefusal(error) }
            }
            // Where nobody logs in, the session keeps all rights.
            let isOpen = login == nil && !authentication.isRequired && server.audit == nil
            if !isOpen || !http.isOpen { take(requestOf: login, rights) }
            http.isOpen = isOpen
            // What reads changes for it ends with its user's right to them.
            defer { if !isOpen, feed == nil, page == nil { take(requestOf: nil, .nobody) } }
            if authentication.namesAuthors { store.setAuthor(author) }
            try run(make, route, bytes, parser, fields, http.form, &replies)
        }
    }

    private func check(_ query: borrowing HTTPQuery, of route: HTTPRoute) throws(HTTPError) {
        guard let known = route.parameters, query.firstUnknown(besides: known) != nil else { return }
        throw .unknownParameter
    }

    /// Runs a request with the arguments of the command that it stands for. They are where they came, unless the key has
    /// an escape, the body came in several chunks, or a change compares the value, which takes the right to read it.
    private func run(
        _ make: @Sendable (Session, HTTPRequest, inout ReplyQueue) -> Void, _ route: HTTPRoute, _ bytes: Span<UInt8>,
        _ parser: borrowing HTTPParser, _ fields: HTTPRequestFields, _ form: HTTPForm, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        let head = parser.head(in: bytes)
        let body = parser.body(in: bytes)
        let path = head.pathRange
        let size = route.hasName ? route.path.utf8CodeUnitCount : path.size
        let key = Slice(offset: path.offset + size, size: path.size - size)
        let text = bytes.extracting(key.offset..<key.offset + key.size)
        let hasValue = if case .value = route.body { true } else { false }
        let compares = form.method != .get && form.method != .head && fields.compareValue(head)
        if !compares, !text.hasPercent, !hasValue || parser.bodyRange != nil {
            // Without a key, the query is what the request concerns.
            let second = route.hasName ? key : head.queryRange
            let slices: InlineArray<3, Slice> = [
                head.methodRange, second ?? key, parser.bodyRange ?? Slice(offset: 0, size: 0),
            ]
            let count = hasValue ? 3 : second != nil ? 2 : 1
            let arguments = Arguments(slices.span.extracting(0..<count), in: bytes)
            return make(self, HTTPRequest(head, fields, form, arguments, body: body), &replies)
        }
        var decoded = ByteBuffer()
        do throws(HTTPError) { try decoded.append(percentDecoded: text) } catch { throw HTTPRefusal(error) }
        let keySize = decoded.count
        decoded.append(head.method)
        var slices = [Slice(offset: keySize, size: head.method.count), Slice(offset: 0, size: keySize)]
        if hasValue {
            slices.append(Slice(offset: decoded.count, size: body.count))
            decoded.append(body)
        }
        if compares {
            slices += [Slice(offset: decoded.count, size: 5), Slice(offset: decoded.count, size: 0)]
            decoded.append("IFDEQ")
        }
        let arguments = Arguments(slices.span, in: decoded.bytes)
        make(self, HTTPRequest(head, fields, form, arguments, body: body), &replies)
    }
}

extension HTTPBodyKind {
    /// The largest body, in bytes. One that is not wanted is dropped, if it is small, so that the connection can go on.
    func limit(_ limits: Limits) -> Int {
        switch self {
        case .none: HTTPLimits.smallBodySize
        case .value: limits.valueSize
        case .json(let limit): limit
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether a byte is a percent sign.
    fileprivate var hasPercent: Bool {
        for index in 0..<count where self[index] == UInt8(ascii: "%") { return true }
        return false
    }
}
