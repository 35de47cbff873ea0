// The console's files. They say nothing of the server, so they need no login: the page itself asks for one.

import Assets
import Bytes
import Commands
import Wire

/// The routes of the console's files.
enum ConsoleRoutes {
    static let all = [
        HTTPRoute(
            path: "/", part: .console, isPublic: true, command: .help, parameters: nil,
            answer: .page { _, _ in response(.index, "text/html; charset=utf-8") }),
        HTTPRoute(
            path: "/assets/", name: "{name}", part: .console, isPublic: true, command: .help,
            answer: .namedPage(file)),
    ]

    /// A file that the page names; nil if there is none of this name.
    private static func file(_ name: String) -> HTTPResponse? {
        switch name {
        case "chart.js": response(.chart, script)
        case "console.js": response(.console, script)
        case "keys.js": response(.keys, script)
        case "lists.js": response(.lists, script)
        case "log.js": response(.log, script)
        case "page.js": response(.page, script)
        case "puffin.svg": response(.icon, "image/svg+xml")
        case "style.css": response(.style, "text/css; charset=utf-8")
        default: nil
        }
    }

    private static let script: StaticString = "text/javascript; charset=utf-8"

    private static func response(_ asset: Asset, _ contentType: StaticString) -> HTTPResponse {
        var body = ByteBuffer()
        body.append(asset.bytes)
        var response = HTTPResponse(contentType: contentType, body: body)
        response.fields = fields
        return response
    }

    /// The page loads nothing from elsewhere, sends nothing elsewhere, and is shown in no other page.
    private static let fields: [(name: StaticString, value: String)] = [
        (
            "Content-Security-Policy",
            """
            default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
            form-action 'none'; frame-ancestors 'none'
            """
        ),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}
