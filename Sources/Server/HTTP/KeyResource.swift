// One key: /v1/keys/{key}. Its value is read, written and deleted as bytes; the entity tag is the value's digest.

import Bytes
import Commands
import Store
import Wire

enum KeyResource {
    /// The largest value whose tag is made without being asked for, in bytes: a digest takes up to 0.5 ms a MiB.
    static let taggedSize = 1 << 20
    /// The largest value that is shown as JSON, in bytes.
    static let jsonSize = 1 << 20

    // MARK: Reading

    static func get(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        session.perform(.get, request, &replies) { replies in
            let store = session.store
            let reading = store.getExpiring(request.arguments[1])
            replies.depends(on: reading.seq)
            let seq = max(store.committed, reading.seq)
            guard let value = reading.value else {
                return refuse(.noSuchKey, request, seq: seq, session, &replies)
            }
            let digest = value.count <= taggedSize || request.isConditional ? ValueDigest(of: value) : nil
            if request.isConditional {
                do throws(HTTPRefusal) {
                    switch try request.conditions(digest) {
                    case .met: break
                    case .otherValue: throw .conditionFailed
                    case .sameValue:
                        return session.respond(
                            HTTPResponse(status: 304, digest: digest, seq: seq), request.form, &replies)
                    }
                } catch {
                    return refuse(error, request, seq: seq, session, &replies)
                }
            }
            show(value, expires: reading.expires, digest, seq: seq, request, session, &replies)
            // Making room for a large reply takes it back, with what it depends on.
            if !session.isBusy { replies.depends(on: reading.seq) }
        }
    }

    private static func show(
        _ value: Span<UInt8>, expires: UInt64, _ digest: ValueDigest?, seq: UInt64, _ request: HTTPRequest,
        _ session: Session, _ replies: inout ReplyQueue
    ) {
        guard let representation = Representation.wanted(request) else {
            return refuse(
                HTTPRefusal(
                    .notAcceptable,
                    "A value is application/octet-stream, text/plain or application/json; none is accepted"),
                request, seq: seq, session, &replies)
        }
        switch representation {
        case .bytes: break
        case .text:
            guard value.isUTF8 else {
                return refuse(
                    HTTPRefusal(
                        .notAcceptable, "The value is not UTF-8, so it is no text; accept application/octet-stream"),
                    request, seq: seq, session, &replies)
            }
        case .json:
            guard value.count <= jsonSize else {
                return refuse(
                    HTTPRefusal(
                        .notAcceptable,
                        "The value has \(value.count) bytes, more than JSON is made of (\(jsonSize)); accept application/octet-stream"
                    ), request, seq: seq, session, &replies)
            }
            var body = ByteBuffer()
            body.append(json: .compact) { json in
                json.object { json in
                    json.member("key", bytes: request.arguments[1])
                    json.member("value", bytes: value)
                    json.member("etag", digest: digest)
                    json.member("expires", expires == 0 ? nil : expires)
                    json.member("seq", seq)
                }
            }
            body.append("\n")
            return write(body.bytes, .json, expires: expires, digest, seq: seq, request, session, &replies)
        }
        write(value, representation, expires: expires, digest, seq: seq, request, session, &replies)
    }

