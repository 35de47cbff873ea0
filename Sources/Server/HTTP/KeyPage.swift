// Keys page by page: /v1/keys. A page is made over several turns, a few steps in each, so a rare prefix in a large table
// delays nobody; it ends at the limit, at the end of the table, or after two seconds, and says how far it has looked.

import Access
import Bytes
import Commands
import Store
import Wire

/// A page in progress.
final class KeyPage: LongReply {
    private unowned let session: Session
    private let form: HTTPForm
    private let limit: Int
    private let hasValues: Bool
    private var search: KeySearch
    private let rights: AccessRights
    /// When the page ends although neither the limit nor the end is reached, in milliseconds of the turn's clock.
    private let deadline: Int

    /// The largest number of keys of a page, and the one without `limit`.
    static let largestLimit = 1000
    static let usualLimit = 100
    /// The largest size of a page's keys, and of its values together, in bytes, not counting the last key.
    private static let pageSize = 1 << 20
    /// How long a page may take, in milliseconds.
    private static let patience = 2000
    /// Buckets of a step.
    private static let buckets = 4

    // MARK: The request

    /// Begins the answer to a request for a page.
    static func get(_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) {
        do throws(HTTPRefusal) {
            let page = try KeyPage(request, session)
            // Values are what GET shows.
            if page.hasValues, !session.rights.may(.get) {
                throw HTTPRefusal(
                    ReplyError("This user has no right to GET, so it gets no values", code: .notPermitted))
            }
            session.perform(.scan, request, &replies) { replies in
                if !page.step(&replies, session.allowance) { session.begin(page, request.arguments) }
            }
        } catch {
            session.respond(HTTPResponse(error), request.form, &replies)
        }
    }

    private init(_ request: HTTPRequest, _ session: Session) throws(HTTPRefusal) {
        self.session = session
        form = request.form
        rights = session.rights
        deadline = session.server.clock.milliseconds + KeyPage.patience
        do throws(HTTPError) {
            let query = try request.query()
            limit = try query.limit()
            hasValues = try query.truth("values")
            let prefix: [UInt8] = if let prefix = query.value(of: "prefix") { Array(prefix) } else { [] }
            guard prefix.count <= session.server.limits.keySize else { throw .prefix }
            let cursor = try query.cursor()
            search = KeySearch(
                GlobPattern(prefix: prefix.span), from: cursor, filter: session.filter(for: .scan), dialect: .resp2)
        } catch {
            throw HTTPRefusal(error)
        }
    }

    // MARK: Steps

    var dialect: ReplyDialect { form.dialect }
    var heldSize: Int { search.heldSize }
    var canFail: Bool { true }

    func step(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
        let isLate = session.server.clock.milliseconds >= deadline
        allowance.withSteps { steps in
            while steps > 0, !isComplete {
                let count = isLate ? 0 : limit - search.keys.count
                search.advance(
                    in: session.store, count: max(count, 0), buckets: KeyPage.buckets, size: KeyPage.pageSize,
                    steps: &steps)
                if isLate { break }
            }
        }
        guard isComplete || isLate && search.isSettled else { return false }
        // A follower's data may be on the way to be replaced.
        do throws(ReplyError) {
            try session.gate.admitRead()
            write(&replies)
        } catch {
            session.respond(error, form, &replies)
        }
        return true
    }

    private var isComplete: Bool {
        search.isSettled
            && (search.isAtEnd || search.keys.count >= limit || search.keys.size >= KeyPage.pageSize)
    }

    private func write(_ replies: inout ReplyQueue) {
        let store = session.store
        let seq = store.position.seq
        var body = ByteBuffer()
        body.append(json: .compact) { json in
            json.object { json in
                json.member(
                    "keys",
                    list: { json in
                        var size = 0
                        search.keys.take { key in
                            guard hasValues else { return json.object { $0.member("key", bytes: key) } }
                            show(key, &size, &json)
                        }
                    })
                json.member("cursor", search.isAtEnd ? nil : "\(search.cursor.number)")
                json.member("looked_at", search.reached)
                json.member("of", store.count)
                json.member("seq", seq)
            }
        }
        body.append("\n")
        if body.count >= Session.largeReplySize {
            guard session.hasMemoryNow(forReplyOf: body.count, &replies) else { return }
        }
        replies.depends(on: seq)
        var response = HTTPResponse(contentType: "application/json", body: body)
        response.fields = [("Puffin-Seq", "\(seq)")]
        session.respond(response, form, &replies)
    }

    /// Writes a key with its value, as long as there is room for values.
    private func show(_ key: Span<UInt8>, _ size: inout Int, _ json: inout JSONWriter) {
        let store = session.store
        let reading = store.getExpiring(key)
        // It may have been removed or have expired since it was found.
        guard let value = reading.value else { return }
        json.object { json in
            json.member("key", bytes: key)
            json.member("size", value.count)
            json.member("expires", reading.expires == 0 ? nil : reading.expires)
            guard size + value.count <= KeyPage.pageSize, mayGet(key) else { return }
            size += value.count
            json.member("etag", digest: ValueDigest(of: value))
            json.member("value", bytes: value)
        }
    }
}

extension KeyPage {
    /// Whether GET would show the key's value to the user.
    private func mayGet(_ key: Span<UInt8>) -> Bool {
        let words: InlineArray<2, Slice> = [Slice(offset: 0, size: 0), Slice(offset: 0, size: key.count)]
        return rights.may(Command.get.index, Arguments(words.span, in: key))
    }
}

extension HTTPQuery {
    fileprivate func limit() throws(HTTPError) -> Int {
        guard let text = value(of: "limit") else { return KeyPage.usualLimit }
        guard let limit = text.signedNumber, (1...KeyPage.largestLimit).contains(limit) else { throw .pageLimit }
        return limit
    }

    fileprivate func cursor() throws(HTTPError) -> ScanCursor {
        guard let text = value(of: "cursor") else { return ScanCursor() }
        guard let number = text.unsignedDecimal, number <= ScanCursor.largestNumber else { throw .cursor }
        return ScanCursor(number: number)
    }

    func truth(_ name: StaticString) throws(HTTPError) -> Bool {
        guard let text = value(of: name) else { return false }
        if text.equals("true") { return true }
        guard text.equals("false") else { throw .truth }
        return false
    }
}
