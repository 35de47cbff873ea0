// A line of a feed of changes, as a program reads it.

import Foundation
import TestSupport
import Testing

/// One message of a feed in the line dialect.
struct ChangeLine: Equatable {
    /// One change of it.
    struct Part: Equatable {
        var op: String
        var key: String?
        var value: String?
        var expires: Int?
    }

    /// `from`, `at` or `next`; empty for a record.
    var mark = ""
    var token = ""
    var seq = 0
    var op = ""
    var parts: [Part] = []

    /// - Throws: if the line is no JSON object.
    init(_ line: String) throws {
        let object = try #require(try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        #expect(object["crc"] == nil)
        for name in ["from", "at", "next"] {
            guard let token = object[name] as? String else { continue }
            (mark, self.token) = (name, token)
            #expect(object.count == 1, "\(line)")
            return
        }
        token = try #require(object["token"] as? String, "\(line)")
        seq = try #require(object["seq"] as? Int, "\(line)")
        #expect(token.hasPrefix("\(seq)-") && object["ts"] is Int, "\(line)")
        op = try #require(object["op"] as? String, "\(line)")
        let changes = object["changes"] as? [[String: Any]] ?? [object]
        parts = changes.map { change in
            Part(
                op: change["op"] as? String ?? op, key: change["key"] as? String, value: change["value"] as? String,
                expires: change["expires"] as? Int)
        }
    }

    /// `set a=1`, `delete a`, `clear`, or several of them.
    var text: String {
        if !mark.isEmpty { return mark }
        return parts.map { part in
            part.op + (part.key.map { " \($0)" } ?? "") + (part.value.map { "=\($0)" } ?? "")
        }.joined(separator: ", ")
    }
}

/// A connection whose replies are lines of a feed.
struct ChangeLines {
    let connection: WireConnection
    private var stream: ReplyStream

    init(_ connection: WireConnection) {
        self.connection = connection
        stream = ReplyStream(connection)
    }

    /// Sends requests.
    func send(_ text: String) throws { try connection.send(text) }

    mutating func line() throws -> String {
        let line = try #require(try stream.nextLine(), "the connection has ended")
        return String(decoding: line, as: UTF8.self)
    }

    mutating func next() throws -> ChangeLine { try ChangeLine(line()) }

    /// The next lines, as texts.
    mutating func texts(_ count: Int) throws -> [String] { try (0..<count).map { _ in try next().text } }

    /// The reply to a CHANGES … LIMIT.
    mutating func page(_ request: String) throws -> (next: String, changes: [ChangeLine]) {
        try send(request + "\n")
        return try page()
    }

    mutating func page() throws -> (next: String, changes: [ChangeLine]) {
        let first = try next()
        #expect(first.mark == "next")
        var changes: [ChangeLine] = []
        while true {
            let line = try line()
            if line == "END" { return (first.token, changes) }
            changes.append(try ChangeLine(line))
        }
    }
}
