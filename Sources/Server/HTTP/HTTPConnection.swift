// What a session has that speaks HTTP, and how its requests run. Everything else (held bytes, the queue of replies,
// back-pressure, memory, the end of the connection) is the session's, as for the other dialects.

import Bytes
import OpenSSL
import Reactor
import Wire

/// The HTTP side of a session.
final class HTTPConnection {
    let owner: HTTPConnections
    var parser = HTTPParser(limits: .service)
    /// When it was accepted or last made a complete request, in milliseconds of the turn's clock. Bytes that complete
    /// no request count as silence.
    fileprivate(set) var lastHeard: Int
    /// The user whose login was recorded last: each request has one.
    var recordedUser: String?

    init(_ owner: HTTPConnections, at now: Int) {
        self.owner = owner
        lastHeard = now
    }
}

extension HTTPMethod {
    /// Whether it asks for what is there (RFC 9110, section 9.2.1).
    fileprivate var isRead: Bool { self == .get || self == .head }
}

extension HTTPLimits {
    /// The limits of the service. No route takes a body; a small one is read, so that the connection can go on.
    static let service = HTTPLimits(targetSize: 4 << 10, headSize: 16 << 10, fieldCount: 64, bodySize: 4 << 10)
}

extension Session {
    func receivedHTTP(_ bytes: Span<UInt8>, _ http: HTTPConnection) -> Consumption {
        let start = replies.size
        let pauseSize = unsentPauseSize &- stream.unsentSize
        defer { allowance.take(replies.size &- start) }
        var used = 0
        while used < bytes.count {
            guard case .open = state else { return Consumption(used: bytes.count, missing: 1) }
            guard !isBusy, replies.size <= pauseSize else {
                isStalled = true
                return keepHTTP(bytes.count, used, missing: 1)
            }
            let rest = bytes.extracting(used..<bytes.count)
            switch http.parser.parse(rest) {
            case .complete(let size):
                used += size
                run(rest, http)
            case .head: admitHead(rest, http)
            case .incomplete(let missing): return keepHTTP(bytes.count, used, missing: missing)
            case .malformed(let error):
                server.statistics.countProtocolError()
                refuse(HTTPResponse(error))
            }
        }
        return Consumption(used: used, missing: 1)
    }

    private func keepHTTP(_ size: Int, _ used: Int, missing: Int) -> Consumption {
        guard state.isOpen else { return Consumption(used: size, missing: 1) }
        guard keep(size - used) == nil else {
            refuse(.outOfMemory())
            return Consumption(used: size, missing: 1)
        }
        return Consumption(used: used, missing: missing)
    }

    /// Looks at a request with a body before that has come: one that will be refused is refused at once.
    private func admitHead(_ bytes: Span<UInt8>, _ http: HTTPConnection) {
        guard HTTPRoutes.find(http.parser.head(in: bytes).path) != nil else { return refuse(.notFound()) }
        guard http.parser.method.isRead else { return refuse(.notAllowed()) }
        guard http.parser.expectsContinue else { return }
        replies.begin(.line)
        replies.writer.buffer.appendContinue()
        replies.end(committed: store.committed, isComplete: false)
    }

    /// Runs a complete request. A body is dropped: no route takes one.
    private func run(_ bytes: Span<UInt8>, _ http: HTTPConnection) {
        http.lastHeard = server.clock.milliseconds
        http.owner.heard(self)
        guard let route = HTTPRoutes.find(http.parser.head(in: bytes).path) else { return answer(.notFound(), http) }
        guard http.parser.method.isRead else { return answer(.notAllowed(), http) }
        guard route.isPublic || !authentication.isRequired else { return authenticate(bytes, route, http) }
        answer(route, bytes, http)
    }

    private func answer(_ route: HTTPRoute, _ bytes: Span<UInt8>, _ http: HTTPConnection) {
        do throws(HTTPError) {
            answer(route.answer(server, try query(bytes, http.parser), .everything), http)
        } catch {
            answer(HTTPResponse(error), http)
        }
    }

    private func query(_ bytes: Span<UInt8>, _ parser: borrowing HTTPParser) throws(HTTPError) -> HTTPQuery {
        let head = parser.head(in: bytes)
        guard let text = head.query else { return try HTTPQuery(bytes.extracting(0..<0)) }
        return try HTTPQuery(text)
    }

    private func answer(_ response: consuming HTTPResponse, _ http: HTTPConnection) {
        let persistence = http.parser.persistence
        write(response, isForHead: http.parser.method == .head, persistence)
        if persistence == .close { finish() }
    }

