// The changes of keys: /v1/changes. Without limit or wait the answer has no end: server-sent events or JSON lines, a
// message for each committed change. With one of them it is a page, which ends as soon as it has something.

import Access
import Bytes
import Commands
import Store
import Wire

/// A request for changes.
struct ChangesResource {
    private let prefix: [UInt8]
    /// nil for the newest change.
    private let start: ChangeToken?
    private let page: ChangeSubscriber.Page?
    /// How long an empty page waits for a first change, in milliseconds; nil not to wait.
    private let wait: Int?
    private let stream: StreamForm

    /// The longest wait, in milliseconds: proxies give up after a minute.
    private static let longestWait = 60_000

    // MARK: The request

    /// Answers a request.
    static func get(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        do throws(HTTPRefusal) {
            let resource = try ChangesResource(request, session)
            let form = request.form
            session.perform(.changes, request, &replies) { replies in
                do throws(HTTPRefusal) {
                    try resource.begin(form, session, &replies)
                } catch {
                    session.respond(HTTPResponse(error), form, &replies)
                }
            }
        } catch {
            session.respond(HTTPResponse(error), request.form, &replies)
        }
    }

    private init(_ request: HTTPRequest, _ session: Session) throws(HTTPRefusal) {
        do throws(HTTPError) {
            let query = try request.query()
            prefix = if let prefix = query.value(of: "prefix") { Array(prefix) } else { [] }
            guard prefix.count <= session.server.limits.keySize else { throw .prefix }
            let (limit, wait) = (try query.changeLimit(), try query.wait())
            self.wait = wait.map { min($0, ChangesResource.longestWait) }
            page =
                limit != nil || wait != nil
                ? ChangeSubscriber.Page(limit: limit ?? ChangeSubscriber.Page.largestLimit, waits: wait != nil) : nil
            let isRaw = try query.truth("raw")
            guard !isRaw || prefix.isEmpty else { throw .rawPrefix }
            start = try request.changeStart(query)
            let kind: StreamForm.Kind =
                if let wanted = request.wantedStream { wanted } else { page == nil ? .events : .lines }
            stream = StreamForm(
                kind: kind, isRaw: isRaw, isChunked: page == nil && session.http?.parser.minorVersion == 1)
        } catch {
            throw HTTPRefusal(error)
        }
    }

    private func begin(_ form: HTTPForm, _ session: Session, _ replies: inout ReplyQueue) throws(HTTPRefusal) {
        guard session.mayFollow(prefix) else { throw HTTPRefusal(.feedNotPermitted(of: session.rights.user)) }
        // The log's own lines have every key, and who made each change.
        guard !stream.isRaw || session.rights.may(.replicate) else { throw .notPermitted(.replicate) }
        let limit = session.server.limits.feedCount
        guard session.server.changes.count < limit else {
            throw HTTPRefusal(.unavailable, "Too many feeds: the limit is \(limit) (limits.feeds)")
        }
        let subscriber = ChangeSubscriber(
            session, prefix: prefix, from: start, dialect: .line, stream: stream, page: page)
        if form.isForHead {
            session.begin(stream: stream, form, &replies)
        } else if page == nil {
            follow(subscriber, form, session, &replies)
        } else {
            collect(subscriber, form, session, &replies)
        }
    }

    // MARK: The answer

    /// Begins an answer without an end, once it is known that the position is there.
    private func follow(
        _ subscriber: ChangeSubscriber, _ form: HTTPForm, _ session: Session, _ replies: inout ReplyQueue
    ) {
        session.begin(subscriber, &replies) { [unowned session, stream] position, replies in
            session.begin(stream: stream, form, &replies)
            replies.writer.message("from", position, in: subscriber.form)
        } fail: { [unowned session] error, replies in
            session.endRequest()
            session.respond(error, form, &replies)
        }
    }

    private func collect(
        _ subscriber: ChangeSubscriber, _ form: HTTPForm, _ session: Session, _ replies: inout ReplyQueue
    ) {
        let stream = stream
        session.collect(subscriber, within: wait, &replies) { [unowned session] replies in
            session.endRequest()
            guard let position = subscriber.next else {
                return session.respond(.notFoundYet, form, &replies)
            }
            var body = subscriber.takeMessages()
            if !stream.isRaw { body.message("next", position, in: subscriber.form) }
            var response = HTTPResponse(contentType: stream.contentType, body: ByteBuffer())
            response.body.append(body.buffer.bytes)
            response.fields = [("Puffin-Next", position.token)]
            session.respond(response, form, &replies)
        } fail: { [unowned session] error, replies in
            session.endRequest()
            session.respond(error, form, &replies)
        }
    }
}

extension Session {
    /// Forgets whose request it was, after a wait.
    fileprivate func endRequest() {
        if http?.isOpen == false { take(requestOf: nil, .nobody) }
    }

    /// Writes the head of an answer without an end. It is the last one of its connection.
    fileprivate func begin(stream: StreamForm, _ form: HTTPForm, _ replies: inout ReplyQueue) {
        guard let service = server.http else { return }
        service.count(200, form)
        service.date.set(Int(server.clock.now / 1000))
        let head = HTTPReplyHead(
            status: 200, contentType: stream.contentType, persistence: .close, isForHead: form.isForHead)
        replies.writer.buffer.append(head: head, bodySize: nil, date: service.date)
        if stream.isChunked { replies.writer.buffer.append(field: "Transfer-Encoding", "chunked") }
        // nginx would hold the messages back otherwise.
        replies.writer.buffer.append(
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n")
        if let origin = form.origin { replies.writer.buffer.append(allowing: origin) }
        replies.writer.buffer.appendEndOfHead()
    }
}

extension HTTPRequest {
    /// Where it begins: what a browser says when it comes back goes before what the page asked for at first.
    fileprivate func changeStart(_ query: borrowing HTTPQuery) throws(HTTPError) -> ChangeToken? {
        if fields.lastEventID >= 0 { return try ChangeToken(position: head.fieldValue(at: fields.lastEventID)) }
        guard let text = query.value(of: "from"), !text.equals("now") else { return nil }
        return try ChangeToken(position: text)
    }

    /// The form that its field Accept names; nil if it leaves that open.
    fileprivate var wantedStream: StreamForm.Kind? {
        guard fields.accept >= 0 else { return nil }
        let accept = String(head.fieldValue(at: fields.accept)).lowercased()
        if accept.contains("text/event-stream") { return .events }
        return accept.contains("application/x-ndjson") ? .lines : nil
    }
}

extension ChangeToken {
    fileprivate init(position text: Span<UInt8>) throws(HTTPError) {
        guard let token = ChangeToken(text) else { throw .changeToken }
        self = token
    }
}

extension HTTPQuery {
    fileprivate func changeLimit() throws(HTTPError) -> Int? {
        guard let text = value(of: "limit") else { return nil }
        guard let limit = text.signedNumber, (1...ChangeSubscriber.Page.largestLimit).contains(limit) else {
            throw .changeLimit
        }
        return limit
    }

    /// In milliseconds.
    fileprivate func wait() throws(HTTPError) -> Int? {
        guard let text = value(of: "wait") else { return nil }
        guard let span = TimeSpan(String(text)), span.nanoseconds > 0 else { throw .wait }
        return max(Int(clamping: span.nanoseconds / 1_000_000), 1)
    }
}
