import Commands
import Foundation
import OpenSSL
import Server
import TestSupport
import Testing

/// The routes of HTTP, by users with different rights and ways to log in.
@Suite("Rights over HTTP")
struct AccessRouteTests {
    /// The pages that are known here: what each takes the right to; nil for nothing.
    private static let pages: [String: Command?] = [
        "/": nil, "/assets/{name}": nil, "/healthz": nil, "/metrics": .stats, "/readyz": nil, "/status": .stats,
        "/v1/openapi.json": nil,
        "/v1/problems/{name}": nil, "/v1/status": .stats, "/v1/status/settings": .configGet,
        "/v1/status/slow": .slowlogGet,
    ]
    /// The routes that stand for commands, with those.
    private static let commands: [String: Command] = [
        "POST /v1/batch": .exec, "GET /v1/changes": .changes, "POST /v1/commands": .command, "GET /v1/keys": .scan,
        "GET /v1/keys/{key}": .get,
        "PUT /v1/keys/{key}": .set, "DELETE /v1/keys/{key}": .del,
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
                Login(
                    name: "a bearer of \(user.name)", field: "Authorization: Bearer \(tokens[user.name] ?? "")\r\n",
                    user: user),
                Login(name: "a bearer of \(user.name)'s password", field: "Authorization: Bearer \(user.password)\r\n"),
                Login(name: "\(user.name), wrongly", field: Login.basic(user.name, "wrong")),
                Login(name: "\(user.name) by another's token", field: Login.basic(user.name, tokens["other"] ?? "")),
            ]
        }
        return logins
    }

    /// Makes requests at once, each on a connection of its own: those that are refused late are refused together.
    private func statuses(_ port: UInt16, _ requests: [String]) throws -> [(status: String, body: String)] {
        var found: [(String, String)] = []
        // The service has 256 places.
        for first in stride(from: 0, to: requests.count, by: 64) {
            let connections = try requests[first..<min(first + 64, requests.count)].map { request in
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
            // A route that is not known here fails this test.
            let known = Self.pages.keys.map { "GET \($0)" } + Self.commands.keys
            #expect(HTTPRoutes.names.sorted() == known.sorted())
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
            for (template, right) in Self.pages {
                let name = template.hasPrefix("/assets/") ? "style.css" : "loading"
                let path = template.replacingOccurrences(of: "{name}", with: name)
                // All ways to log in at one page; those that take no time at each.
                for login in logins(tokens) where Torture.isOn || path == "/metrics" || login.isQuick {
                    var expected = "200"
                    if let right {
                        let mayRun = login.user?.oracle.may(right.spec, keys: [])
                        expected = mayRun == nil ? "401" : mayRun == true ? "200" : "403"
                    }
                    for method in ["GET", "HEAD"] where Torture.isOn || method == "GET" || login.user != nil {
                        let request =
                            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(login.field ?? "")\r\n"
                        cases.append((request, expected, "\(method) \(path): \(login.name)"))
                    }
                }
            }
            for ((_, expected, name), answer) in zip(cases, try statuses(port, cases.map(\.request))) {
                #expect(answer.status == expected, "\(name)")
                #expect(expected == "200" || !answer.body.contains("puffin_"), "\(name): \(answer.body)")
            }
            print("requests for pages over HTTP: \(cases.count)")
            try askForKeys(port, administrator)
        }
    }

    /// Every route that stands for a command, as every user, with every key that has a path.
    private func askForKeys(_ port: UInt16, _ administrator: WireConnection) throws {
        var cases: [(request: String, expected: [String], name: String)] = []
        func add(_ route: String, _ path: String, _ user: AccessMatrix.User?, _ expected: [String], _ key: String) {
            let method = String(route.prefix { $0 != " " })
            let login = user.map { Login.basic($0.name, $0.password) } ?? ""
            let body = method == "PUT" ? "Content-Length: 1\r\n" : ""
            let end = method == "PUT" ? "v" : ""
            cases.append(
                (
                    "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(login)\(body)\r\n\(end)",
                    expected, "\(route) of \(key) by \(user?.name ?? "nobody")"
                ))
        }
        let keys = AccessMatrix.keys.filter { !$0.isEmpty }
        for user in AccessMatrix.users.map(Optional.some) + [nil] {
            for (route, command) in Self.commands.sorted(by: { $0.key < $1.key }) where !route.hasPrefix("POST") {
                let allowed =
                    route.hasPrefix("PUT")
                    ? ["201", "204"] : route.hasPrefix("DEL") ? ["204", "404"] : ["200", "404"]
                guard route.hasSuffix("{key}") else {
                    let may = user.map { $0.oracle.may(command.spec, keys: []) }
                    let isAllowed: Bool?
                    if command == .changes, may == true {
                        // A feed of all keys takes the right to read all of them.
                        isAllowed = user?.oracle.showsAll(command.spec, withPrefix: [])
                    } else {
                        isAllowed = may
                    }
                    let expected = isAllowed == nil ? ["401"] : isAllowed == true ? ["200"] : ["403"]
                    let path = command == .changes ? "/v1/changes?limit=1" : "/v1/keys"
                    add(route, path, user, expected, "all keys")
                    continue
                }
                for key in keys {
                    let path = "/v1/keys/" + key.map { "%" + String(format: "%02X", $0) }.joined()
                    let may = user.map { $0.oracle.may(command.spec, keys: [key]) }
                    add(route, path, user, may == nil ? ["401"] : may == true ? allowed : ["403"], "\(key)")
                }
            }
        }
        for ((_, expected, name), answer) in zip(cases, try statuses(port, cases.map(\.request))) {
            #expect(expected.contains(answer.status), "\(name): \(answer.status)")
        }
        print("requests for keys over HTTP: \(cases.count)")
        try listKeys(port, administrator)
        try runCommands(port)
    }

    /// A listing shows the keys that its user may read, and the values of those that GET may.
    private func listKeys(_ port: UInt16, _ administrator: WireConnection) throws {
        let keys = AccessMatrix.keys.filter { !$0.isEmpty && String(validating: $0, as: UTF8.self) != nil }
        for key in keys {
            try administrator.expect(resp("SET", String(decoding: key, as: UTF8.self), "secret"), "+OK\r\n")
        }
        let end = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        for user in AccessMatrix.users where user.oracle.may(Command.scan.spec, keys: []) {
            let login = Login.basic(user.name, user.password)
            let answers = try statuses(
                port, ["GET /v1/keys \(end)\(login)\r\n", "GET /v1/keys?values=true \(end)\(login)\r\n"])
            let mayGet = user.oracle.may(Command.get.spec, keys: [])
            #expect(answers[0].status == "200" && answers[1].status == (mayGet ? "200" : "403"), "\(user.name)")
            for key in keys {
                let name = "\"key\":\"\(String(decoding: key, as: UTF8.self))\""
                let isShown = user.oracle.shows(Command.scan.spec, key)
                #expect(answers[0].body.contains(name + "}") == isShown, "\(user.name): \(name)")
                guard mayGet else { continue }
                let item = answers[1].body.components(separatedBy: "{").first { $0.contains(name + ",") } ?? ""
                #expect(item.isEmpty != isShown, "\(user.name): \(name)")
                let hasValue = isShown && user.oracle.may(Command.get.spec, keys: [key])
                #expect(item.contains("secret") == hasValue, "\(user.name): \(item)")
            }
        }
    }

    /// A command over HTTP, and an operation of a batch, take the rights that they take anywhere.
    private func runCommands(_ port: UInt16) throws {
        var cases: [(request: String, expected: String, name: String)] = []
        func add(_ path: String, _ body: String, _ user: AccessMatrix.User?, _ may: Bool?, _ name: String) {
            let login = user.map { Login.basic($0.name, $0.password) } ?? ""
            cases.append(
                (
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(login)\r\n\(body)",
                    may == nil ? "401" : may == true ? "200" : "403", "\(name) by \(user?.name ?? "nobody")"
                ))
        }
        let keys = AccessMatrix.keys.compactMap { $0.isEmpty ? nil : String(validating: $0, as: UTF8.self) }
        for user in AccessMatrix.users.map(Optional.some) + [nil] {
            for key in keys {
                let bytes = Array(key.utf8)
                for command in [Command.get, .set, .append, .incr, .strlen, .dbsize, .stats, .configGet, .aclList] {
                    let words: [String] =
                        switch command {
                        case .get, .strlen: [command.spec.fullName, key]
                        case .incr: ["INCR", key + "n"]
                        case .set, .append: [command.spec.fullName, key, "1"]
                        case .configGet: ["CONFIG", "GET", "maxmemory"]
                        case .aclList: ["ACL", "LIST"]
                        default: [command.spec.fullName]
                        }
                    let used = command == .incr ? Array((key + "n").utf8) : bytes
                    let may = user?.oracle.may(command.spec, keys: command.spec.keys == .none ? [] : [used])
                    let body = try String(decoding: JSONEncoder().encode(words), as: UTF8.self)
                    add("/v1/commands", body, user, may, body)
                }
                let name = try String(decoding: JSONEncoder().encode(key), as: UTF8.self)
                for (operation, command) in [("get", Command.get), ("set", .set)] {
                    let value = operation == "set" ? #","value":"1""# : ""
                    let may = user?.oracle.may(command.spec, keys: [bytes])
                    add(
                        "/v1/batch", #"{"operations":[{"op":"\#(operation)","key":\#(name)\#(value)}]}"#, user, may,
                        "\(operation) \(key)")
                }
            }
        }
        for ((_, expected, name), answer) in zip(cases, try statuses(port, cases.map(\.request))) {
            #expect(answer.status == expected, "\(name): \(answer.body)")
        }
        print("commands over HTTP: \(cases.count)")
    }
}
