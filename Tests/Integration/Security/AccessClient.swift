// A client of the tests of rights: it asks in one dialect, and knows a refusal when it reads one.

import TestSupport

/// A connection of a user, which speaks one of the dialects.
struct AccessClient {
    enum Dialect: String, CaseIterable, Sendable { case line, resp }

    let connection: WireConnection
    let dialect: Dialect
    private let user: AccessMatrix.User
    private var stream: ReplyStream
    private var marks = 0

    /// Connects and logs in.
    init(_ server: ServerProcess, _ user: AccessMatrix.User, _ dialect: Dialect) throws {
        connection = try server.connect()
        (self.user, self.dialect) = (user, dialect)
        stream = ReplyStream(connection)
        try connection.expect(resp("AUTH", user.name, user.password), "+OK\r\n")
    }

    /// Sends a request and reads its reply.
    /// - Returns: whether that is a refusal for lack of rights.
    mutating func isRefused(_ request: AccessMatrix.Request) throws -> Bool { try isRefused(form(request)) }

    /// Sends bytes in the connection's dialect and reads one reply.
    mutating func isRefused(_ bytes: [UInt8]) throws -> Bool {
        switch dialect {
        case .resp:
            try connection.send(bytes)
            return isRefusal(try reply())
        case .line: return isRefusal(try lines(bytes).first ?? "")
        }
    }

    /// Sends a request of which one line is the reply: inside MULTI.
    mutating func isRefusedWhenQueued(_ request: AccessMatrix.Request) throws -> Bool {
        try connection.send(form(request))
        switch dialect {
        case .resp: return isRefusal(try reply())
        case .line: return isRefusal(try line())
        }
    }

    /// A request in this dialect, whole.
    func form(_ request: AccessMatrix.Request, behind first: String? = nil) -> [UInt8] {
        switch dialect {
        case .resp: first.map { request.array(behind: "AFTER", $0) } ?? request.array()
        case .line: (first.map { Array("AFTER \($0) ".utf8) } ?? []) + (request.line ?? []) + Array("\n".utf8)
        }
    }

    /// A request of words.
    func form(_ words: String...) -> [UInt8] {
        Array((dialect == .resp ? resp(words) : words.joined(separator: " ") + "\n").utf8)
    }

    /// The next reply of RESP.
    mutating func reply() throws -> WireReply {
        guard let reply = try stream.next() else { throw WireError(description: "the connection has ended") }
        return reply
    }

    mutating func line() throws -> String {
        guard let line = try stream.nextLine() else { throw WireError(description: "the connection has ended") }
        return String(decoding: line, as: UTF8.self)
    }

    /// The lines of a reply, which may be any number: the error of a name that no command has ends them.
    mutating func lines(_ bytes: [UInt8]) throws -> [String] {
        marks += 1
        let mark = "ERROR: Unknown command \"mark-\(marks)\""
        try connection.send(bytes + Array("mark-\(marks)\n".utf8))
        var lines: [String] = []
        while true {
            let line = try line()
            if line.hasPrefix(mark) { return lines }
            lines.append(line)
        }
    }

    /// What comes next, as a text.
    mutating func next() throws -> String { try dialect == .line ? line() : "\(reply())" }

    func isRefusal(_ reply: WireReply) -> Bool {
        if case .error(let text) = reply { return text.hasPrefix("NOPERM ") }
        return false
    }

    func isRefusal(_ line: String) -> Bool { line.hasPrefix("ERROR: \(user.name) may not ") }
}
