// What a session has that speaks HTTP, and how its requests are received. Everything else (held bytes, the queue of
// replies, back-pressure, memory, the end of the connection) is the session's, as for the other dialects.

import Bytes
import Reactor
import Wire

/// The HTTP side of a session.
final class HTTPConnection {
    let owner: HTTPConnections
    var parser: HTTPParser
    /// When it was accepted or last made a complete request, in milliseconds of the turn's clock. Bytes that complete
    /// no request count as silence.
    var lastHeard: Int
    /// When the first byte of the request in progress came, and when the last bytes.
    var began = 0
    var lastBytes = 0
    /// The order of such events among all connections.
    var lastEvent = 0
    /// The user whose login was recorded last: each request has one.
    var recordedUser: String?
    /// The login of the request whose body is still to come; nil if its head says no user, or nobody must log in.
    var admitted: Login?
    /// Whether the session has all rights, because nobody logs in.
    var isOpen = true
    /// The form of the current answer.
    var form = HTTPForm()
    /// The last value of the field Host that was one of this server's names.
    var knownHost: [UInt8] = []

    init(_ owner: HTTPConnections, limits: HTTPLimits, at now: Int) {
        self.owner = owner
        parser = HTTPParser(limits: limits)
        lastHeard = now
    }
}

extension HTTPLimits {
    /// The limits of the service: a target has room for a key whose bytes are all written as `%41`, and for a query.
    init(_ limits: Limits) {
        let targetSize = 3 * limits.keySize + 1024
        self.init(
            targetSize: targetSize, headSize: targetSize + 16 << 10, fieldCount: 64,
            bodySize: max(limits.valueSize, HTTPLimits.jsonSize))
    }

    /// The largest body that is JSON, in bytes.
    static let jsonSize = 16 << 20
    /// The largest body of a request whose login is still being checked, in bytes, and of those that take none.
    static let smallBodySize = 4 << 10
}

extension Session {
    func receivedHTTP(_ bytes: Span<UInt8>, _ http: HTTPConnection) -> Consumption {
        guard feed == nil else { return Consumption(used: bytes.count, missing: 1) }
        replies.time = times.now
        http.lastBytes = server.clock.milliseconds
        if http.parser.isIdle { http.began = http.lastBytes }
        let consumption = readHTTP(bytes, http, &replies)
        statistics.countReceived(consumption.used)
        http.parser.trim()
        if times.endRunning() { times.noteSlow(http: bytes, used: consumption.used, of: self) }
        return consumption
    }

    private func readHTTP(
        _ bytes: Span<UInt8>, _ http: HTTPConnection, _ replies: inout ReplyQueue
    ) -> Consumption {
        let start = replies.size
        let pauseSize = allowance.pauseSize(
            of: charge, from: start, atMost: unsentPauseSize &- stream.unsentSize &- replies.markSize)
        defer {
            allowance.take(replies.size &- start)
            if replies.hasWritten { noteBacklog() }
        }
        var used = 0
        while used < bytes.count {
            guard case .open = state else { return Consumption(used: bytes.count, missing: 1) }
            guard !isBusy, replies.size <= pauseSize else {
                isStalled = true
                break
            }
            let rest = bytes.extracting(used..<bytes.count)
            switch http.parser.parse(rest) {
            case .complete(let size):
                guard !allowance.isThrottling || !http.parser.method.mayChange else {
                    throttle()
                    return kept(used, of: bytes.count, missing: 1, &replies)
                }
                run(rest.extracting(0..<size), http, &replies)
                // Without memory for the reply, the request runs again later.
                if isBusy, case .reply = want {
                    isStalled = true
                    return kept(used, of: bytes.count, missing: 1, &replies)
                }
                used += size
                reservedSize = 0
                // An answer without an end is the last one.
                if http.form.persistence == .close, feed == nil { finish() }
            case .head: admitHead(rest, http, &replies)
            case .incomplete(let missing): return kept(used, of: bytes.count, missing: missing, &replies)
            case .malformed(let error):
                statistics.countProtocolError()
                http.form = HTTPForm()
                refuseHTTP(HTTPRefusal(error), &replies)
            }
        }
        return kept(used, of: bytes.count, missing: 1, &replies)
    }