    /// Answers what is not a request or will not be read to its end, and ends the connection.
    func refuse(_ response: consuming HTTPResponse) {
        write(response, isForHead: false, .close)
        finish()
    }

    private func write(_ response: consuming HTTPResponse, isForHead: Bool, _ persistence: HTTPPersistence) {
        replies.begin(.line)
        append(response, isForHead: isForHead, persistence, to: &replies)
        replies.end(committed: store.committed)
    }

    private func append(
        _ response: borrowing HTTPResponse, isForHead: Bool, _ persistence: HTTPPersistence,
        to replies: inout ReplyQueue
    ) {
        server.http?.count(response.status)
        let head = HTTPReplyHead(
            status: response.status, contentType: response.contentType, persistence: persistence, isForHead: isForHead)
        replies.writer.buffer.append(
            head: head, bodySize: response.body.count, date: HTTPDate(seconds: Int(server.clock.now / 1000)))
        replies.writer.buffer.append(field: "Cache-Control", "no-store")
        replies.writer.buffer.append(field: "X-Content-Type-Options", "nosniff")
        for (name, value) in response.fields { replies.writer.buffer.append(field: name, value) }
        replies.writer.buffer.append(body: response.body.bytes, of: head)
    }

    // MARK: Logging in

    /// Answers a request on behalf of a user, whom it names by Basic authentication (RFC 7617).
    private func authenticate(_ bytes: Span<UInt8>, _ route: HTTPRoute, _ http: HTTPConnection) {
        let login: BasicLogin?
        do throws(HTTPError) {
            if let field = try http.parser.head(in: bytes).field(.authorization) {
                login = BasicLogin(field)
            } else {
                login = nil
            }
        } catch {
            return answer(HTTPResponse(error), http)
        }
        guard let login else { return answer(.notLoggedIn(), http) }
        let attempt = authentication.begin(
            Array(login.user.utf8).span, login.secret.span, over: stream, at: store.now)
        let (isForHead, persistence) = (http.parser.method == .head, http.parser.persistence)
        let query = text(ofQuery: bytes, http.parser)
        deferReply(
            DeferredRequest(.line, within: .unlimited) { [unowned self] in
                isDone(attempt, login.user)
            } answer: { [unowned self] replies, _ in
                answer(attempt, route, query, isForHead: isForHead, persistence, &replies)
                if persistence == .close { finish() }
            })
    }

    private func answer(
        _ attempt: LoginAttempt, _ route: HTTPRoute, _ query: [UInt8], isForHead: Bool,
        _ persistence: HTTPPersistence, _ replies: inout ReplyQueue
    ) {
        if case .loading? = attempt.outcome {
            return append(.usersNotLoaded(), isForHead: isForHead, persistence, to: &replies)
        }
        guard case .accepted(let login)? = attempt.outcome else {
            return append(.notLoggedIn(), isForHead: isForHead, persistence, to: &replies)
        }
        guard server.audit?.obstacle(to: .login) == nil else {
            return append(.notAudited(), isForHead: isForHead, persistence, to: &replies)
        }
        guard login.rights.may(route.command) else {
            recordDenied("\(route.path)", of: login.rights.user)
            return append(.notPermitted(), isForHead: isForHead, persistence, to: &replies)
        }
        do throws(HTTPError) {
            let query = try HTTPQuery(query.span)
            append(route.answer(server, query, login.rights), isForHead: isForHead, persistence, to: &replies)
        } catch {
            append(HTTPResponse(error), isForHead: isForHead, persistence, to: &replies)
        }
    }

    private func text(ofQuery bytes: Span<UInt8>, _ parser: borrowing HTTPParser) -> [UInt8] {
        let head = parser.head(in: bytes)
        guard let text = head.query else { return [] }
        return Array(text)
    }
}

/// A user and a password of Basic authentication. The password is overwritten when it is released.
final class BasicLogin {
    let user: String
    private(set) var secret: [UInt8]

    /// - Parameter field: the value of the field Authorization.
    /// - Returns: nil if it is of another scheme, or not well-formed.
    init?(_ field: Span<UInt8>) {
        guard field.count > 6, field.extracting(0..<6).equalsIgnoringCase("BASIC ") else { return nil }
        var decoded = ByteBuffer()
        defer { decoded.cleanse() }
        guard decoded.append(decodedBase64: field.extracting(6..<field.count)) else { return nil }
        let bytes = decoded.bytes
        guard let colon = (0..<bytes.count).first(where: { bytes[$0] == UInt8(ascii: ":") }) else { return nil }
        user = String(bytes.extracting(0..<colon))
        secret = Array(bytes.extracting(colon + 1..<bytes.count))
    }

    deinit { secret.cleanse() }
}
