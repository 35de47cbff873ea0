// The console's files. They say nothing of the server, so they need no login: the page itself asks for one.

import Assets
import Bytes
import Commands
import Wire

/// The routes of the console's files.
enum ConsoleRoutes {
    static let all = [
        route("/", .index, "text/html; charset=utf-8"),
        route("/assets/chart.js", .chart, "text/javascript; charset=utf-8"),
        route("/assets/console.js", .console, "text/javascript; charset=utf-8"),
        route("/assets/keys.js", .keys, "text/javascript; charset=utf-8"),
        route("/assets/lists.js", .lists, "text/javascript; charset=utf-8"),
        route("/assets/log.js", .log, "text/javascript; charset=utf-8"),
        route("/assets/page.js", .page, "text/javascript; charset=utf-8"),
        route("/assets/puffin.svg", .icon, "image/svg+xml"),
        route("/assets/style.css", .style, "text/css; charset=utf-8"),
    ]

    private static func route(_ path: StaticString, _ asset: Asset, _ contentType: StaticString) -> HTTPRoute {
        HTTPRoute(
            path: path, part: .console, isPublic: true, command: .stats, parameters: nil,
            answer: .page { _, _ in
                var body = ByteBuffer()
                body.append(asset.bytes)
                var response = HTTPResponse(contentType: contentType, body: body)
                response.fields = fields
                return response
            })
    }

    /// The page loads nothing from elsewhere, sends nothing elsewhere, and is shown in no other page.
    private static let fields: [(name: StaticString, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}