    /// Writes a value that was found. Most of the answer is one text.
    private static func write(
        _ body: Span<UInt8>, _ representation: Representation, expires: UInt64, _ digest: ValueDigest?, seq: UInt64,
        _ request: HTTPRequest, _ session: Session, _ replies: inout ReplyQueue
    ) {
        let hasBody = !request.form.isForHead
        if hasBody, body.count >= Session.largeReplySize {
            guard session.hasMemory(forReplyOf: body.count + headSize, request.arguments, &replies) else { return }
        }
        guard let service = session.server.http else { return }
        service.count(200, request.form)
        service.date.set(Int(session.server.clock.now / 1000))
        replies.writer.buffer.reserve(hasBody ? body.count + headSize : headSize)
        replies.writer.buffer.append("HTTP/1.1 200 OK\r\nContent-Type: ")
        replies.writer.buffer.append(representation.contentType)
        replies.writer.buffer.append(
            "\r\nCache-Control: no-cache\r\nVary: Accept\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; sandbox\r\nDate: "
        )
        replies.writer.buffer.append(service.date.bytes)
        if let digest { replies.writer.buffer.append(tag: digest) }
        if expires > 0 {
            replies.writer.buffer.append("\r\nPuffin-Expires: ")
            replies.writer.buffer.append(decimal: expires)
        }
        replies.writer.buffer.append("\r\nPuffin-Seq: ")
        replies.writer.buffer.append(decimal: seq)
        replies.writer.buffer.append("\r\nContent-Length: ")
        replies.writer.buffer.append(decimal: body.count)
        if let origin = request.form.origin {
            replies.writer.buffer.append("\r\n")
            replies.writer.buffer.append(allowing: origin)
            replies.writer.buffer.append("Cross-Origin-Resource-Policy: cross-origin")
        }
        switch request.form.persistence {
        case .open: replies.writer.buffer.append("\r\n\r\n")
        case .keepAlive: replies.writer.buffer.append("\r\nConnection: keep-alive\r\n\r\n")
        case .close: replies.writer.buffer.append("\r\nConnection: close\r\n\r\n")
        }
        if hasBody { replies.writer.buffer.append(body) }
    }

    /// The size of the head of a value's answer, in bytes, unless it names an origin.
    private static let headSize = 512

    // MARK: Changing

    static func put(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        let lifetime: UInt64?
        do throws(HTTPRefusal) {
            lifetime = try request.lifetime()
        } catch {
            return session.respond(HTTPResponse(error), request.form, &replies)
        }
        let (key, value) = (request.arguments[1], request.arguments[2])
        session.perform(.set, request, &replies) { permit, replies in
            let store = session.store
            var expires: UInt64 = 0
            if let lifetime {
                do throws(ReplyError) {
                    try session.admitExpiry()
                } catch {
                    return session.respond(error, request.form, &replies)
                }
                expires = min(store.now + lifetime, Number.largest)
            }
            let reading = store.get(key)
            let isThere = reading.value != nil
            if let refusal = unmet(request, reading.value) {
                replies.depends(on: reading.seq)
                return refuse(refusal, request, seq: max(store.committed, reading.seq), session, &replies)
            }
            let seq = store.set(key, to: value, expires: expires, permit)
            replies.depends(on: seq)
            let digest = value.count <= taggedSize || request.isConditional ? ValueDigest(of: value) : nil
            session.respond(
                HTTPResponse(status: isThere ? 204 : 201, digest: digest, seq: seq), request.form, &replies)
        }
    }

    static func delete(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        let command = request.fields.compareValue(request.head) ? Command.delex : .del
        session.perform(command, request, &replies) { permit, replies in
            let store = session.store
            let reading = store.get(request.arguments[1])
            let seq = max(store.committed, reading.seq)
            guard reading.value != nil else {
                replies.depends(on: reading.seq)
                return refuse(.noSuchKey, request, seq: seq, session, &replies)
            }
            if let refusal = unmet(request, reading.value) {
                replies.depends(on: reading.seq)
                return refuse(refusal, request, seq: seq, session, &replies)
            }
            let deleted = store.delete(request.arguments[1], permit)
            replies.depends(on: deleted.seq)
            session.respond(HTTPResponse(status: 204, digest: nil, seq: deleted.seq), request.form, &replies)
        }
    }

    /// Why a change is not made to a value; nil if it is.
    private static func unmet(_ request: HTTPRequest, _ value: Span<UInt8>?) -> HTTPRefusal? {
        guard request.isConditional else { return nil }
        do throws(HTTPRefusal) {
            let digest = ValueDigest(ofFound: value)
            if case .met = try request.conditions(digest) { return nil }
            return .conditionFailed
        } catch {
            return error
        }
    }

    private static func refuse(
        _ refusal: HTTPRefusal, _ request: HTTPRequest, seq: UInt64, _ session: Session, _ replies: inout ReplyQueue
    ) {
        var refusal = refusal
        refusal.seq = seq
        session.respond(HTTPResponse(refusal), request.form, &replies)
    }
}