    /// Keeps the bytes that are not used, if there is memory for them and for the rest of their request.
    /// - Parameter missing: the least number of bytes still to come; 1 if none are needed.
    private func kept(_ used: Int, of size: Int, missing: Int, _ replies: inout ReplyQueue) -> Consumption {
        let rest = size - used
        guard rest > 0, state.isOpen else { return Consumption(used: state.isOpen ? used : size, missing: 1) }
        if let error = (missing > 1 ? reserve(rest, missing: missing) : nil) ?? keep(rest) {
            refuseHTTP(HTTPRefusal(error), &replies)
            return Consumption(used: size, missing: 1)
        }
        return Consumption(used: used, missing: missing)
    }

    // MARK: Ends

    /// Answers what is not a request or will not be read to its end, and ends the connection.
    func refuseHTTP(_ refusal: HTTPRefusal) { refuseHTTP(refusal, &replies) }

    func refuseHTTP(_ refusal: HTTPRefusal, _ replies: inout ReplyQueue) {
        guard let http else { return }
        http.form.persistence = .close
        answerHTTP(&replies) { respond(HTTPResponse(refusal), http.form, &$0) }
        finish()
    }

    /// Ends a connection whose request does not get whole.
    func refuseLate(_ reason: String) {
        turn.touch(self)
        http?.form = HTTPForm()
        refuseHTTP(HTTPRefusal(.timeout, reason))
        stream.dropHeld()
    }

    /// Makes one answer.
    func answerHTTP(_ replies: inout ReplyQueue, _ answer: (inout ReplyQueue) -> Void) {
        replies.begin(http?.form.dialect ?? .http)
        answer(&replies)
        replies.end(committed: store.committed, isComplete: !isBusy)
    }

    /// Writes a response.
    func respond(_ response: borrowing HTTPResponse, _ form: HTTPForm, _ replies: inout ReplyQueue) {
        guard let service = server.http else { return }
        service.count(response.status, form)
        service.date.set(Int(server.clock.now / 1000))
        let head = HTTPReplyHead(
            status: response.status, contentType: response.contentType, persistence: form.persistence,
            isForHead: form.isForHead)
        replies.writer.buffer.append(head: head, bodySize: response.body.count, date: service.date)
        replies.writer.buffer.append("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        for (name, value) in response.fields {
            let value = Array(value.utf8)
            replies.writer.buffer.append(field: name, value.span)
        }
        if let origin = form.origin { replies.writer.buffer.append(allowing: origin) }
        replies.writer.buffer.append(body: response.body.bytes, of: head)
    }

    /// Writes the answer to a request that an error of its command ends.
    func respond(_ error: ReplyError, _ form: HTTPForm, _ replies: inout ReplyQueue) {
        replies.note(error)
        respond(HTTPResponse(HTTPRefusal(error)), form, &replies)
    }
}

extension HTTPMethod {
    /// Whether its requests may change something (RFC 9110, section 9.2.1).
    fileprivate var mayChange: Bool { self == .put || self == .post || self == .delete }
}

extension RequestTimes {
    /// Picks the largest of the requests, as `noteSlow` does.
    @inline(never)
    func noteSlow(http bytes: Span<UInt8>, used: Int, of session: Session) {
        var parser = HTTPParser(limits: HTTPLimits(session.server.limits))
        var (offset, largest) = (0, 0)
        while offset < used {
            let request = bytes.extracting(offset..<used)
            switch parser.parse(request) {
            case .head: continue
            case .incomplete, .malformed: return
            case .complete(let size):
                offset += size
                guard size > largest else { continue }
                largest = size
                let head = parser.head(in: request)
                let words = [head.methodRange, head.pathRange]
                noteSlow(Arguments(words.span, in: request))
            }
        }
    }
}
