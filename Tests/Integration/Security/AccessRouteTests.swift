import Commands
import Foundation
import OpenSSL
import TestSupport
import Testing

/// The routes of HTTP, by users with different rights and ways to log in.
@Suite("Rights over HTTP")
struct AccessRouteTests {
    /// The routes that are known here: what each takes the right to; nil for nothing.
    private static let routes: [String: Command?] = [
        "/": nil, "/assets/chart.js": nil, "/assets/console.js": nil, "/assets/keys.js": nil, "/assets/lists.js": nil,
        "/assets/log.js": nil, "/assets/page.js": nil,
        "/assets/puffin.svg": nil,
        "/assets/style.css": nil, "/healthz": nil, "/metrics": .stats, "/readyz": nil, "/status": .stats,
        "/v1/status": .stats, "/v1/status/settings": .configGet, "/v1/status/slow": .slowlogGet,
    ]

    /// A way to log in, and whom it logs in.
    private struct Login {
        let name: String
        let field: String?
        /// nil for nobody.
        var user: AccessMatrix.User?
        /// Whether it is checked at once: scrypt takes a third of a second.
        var isQuick = false

        static func basic(_ name: String, _ secret: String) -> String {
            "Authorization: Basic \(Data("\(name):\(secret)".utf8).base64EncodedString())\r\n"
        }
    }

    private func logins(_ tokens: [String: String]) -> [Login] {
        let users = AccessMatrix.users
        var logins = [
            Login(name: "nothing", field: nil, isQuick: true),
            Login(name: "a user that does not exist", field: Login.basic("stranger", "password of stranger")),
            Login(name: "no user", field: Login.basic("", "password of all")),
            Login(name: "base64 that is none", field: "Authorization: Basic YWxs!\r\n"),
            Login(name: "no colon", field: "Authorization: Basic \(Data("all".utf8).base64EncodedString())\r\n"),
            Login(name: "an empty field", field: "Authorization:\r\n"),
            Login(name: "a user who is off", field: Login.basic("former", "password of former")),
            Login(name: "an unknown scheme", field: "Authorization: Digest username=\"all\"\r\n"),
        ]
        for user in users {
            logins += [
                Login(name: "\(user.name)", field: Login.basic(user.name, user.password), user: user),
                Login(
                    name: "\(user.name), by a token", field: Login.basic(user.name, tokens[user.name] ?? ""),
                    user: user, isQuick: true),
                // A token is sent as a password; as a bearer of it nobody logs in.
                Login(name: "a bearer of \(user.name)", field: "Authorization: Bearer \(tokens[user.name] ?? "")\r\n"),
                Login(name: "\(user.name), wrongly", field: Login.basic(user.name, "wrong")),
                Login(name: "\(user.name) by another's token", field: Login.basic(user.name, tokens["other"] ?? "")),
            ]
        }
        return logins
    }

    /// Makes requests at once, each on a connection of its own: those that are refused late are refused together.
    private func statuses(_ port: UInt16, _ requests: [String]) throws -> [(status: String, body: String)] {
        var found: [(String, String)] = []
        // The service has 32 places.
        for first in stride(from: 0, to: requests.count, by: 16) {
            let connections = try requests[first..<min(first + 16, requests.count)].map { request in
                let connection = try WireConnection(port: port)
                try connection.send(request)
                return connection
            }
            for connection in connections {
                let text = try connection.receiveAll()
                let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
                found.append((String(text.prefix(12).suffix(3)), parts.count > 1 ? String(parts[1]) : ""))
            }
        }
        return found
    }

    @Test("each route answers whom it should, and nobody else; an unknown route fails this test")
    func routes() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder, "puffin.json", ["--metrics", "--metrics-port", "0"])
            let log = secured.server.log
            let found = log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//)
            let port = try #require(found.flatMap { UInt16($0.1) })
            // The answer to an unknown path lists the routes.
            let unknown = try statuses(port, ["GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])[0]
            let listed = unknown.body.split(separator: " ").map {
                $0.trimmingCharacters(in: .init(charactersIn: ",\n"))
            }
            #expect(
                unknown.status == "404" && listed.filter { $0.hasPrefix("/") }.sorted() == Self.routes.keys.sorted())
            let administrator = try secured.connect()
            let former = AccessMatrix.User(name: "former", sets: ["+@all ~*"])
            let other = AccessMatrix.User(name: "other", sets: ["+@all ~*"])
            var tokens: [String: String] = [:]
            for user in AccessMatrix.users + [former, other] {
                for words in user.making { try administrator.expect(resp(words), "+OK\r\n") }
                tokens[user.name] = try administrator.ask("ACL TOKEN \(user.name)")
            }
            try administrator.expect("ACL SETUSER former off\n", "OK\n")
            var cases: [(request: String, expected: String, name: String)] = []
            for (path, right) in Self.routes {
                // All ways to log in at one route; those that take no time at each.
                for login in logins(tokens) where Torture.isOn || path == "/metrics" || login.isQuick {
                    var expected = "200"
                    if let right {
                        let mayRun = login.user?.oracle.may(right.spec, keys: [])
                        expected = mayRun == nil ? "401" : mayRun == true ? "200" : "403"
                    }
                    for method in ["GET", "HEAD"] where Torture.isOn || method == "GET" || login.user != nil {
                        let request =
                            "\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(login.field ?? "")\r\n"
                        cases.append((request, expected, "\(method) \(path): \(login.name)"))
                    }
                }
            }
            for ((_, expected, name), answer) in zip(cases, try statuses(port, cases.map(\.request))) {
                #expect(answer.status == expected, "\(name)")
                #expect(expected == "200" || !answer.body.contains("puffin_"), "\(name): \(answer.body)")
            }
            print("requests over HTTP: \(cases.count)")
        }
    }
}
