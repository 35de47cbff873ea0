// What is answered: a response as a whole, and the reason of a refusal.

import Bytes
import Commands
import Wire

/// A whole response of the HTTP service.
struct HTTPResponse: ~Copyable {
    /// The status code, such as 200.
    var status: Int
    var contentType: StaticString?
    var body: ByteBuffer
    /// Further fields, such as `Allow`.
    var fields: [(name: StaticString, value: String)] = []

    init(
        status: Int = 200, contentType: StaticString? = "text/plain; charset=utf-8", body: consuming ByteBuffer
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A response without a body.
    init(status: Int) { self.init(status: status, contentType: nil, body: ByteBuffer()) }

    /// A short text; a line feed is appended.
    init(status: Int = 200, text: String) {
        var body = ByteBuffer()
        body.append(text: text)
        body.append("\n")
        self.init(status: status, body: body)
    }

    init(_ refusal: HTTPRefusal) {
        var body = ByteBuffer()
        body.append(
            problem: refusal.problem, detail: refusal.detail, code: refusal.code, leader: refusal.leader,
            index: refusal.index)
        self.init(status: refusal.problem.status, contentType: HTTPProblem.contentType, body: body)
        if let (name, value) = refusal.problem.field { fields.append((name, "\(value)")) }
        if let methods = refusal.methods { fields.append(("Allow", methods)) }
        if let seq = refusal.seq { fields.append(("Puffin-Seq", "\(seq)")) }
    }
}

/// Why a request gets a problem instead of what it asked for.
struct HTTPRefusal: Error {
    let problem: HTTPProblem
    /// One sentence: what happened, to what, and what was expected.
    let detail: String
    /// The code of the error in RESP; nil if RESP does not have it.
    var code: String?
    /// Where clients reach the leader.
    var leader: String?
    /// The methods that the resource has.
    var methods: String?
    /// The change that the answer depends on.
    var seq: UInt64?
    /// The operation of a batch, from 0.
    var index: Int?

    init(_ problem: HTTPProblem, _ detail: String) {
        self.problem = problem
        self.detail = detail
    }

    init(_ error: ReplyError) {
        self.init(error.problem, error.line)
        code = error.kind
        leader = error.leader
    }

    init(_ error: HTTPError) { self.init(error.problem, "\(error.reason)") }
}

extension HTTPRefusal {
    /// For a path without a route.
    static var noResource: HTTPRefusal {
        HTTPRefusal(.noResource, "There is no such path; /v1/openapi.json has those that there are")
    }

    /// For a method that a resource does not have.
    static func methodNotAllowed(_ routes: [HTTPRoute]) -> HTTPRefusal {
        let methods = routes.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.name] }
        let names = methods.joined(separator: ", ")
        var refusal = HTTPRefusal(.methodNotAllowed, "\(routes[0].template) has \(names) only")
        refusal.methods = names
        return refusal
    }

    /// For a client that must log in.
    static var notLoggedIn: HTTPRefusal {
        var refusal = HTTPRefusal(
            .notLoggedIn,
            "Log in first: with Basic authentication, as a user and a password, or as the bearer of a token")
        refusal.code = ErrorCode.notLoggedIn.rawValue
        return refusal
    }

    /// For a name and a secret that are not those of a user.
    static var wrongPassword: HTTPRefusal {
        var refusal = HTTPRefusal(.notLoggedIn, "There is no user with this name and this password or token")
        refusal.code = ErrorCode.wrongPassword.rawValue
        return refusal
    }

    /// For a login before it is known who the users are.
    static var usersNotLoaded: HTTPRefusal {
        HTTPRefusal(ReplyError("Users are still being loaded; try again", code: .loading))
    }

    /// For a user without the right to a page.
    static func notPermitted(_ command: Command) -> HTTPRefusal {
        HTTPRefusal(
            ReplyError("This user has no right to it; it takes that to \(command.spec.fullName)", code: .notPermitted))
    }
}
