// Several changes and reads at once: POST /v1/batch. All conditions are checked first; if one is not met, nothing is
// changed. What then runs is a transaction, as EXEC runs it: one record of the log, all of it or nothing.
//
//     {"operations":[{"op":"set","key":"a","value":"1","if_none_match":"*"},{"op":"delete","key":"b"},{"op":"get","key":"c"}]}

import Bytes
import Commands
import Store
import Wire

enum BatchResource {
    /// The largest number of operations.
    static let countLimit = 1000

    static func post(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        do throws(HTTPRefusal) {
            let operations = try BatchOperation.list(request.body)
            try run(operations, session, request.form, &replies)
        } catch {
            session.respond(HTTPResponse(error), request.form, &replies)
        }
    }

    private static func run(
        _ operations: [BatchOperation], _ session: Session, _ form: HTTPForm, _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        let transaction = Transaction(sizeLimit: session.server.limits.requestSize)
        for (index, operation) in operations.enumerated() {
            do throws(ReplyError) { try queue(operation, transaction, session) } catch {
                session.requestCounts.count(error)
                throw HTTPRefusal(error).of(index)
            }
        }
        do throws(ReplyError) { try session.gate.admitRead() } catch { throw HTTPRefusal(error) }
        let store = session.store
        var statuses: [Int] = []
        // Whether a key will be there because of the operations before.
        var made: [[UInt8]: Bool] = [:]
        for (index, operation) in operations.enumerated() {
            let reading = store.get(operation.key.span)
            // A refusal depends on what it has seen.
            replies.depends(on: reading.seq)
            try operation.check(reading.value, at: index)
            let isThere = made[operation.key] ?? (reading.value != nil)
            guard isThere || operation.kind == .set else { throw HTTPRefusal.noSuchKey.of(index) }
            statuses.append(operation.status(isThere: isThere))
            if operation.kind != .get { made[operation.key] = operation.kind == .set }
        }
        let outer = replies.beginPart()
        replies.writer.dialect = .resp3
        session.runTransaction(transaction, &replies)
        let reply = replies.takePart()
        replies.endPart(outer)
        replies.writer.dialect = form.dialect
        try answer(operations, statuses, reply, session, form, &replies)
        session.holdForAudit(&replies)
    }

    /// Queues an operation as the request that it stands for.
    private static func queue(
        _ operation: BatchOperation, _ transaction: Transaction, _ session: Session
    ) throws(ReplyError) {
        let words = operation.words(at: session.store.now)
        var request = ByteBuffer()
        request.append(request: words)
        var parser = RequestParser(limits: session.server.limits.request)
        guard case .complete = parser.parse(request.bytes) else {
            throw .tooLong("Value", size: operation.value.count, limit: session.server.limits.valueSize)
        }
        let arguments = parser.arguments(in: request.bytes)
        let index = operation.command.index
        session.requestCounts.count(index)
        if !session.rights.free.contains(index), let error = session.refusal(of: index, arguments) { throw error }
        // A change that compares the value takes the right to read it.
        if operation.kind != .get, operation.comparesValue {
            var asking = ByteBuffer()
            asking.append(request: words + [Array("IFDEQ".utf8), []])
            var parser = RequestParser(limits: session.server.limits.request)
            guard case .complete = parser.parse(asking.bytes) else { throw .syntax }
            let arguments = parser.arguments(in: asking.bytes)
            if !session.rights.free.contains(index), let error = session.refusal(of: index, arguments) { throw error }
        }
        let row = session.commands.spec(index)
        try session.gate.admitKeys(of: arguments, extent: arguments.extent, row.keys)
        if operation.lifetime != nil { try session.admitExpiry() }
        try transaction.check(request.count)
        transaction.queue(request.bytes, row.traits, argumentCount: words.count)
    }

    private static func answer(
        _ operations: [BatchOperation], _ statuses: [Int], _ reply: [UInt8], _ session: Session, _ form: HTTPForm,
        _ replies: inout ReplyQueue
    ) throws(HTTPRefusal) {
        var parser = ReplyParser()
        guard case .complete(let parsed, _) = parser.parse(reply.span) else {
            preconditionFailure("a transaction has no reply")
        }
        guard case .array(let items) = parsed else {
            guard case .error(let code, let message) = parsed else {
                preconditionFailure("a transaction has another reply")
            }
            let kind = replies.lastFailure ?? code
            var refusal = HTTPRefusal(ErrorCode(rawValue: kind)?.problem ?? .badRequest, message)
            refusal.code = kind
            throw refusal
        }
        let seq = max(session.store.committed, replies.currentDependency)
        var body = ByteBuffer()
        body.append(json: .compact) { json in
            json.object { json in
                json.member(
                    "results",
                    list: { json in
                        for (place, item) in items.enumerated() {
                            json.object { operations[place].show(item, statuses[place], &$0) }
                        }
                    })
                json.member("seq", seq)
            }
        }
        body.append("\n")
        var response = HTTPResponse(contentType: "application/json", body: body)
        response.fields = [("Puffin-Seq", "\(seq)")]
        session.respond(response, form, &replies)
    }
}

/// One operation of a batch.
struct BatchOperation {
    enum Kind: String { case get, set, delete }