extension HTTPRequest {
    /// The time to live that the parameter `ttl` says, in milliseconds; nil without one.
    func lifetime() throws(HTTPRefusal) -> UInt64? {
        guard head.query != nil else { return nil }
        do throws(HTTPError) {
            let query = try query()
            guard let text = query.value(of: "ttl") else { return nil }
            guard let lifetime = HTTPRequest.lifetime(String(text)) else { throw .timeToLive }
            return lifetime
        } catch {
            throw HTTPRefusal(error)
        }
    }

    /// A time to live in milliseconds; nil for a text that is none.
    static func lifetime(_ text: String) -> UInt64? {
        guard let span = TimeSpan(text), span.nanoseconds >= 1_000_000 else { return nil }
        return UInt64(span.nanoseconds / 1_000_000)
    }
}

extension Session {
    /// Runs a request as one of a command that reads: with its rights, its admission, its line of the audit and its count.
    func perform(
        _ command: Command, _ request: HTTPRequest, _ replies: inout ReplyQueue, read: (inout ReplyQueue) -> Void
    ) {
        admit(command, request, &replies) { (replies) throws(ReplyError) in
            try commands.rows[command.index].perform(request.arguments, self, gate, &replies, reading: read)
        }
    }

    /// The same for a command that changes data.
    func perform(
        _ command: Command, _ request: HTTPRequest, _ replies: inout ReplyQueue,
        write: (borrowing Permit, inout ReplyQueue) -> Void
    ) {
        admit(command, request, &replies) { (replies) throws(ReplyError) in
            try commands.rows[command.index].perform(request.arguments, self, gate, &replies, writing: write)
        }
    }

    private func admit(
        _ command: Command, _ request: HTTPRequest, _ replies: inout ReplyQueue,
        _ perform: (inout ReplyQueue) throws(ReplyError) -> Void
    ) {
        let index = command.index
        requestCounts.count(index)
        times.note(command: index)
        if !rights.free.contains(index), let error = refusal(of: index, request.arguments) {
            return respond(error, request.form, &replies)
        }
        guard isWatched(index) else { return attempt(request.form, &replies, perform) }
        performWatched(index, request.arguments, &replies) { attempt(request.form, &$0, perform) }
        holdForAudit(&replies)
    }

    private func attempt(
        _ form: HTTPForm, _ replies: inout ReplyQueue, _ perform: (inout ReplyQueue) throws(ReplyError) -> Void
    ) {
        do throws(ReplyError) { try perform(&replies) } catch { respond(error, form, &replies) }
    }
}

extension HTTPResponse {
    /// A response without a body, about a value.
    init(status: Int, digest: ValueDigest?, seq: UInt64) {
        self.init(status: status)
        if let digest { fields.append(("ETag", digest.tag)) }
        fields.append(("Puffin-Seq", "\(seq)"))
    }
}

extension HTTPRefusal {
    static var noSuchKey: HTTPRefusal { HTTPRefusal(.keyNotFound, "There is no such key") }
    static var conditionFailed: HTTPRefusal {
        HTTPRefusal(.conditionFailed, "The value is not the one that the condition names; nothing was changed")
    }
}

extension ValueDigest {
    /// - Returns: nil if there is no value.
    init?(ofFound value: Span<UInt8>?) {
        guard let value else { return nil }
        self.init(of: value)
    }

    /// Its entity tag: sixteen digits in quotes.
    var tag: String {
        var text = ByteBuffer()
        text.append("\"")
        write(to: &text)
        text.append("\"")
        return String(text.bytes)
    }
}

extension ByteBuffer {
    /// Appends a line end and the field ETag.
    fileprivate mutating func append(tag digest: ValueDigest) {
        append("\r\nETag: \"")
        digest.write(to: &self)
        append("\"")
    }
}

extension JSONWriter {
    /// Writes a member that is an entity tag, as the field has it; null if there is none.
    mutating func member(_ name: String, digest: ValueDigest?) { member(name, digest?.tag) }
}
