// The resources of the HTTP service: a row for each method of each path. What a row says (the rights that it takes, the
// part of the service, its parameters) is checked before its answer is made. docs/openapi.json describes the same rows.

import Access
import Bytes
import Commands
import Wire

/// A method of a resource.
struct HTTPRoute: Sendable {
    /// What answers a request.
    enum Answer: Sendable {
        /// A page of the server's own: it is made at once, and does not depend on changes.
        case page(@Sendable (_ server: Server, _ query: borrowing HTTPQuery) -> HTTPResponse)
        /// The same, where it depends on the user what it shows.
        case list(@Sendable (_ server: Server, _ rights: AccessRights) -> HTTPResponse)
        /// The same for a path that ends with a name; nil if there is no such page.
        case namedPage(@Sendable (_ name: String) -> HTTPResponse?)
        /// What stands for commands: it runs them, with their admission, and its reply is held like theirs.
        case request(@Sendable (_ session: Session, _ request: HTTPRequest, _ replies: inout ReplyQueue) -> Void)
    }

    /// `get` answers HEAD too.
    var method = HTTPMethod.get
    /// The path, or what it begins with: see `name`.
    let path: StaticString
    /// The name of what follows `path`, in braces: a key, decoded once, of which a slash is a part. Empty if nothing does.
    var name: StaticString = ""
    let part: HTTPPart
    /// Whether it answers also those who have not logged in: what keeps a server alive must not need a password.
    var isPublic = false
    /// The command whose right it takes. A request for `request` checks that itself, with its keys.
    let command: Command
    /// The parameters of the query that it knows; nil to ignore unknown ones.
    var parameters: [StaticString]? = []
    /// The type of its body: none, a value of any type, or JSON of at most so many bytes.
    var body = HTTPBodyKind.none
    let answer: Answer

    /// Its path as the API's description has it: `/v1/keys/{key}`.
    var template: String { "\(path)\(name)" }
    var fullName: String { "\(method.name) \(template)" }
    /// Whether something follows `path`.
    var hasName: Bool { name.utf8CodeUnitCount > 0 }

    /// Whether it is at a path.
    func isAt(_ path: Span<UInt8>) -> Bool {
        hasName
            ? path.count > self.path.utf8CodeUnitCount && path.starts(with: self.path) : path.equals(self.path)
    }
}

/// What a route takes as its body.
enum HTTPBodyKind: Sendable {
    case none
    /// The bytes of a value.
    case value
    case json(limit: Int)
}

/// The routes.
package enum HTTPRoutes {
    /// Each as the API's description has it: `GET /v1/keys/{key}`.
    package static var names: [String] { all.map(\.fullName) }
    /// Of those that refuse unknown parameters, the known ones.
    package static var parameters: [(name: String, parameters: [String])] {
        all.compactMap { route in route.parameters.map { (route.fullName, $0.map { "\($0)" }) } }
    }
    /// The names of the problems, which have pages.
    package static var problems: [String] { HTTPProblem.allCases.map(\.rawValue) }

    /// In the order of their paths; those of one path are neighbours.
    static let all: [HTTPRoute] =
        [
            HTTPRoute(
                path: "/healthz", part: .health, isPublic: true, command: .stats, parameters: nil,
                answer: .page { server, _ in server.health() }),
            HTTPRoute(
                path: "/metrics", part: .metrics, command: .stats, parameters: nil,
                answer: .page { server, _ in
                    HTTPResponse(contentType: MetricsText.contentType, body: server.metricsPage())
                }),
            HTTPRoute(
                path: "/readyz", part: .health, isPublic: true, command: .stats, parameters: nil,
                answer: .page { $0.readiness($1) }),
            HTTPRoute(
                method: .post, path: "/v1/batch", part: .api, command: .exec, body: .json(limit: HTTPLimits.jsonSize),
                answer: .request(BatchResource.post)),
            HTTPRoute(
                path: "/v1/changes", part: .changes, command: .changes,
                parameters: ["from", "limit", "prefix", "raw", "wait"], answer: .request(ChangesResource.get)),
            HTTPRoute(
                method: .post, path: "/v1/commands", part: .api, command: .command,
                body: .json(limit: HTTPLimits.jsonSize), answer: .request(CommandResource.post)),
            HTTPRoute(
                path: "/v1/keys", part: .api, command: .scan, parameters: ["prefix", "cursor", "limit", "values"],
                answer: .request(KeyPage.get)),
            HTTPRoute(
                path: "/v1/keys/", name: "{key}", part: .api, command: .get, answer: .request(KeyResource.get)),
            HTTPRoute(
                method: .put, path: "/v1/keys/", name: "{key}", part: .api, command: .set, parameters: ["ttl"],
                body: .value, answer: .request(KeyResource.put)),
            HTTPRoute(
                method: .delete, path: "/v1/keys/", name: "{key}", part: .api, command: .del,
                answer: .request(KeyResource.delete)),
            HTTPRoute(
                path: "/v1/openapi.json", part: .api, isPublic: true, command: .help,
                answer: .page { _, _ in .description() }),
            HTTPRoute(
                path: "/v1/problems/", name: "{name}", part: .api, isPublic: true, command: .help,
                answer: .namedPage(HTTPResponse.explanation)),
            HTTPRoute(
                path: "/status", part: .status, command: .stats, parameters: ["since"],
                answer: .page { $0.statusPage($1) }),
            HTTPRoute(
                path: "/v1/status", part: .status, command: .stats, parameters: ["since"],
                answer: .page { $0.statusPage($1) }),
            HTTPRoute(
                path: "/v1/status/settings", part: .status, command: .configGet,
                answer: .page { server, _ in server.settingsPage() }),
            HTTPRoute(
                path: "/v1/status/slow", part: .status, command: .slowlogGet, answer: .list { $0.slowPage($1) }),
        ] + ConsoleRoutes.all

    /// Found without a search of the table.
    private static let keyPlace =
        all.firstIndex { $0.path.utf8CodeUnitCount == 9 && $0.hasName && $0.method == .get } ?? 0

    /// What a path and a method have.
    enum Found {
        /// A place in `all`.
        case route(Int)
        /// The path has other methods.
        case otherMethods([HTTPRoute])
        case nothing
    }

    /// The route of a request. Paths are compared byte by byte.
    static func find(_ method: HTTPMethod, _ path: Span<UInt8>) -> Found {
        let method = method == .head ? .get : method
        if method == .get, path.count > 9, path.starts(with: "/v1/keys/") { return .route(keyPlace) }
        var others: [HTTPRoute] = []
        for (place, route) in all.enumerated() where route.isAt(path) {
            if route.method == method { return .route(place) }
            others.append(route)
        }
        return others.isEmpty ? .nothing : .otherMethods(others)
    }
}

extension HTTPMethod {
    /// Its name in a request.
    var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .put: "PUT"
        case .post: "POST"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other: "other"
        }
    }
}
