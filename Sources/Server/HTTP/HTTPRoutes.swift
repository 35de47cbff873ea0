// The resources of the HTTP service: each path once, with what it answers.

import Access
import Bytes
import Commands
import Wire

/// A resource. It answers GET and HEAD; a body is dropped.
struct HTTPRoute: Sendable {
    let path: StaticString
    /// Whether it answers also those who have not logged in: what keeps a server alive must not need a password.
    var isPublic = false
    /// The command whose right it takes.
    let command: Command
    /// Called in a turn of the loop; it must not block.
    let answer: @Sendable (_ server: Server, _ query: borrowing HTTPQuery, _ rights: AccessRights) -> HTTPResponse
}

/// The routes.
enum HTTPRoutes {
    static let all =
        [
            HTTPRoute(path: "/healthz", isPublic: true, command: .stats) { server, _, _ in server.health() },
            HTTPRoute(path: "/metrics", command: .stats) { server, _, _ in
                HTTPResponse(contentType: MetricsText.contentType, body: server.metricsPage())
            },
            HTTPRoute(path: "/readyz", isPublic: true, command: .stats) { server, query, _ in server.readiness(query) },
            HTTPRoute(path: "/status", command: .stats) { server, query, _ in server.statusPage(query) },
            HTTPRoute(path: "/v1/status", command: .stats) { server, query, _ in server.statusPage(query) },
            HTTPRoute(path: "/v1/status/settings", command: .configGet) { server, _, _ in server.settingsPage() },
            HTTPRoute(path: "/v1/status/slow", command: .slowlogGet) { server, _, rights in server.slowPage(rights) },
        ] + ConsoleRoutes.all

    /// The route of a path, which is compared byte by byte.
    static func find(_ path: Span<UInt8>) -> HTTPRoute? { all.first { path.equals($0.path) } }
}

extension HTTPResponse {
    /// For a path without a route.
    static func notFound() -> HTTPResponse {
        let paths = HTTPRoutes.all.map { "\($0.path)" }.joined(separator: ", ")
        return HTTPResponse(status: 404, text: "Not found; there are \(paths)")
    }

    /// For a method that a route does not have.
    static func notAllowed() -> HTTPResponse {
        var response = HTTPResponse(status: 405, text: "Method not allowed; there are GET and HEAD")
        response.fields = [("Allow", "GET, HEAD")]
        return response
    }

    /// For a client that must log in.
    static func notLoggedIn() -> HTTPResponse {
        var response = HTTPResponse(
            status: 401, text: "Log in first: with Basic authentication, as a user and a password")
        response.fields = [("WWW-Authenticate", "Basic realm=\"puffin\", charset=\"UTF-8\"")]
        return response
    }

    /// For a login before it is known who the users are.
    static func usersNotLoaded() -> HTTPResponse {
        HTTPResponse(status: 503, text: "Users are still being loaded; try again")
    }

    /// For a login that must be recorded, and cannot be.
    static func notAudited() -> HTTPResponse {
        HTTPResponse(status: 503, text: "The audit cannot be written, so nobody can log in; /readyz says why")
    }

    /// For a user without the right.
    static func notPermitted() -> HTTPResponse {
        HTTPResponse(status: 403, text: "This user has no right to it; it takes that to STATS (@monitor)")
    }

    /// For a request that there is no memory for.
    static func outOfMemory() -> HTTPResponse {
        HTTPResponse(status: 503, text: "The memory limit is reached; try again later")
    }
}
