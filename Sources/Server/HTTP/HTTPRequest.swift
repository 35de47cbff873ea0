// A request as its route sees it: the head, the fields that matter, and the arguments of the command that it stands for.

import Bytes
import Wire

/// Where the fields of a request are that the server uses, found in one pass: -1 for those that are not sent.
struct HTTPRequestFields {
    private(set) var accept = -1
    private(set) var after = -1
    private(set) var authorization = -1
    private(set) var contentType = -1
    private(set) var ifMatch = -1
    private(set) var ifNoneMatch = -1
    private(set) var lastEventID = -1
    private(set) var origin = -1

    /// - Throws: `HTTPError` if a field is sent twice that has one value: a proxy may have checked the other one.
    init(_ head: HTTPHead) throws(HTTPError) {
        for index in 0..<head.fieldCount {
            let name = head.fieldName(at: index)
            // Names of other sizes are not compared.
            switch name.count {
            case 6:
                if name.equalsIgnoringCase("ACCEPT") {
                    if accept < 0 { accept = index }
                } else if name.equalsIgnoringCase("ORIGIN") {
                    try HTTPRequestFields.set(&origin, index)
                }
            case 8:
                if name.equalsIgnoringCase("IF-MATCH"), ifMatch < 0 { ifMatch = index }
            case 12:
                if name.equalsIgnoringCase("CONTENT-TYPE") {
                    try HTTPRequestFields.set(&contentType, index)
                } else if name.equalsIgnoringCase("PUFFIN-AFTER") {
                    try HTTPRequestFields.set(&after, index)
                }
            case 13:
                if name.equalsIgnoringCase("AUTHORIZATION") {
                    try HTTPRequestFields.set(&authorization, index)
                } else if name.equalsIgnoringCase("IF-NONE-MATCH") {
                    if ifNoneMatch < 0 { ifNoneMatch = index }
                } else if name.equalsIgnoringCase("LAST-EVENT-ID") {
                    try HTTPRequestFields.set(&lastEventID, index)
                }
            default: break
            }
        }
    }

    /// Whether a condition compares the value, rather than asking only whether there is one.
    func compareValue(_ head: HTTPHead) -> Bool {
        for index in [ifMatch, ifNoneMatch] where index >= 0 {
            if !head.fieldValue(at: index).equals("*") { return true }
        }
        return false
    }

    private static func set(_ field: inout Int, _ index: Int) throws(HTTPError) {
        guard field < 0 else { throw .repeatedField }
        field = index
    }
}

/// A request whose head is admitted, lent for the duration of one call.
struct HTTPRequest: ~Escapable {
    let head: HTTPHead
    let fields: HTTPRequestFields
    /// What is said about the answer and the connection.
    let form: HTTPForm
    /// The command's arguments: a name, and the key and the value where the route has them.
    let arguments: Arguments
    let body: Span<UInt8>

    @_lifetime(copy head, copy arguments, copy body)
    init(
        _ head: HTTPHead, _ fields: HTTPRequestFields, _ form: HTTPForm, _ arguments: Arguments, body: Span<UInt8>
    ) {
        self.head = head
        self.fields = fields
        self.form = form
        self.arguments = arguments
        self.body = body
    }

    /// The parameters of the query.
    func query() throws(HTTPError) -> HTTPQuery { try head.parsedQuery() }
}

extension HTTPHead {
    /// The parameters of the query; without one there are none.
    func parsedQuery() throws(HTTPError) -> HTTPQuery {
        guard let text = query else { return try HTTPQuery(target.extracting(0..<0)) }
        return try HTTPQuery(text)
    }
}

/// What the answer to a request looks like, whatever it says.
struct HTTPForm {
    var method = HTTPMethod.other
    var persistence = HTTPPersistence.open
    /// The place of its route in `HTTPRoutes.all`; -1 for none.
    var route = -1
    /// The origin whose pages may read the answer.
    var origin: String?

    /// Whether the answer has no body (RFC 9110, section 9.3.2).
    var isForHead: Bool { method == .head }
    var dialect: ReplyDialect { isForHead ? .httpHead : .http }
}
