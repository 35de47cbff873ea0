// Error replies that mean something to a client, and what all errors say.

import PuffinClient
import Testing

@Suite("Client: errors", .timeLimit(.minutes(10)))
struct ClientErrorTests {
    @Test("a follower's refusal names the leader, if the server knows it")
    func readOnly() async throws {
        let cases: [(String, ServerAddress?)] = [
            ("Read-only follower; write to 10.0.0.2:8080", ServerAddress(host: "10.0.0.2", port: 8080)),
            ("Schreib woanders hin", ServerAddress(host: "::1", port: 8081)),
            ("You can't write against a read only replica.", nil),
            ("Write to 10.0.0.2:8080 to change it", nil),
            ("Only its leader= knows", nil),
        ]
        for (message, leader) in cases {
            let field = leader.map { " leader=\($0)" } ?? ""
            try await withClient(rule: { _ in "-READONLY \(message)\(field)\r\n" }) { server, client in
                await expect(.readOnly(at: server.address, leader: leader, message: message)) {
                    try await client.set("k", "v")
                }
            }
        }
    }

    @Test("what the server does not know itself is an unknown outcome; a lack of acknowledgements is another error")
    func uncertain() async throws {
        for code in ["UNKNOWN", "SUPERSEDED"] {
            try await withClient(rule: { _ in "-\(code) any words\r\n" }) { server, client in
                let error = PuffinError.outcomeUnknown(at: server.address, .server(code: code, message: "any words"))
                #expect(error.mayHaveRun)
                await expect(error) { try await client.set("k", "v") }
                await expect(error) { _ = try await client.execute("SOMETHING", "k") }
                // A read has changed nothing, whatever happened to the change that it would have reported.
                await expect(.server(code: code, message: "any words")) { _ = try await client.get("k") }
            }
        }
        // A refusal is recognized whatever its words are.
        try await withClient(rule: { _ in "-READONLY Not kept, perhaps\r\n" }) { server, client in
            await expect(.readOnly(at: server.address, leader: nil, message: "Not kept, perhaps")) {
                try await client.set("k", "v")
            }
        }
        try await withClient(rule: { _ in "-UNACKED Written here\r\n" }) { server, client in
            await expect(.unacknowledged(message: "Written here")) {
                try await client.set("k", "v")
            }
        }
    }

    @Test("an invalid address is refused with what was expected")
    func address() {
        let message =
            "\"localhost:x\" is not an address: the port is a number from 1 to 65535; expected host:port, such as localhost:8080, :8080 or [::1]:8080"
        #expect(throws: PuffinError.invalidAddress(message)) { try Client("localhost:x") }
        #expect(throws: PuffinError.self) { try Client("localhost", followers: [""]) }
        #expect((try? ServerAddress("[::1]"))?.description == "[::1]:8080")
    }

    @Test("each error is one line that says what happened, and whether something may have changed")
    func descriptions() {
        let server = ServerAddress(host: "localhost")
        let errors: [(PuffinError, String, mayHaveRun: Bool)] = [
            (
                .cannotConnect(to: server, reason: "Connection refused"),
                "cannot connect to localhost:8080: Connection refused", false
            ),
            (
                .timedOut(at: server, after: .seconds(5)),
                "localhost:8080 did not answer within 5.0 seconds; nothing has changed", false
            ),
            (.cancelled, "the request was cancelled; nothing has changed", false),
            (.closed, "the client is closed", false),
            (
                .outcomeUnknown(at: server, .timedOut(after: .seconds(5))),
                "no reply came within 5.0 seconds at localhost:8080, after the request was sent; it may or may not have been carried out",
                true
            ),
            (
                .outcomeUnknown(at: server, .connectionLost(reason: "the server closed it")),
                "the connection was lost (the server closed it) at localhost:8080, after the request was sent; it may or may not have been carried out",
                true
            ),
            (.connectionLost(to: server, reason: "reset"), "the connection to localhost:8080 is lost: reset", false),
            (.readOnly(at: server, leader: nil, message: "m"), "READONLY m", false),
            (.unacknowledged(message: "m"), "UNACKED m", true),
            (.server(code: "ERR", message: "syntax error"), "syntax error", false),
            (.server(code: "OOM", message: "m"), "OOM m", false),
            (
                .unexpectedReply(to: "GET", .integer(1)),
                "the server answered GET with integer(1), which is not a valid reply", true
            ),
            (.notConvertible(to: "Int"), "the value's bytes are not a valid Int", false),
            (.malformedReply(from: server, reason: "r"), "localhost:8080 is not a Puffin server: r", true),
            (.overloaded(limit: 2), "2 requests are already waiting; send fewer at once or raise waitingLimit", false),
            (
                .notSupported(command: "MONITOR"),
                "MONITOR cannot be sent over connections that are shared: replies would no longer match requests", false
            ),
            (.emptyRequest, "the request is empty; a command needs a name, and setAll and deleteAll a key", false),
            (.outOfResources(reason: "r"), "the client cannot start: r", false),
        ]
        for (error, text, mayHaveRun) in errors {
            #expect(error.description == text)
            #expect(error.mayHaveRun == mayHaveRun, "\(error)")
        }
    }
}