    private(set) var kind = Kind.get
    private(set) var key: [UInt8] = []
    private(set) var value: [UInt8] = []
    /// The time to live in milliseconds.
    private(set) var lifetime: UInt64?
    private var ifMatch: [UInt8]?
    private var ifNoneMatch: [UInt8]?
    private var names: Set<String> = []

    /// The command that it stands for.
    var command: Command {
        switch kind {
        case .get: .get
        case .set: .set
        case .delete: comparesValue ? .delex : .del
        }
    }

    var comparesValue: Bool { [ifMatch, ifNoneMatch].contains { $0 != nil && $0 != Array("*".utf8) } }

    /// The request that it stands for.
    func words(at now: UInt64) -> [[UInt8]] {
        var words = [Array(command.spec.fullName.utf8), key]
        if kind == .set { words.append(value) }
        if let lifetime {
            words += [Array("PXAT".utf8), Array("\(min(now + lifetime, Number.largest))".utf8)]
        }
        return words
    }

    // MARK: Conditions

    /// Checks the conditions.
    func check(_ found: Span<UInt8>?, at index: Int) throws(HTTPRefusal) {
        guard ifMatch != nil || ifNoneMatch != nil else { return }
        let digest = ValueDigest(ofFound: found)
        for (list, isStrong) in [(ifMatch, true), (ifNoneMatch, false)] {
            guard let list else { continue }
            do throws(HTTPRefusal) {
                let isNamed = try EntityTag.list(list.span, names: digest, isStrong: isStrong)
                guard isNamed == isStrong else { throw .conditionFailed }
            } catch {
                throw error.of(index)
            }
        }
    }

    // MARK: Results

    /// Its status if nothing fails.
    func status(isThere: Bool) -> Int {
        switch kind {
        case .get: 200
        case .set: isThere ? 204 : 201
        case .delete: 204
        }
    }

    func show(_ reply: Reply, _ status: Int, _ json: inout JSONWriter) {
        if case .error(let code, let message) = reply {
            json.member("status", (ErrorCode(rawValue: code)?.problem ?? .badRequest).status)
            json.member("code", code)
            json.member("detail", message)
            return
        }
        json.member("status", status)
        if case .bulk(let bytes) = reply, kind == .get {
            json.member("etag", ValueDigest(of: bytes.span).tag)
            json.member("value", bytes: bytes.span)
        }
        if kind == .set { json.member("etag", ValueDigest(of: value.span).tag) }
    }

    // MARK: Reading

    /// The operations of a body.
    static func list(_ text: Span<UInt8>) throws(HTTPRefusal) -> [BatchOperation] {
        var body = try JSONBody(text)
        try body.expect(.beginObject, "an object with operations")
        try body.expect(.name(Array("operations".utf8)), "operations")
        try body.expect(.beginList, "a list of operations")
        var operations: [BatchOperation] = []
        while try body.peek() != .endList {
            guard operations.count < BatchResource.countLimit else {
                throw JSONBody.invalid("more than \(BatchResource.countLimit) operations")
            }
            do throws(HTTPRefusal) { operations.append(try BatchOperation(&body)) } catch {
                throw error.of(operations.count)
            }
        }
        _ = try body.take()
        try body.expect(.endObject, "the end of the object")
        try body.expect(.end, "the end")
        return operations
    }

    private init(_ body: inout JSONBody) throws(HTTPRefusal) {
        try body.expect(.beginObject, "an object with op and key")
        reading: while true {
            switch try body.take() {
            case .endObject: break reading
            case .name(let bytes): try take(String(decoding: bytes, as: UTF8.self), &body)
            default: throw JSONBody.invalid("expected a member")
            }
        }
        guard names.contains("op") else { throw JSONBody.invalid("op is missing: get, set or delete") }
        guard names.contains("key") != names.contains("key64") else { throw JSONBody.invalid("key or key64 is needed") }
        let hasValue = names.contains("value") != names.contains("value64")
        guard hasValue == (kind == .set), kind == .set || !names.contains("value") else {
            throw JSONBody.invalid("set has one of value and value64, and the others have none")
        }
        guard kind == .set || lifetime == nil else { throw JSONBody.invalid("only set has a ttl") }
    }

    private mutating func take(_ name: String, _ body: inout JSONBody) throws(HTTPRefusal) {
        guard names.insert(name).inserted else { throw JSONBody.invalid("\(name) is given twice") }
        switch name {
        case "op":
            guard let kind = Kind(rawValue: String(decoding: try body.text(name), as: UTF8.self)) else {
                throw JSONBody.invalid("op is get, set or delete")
            }
            self.kind = kind
        case "key": key = try body.text(name)
        case "key64": key = try body.coded(name)
        case "value": value = try body.text(name)
        case "value64": value = try body.coded(name)
        case "if_match": ifMatch = try body.text(name)
        case "if_none_match": ifNoneMatch = try body.text(name)
        case "ttl":
            let text = String(decoding: try body.text(name), as: UTF8.self)
            guard let lifetime = HTTPRequest.lifetime(text) else { throw HTTPRefusal(HTTPError.timeToLive) }
            self.lifetime = lifetime
        default: throw JSONBody.invalid("an operation has no member \"\(name)\"")
        }
    }
}

extension HTTPRefusal {
    /// The same of an operation in a batch, from 0.
    func of(_ index: Int) -> HTTPRefusal {
        var refusal = self
        refusal.index = index
        return refusal
    }
}
