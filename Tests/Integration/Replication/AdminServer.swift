// Servers as an operator has them: each with its own port, files and options, which outlast its process.

import Foundation
import TestSupport

/// A server that can be stopped, killed and started again.
final class AdminServer {
    let port: UInt16
    private let data: String
    private var options: [String]
    private(set) var process: ServerProcess

    /// Starts a server.
    /// - Parameters:
    ///   - data: the path that names its data set.
    ///   - port: 0 takes a free one, which it keeps.
    init(_ data: String, _ options: [String] = [], port: UInt16 = 0) throws {
        process = try ServerProcess(arguments: ["--port", "\(port)", "--data", data] + options)
        self.port = process.port
        self.data = data
        self.options = options
    }

    /// `127.0.0.1:<port>`
    var address: String { "127.0.0.1:\(port)" }
    var log: String { process.log }

    /// Starts it again after it has ended, with other options where there are any.
    func start(_ options: [String]? = nil) throws {
        if let options { self.options = options }
        process = try ServerProcess(arguments: ["--port", "\(port)", "--data", data] + self.options)
    }

    /// Asks it to stop, waits, and starts it again.
    func restart(_ options: [String]? = nil) throws {
        _ = process.stop()
        try start(options)
    }

    /// Sends lines on a connection of their own.
    /// - Returns: as many reply lines.
    func ask(_ lines: String...) throws -> [String] {
        let client = try process.connect()
        return try lines.map { try client.ask($0) }
    }

    /// The figures of STATS, by name.
    func figures() throws -> [String: String] {
        let client = try process.connect()
        try client.send("STATS\n")
        let text = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self)
        let pairs = text.split(separator: "\n").dropLast().map {
            $0.split(separator: " ", maxSplits: 1).map(String.init)
        }
        return Dictionary(pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") }) { first, _ in first }
    }

    /// Waits until a figure of STATS is as expected. Only a broken server takes long.
    func wait(for name: String, toBe expected: String) throws {
        try wait(for: name) { $0 == expected }
    }

    func wait(for name: String, where isExpected: (String) -> Bool) throws {
        var found = ""
        try AdminServer.wait(for: "\(name) of \(address)", "\(found)\n\(log)") {
            found = try figures()[name] ?? "missing"
            return isExpected(found)
        }
    }

    /// Waits until this server has every change that another one has.
    func catchUp(with other: AdminServer) throws {
        let seq = try other.figures()["seq"] ?? ""
        try wait(for: "durable") { UInt64($0) ?? 0 >= UInt64(seq) ?? .max }
    }

    /// Waits until its log contains a text.
    func waitForLog(_ text: String) throws {
        guard process.process.waitForOutput(containing: text) else { throw WireError(description: log) }
    }

    /// Waits for a condition, which is checked every few milliseconds.
    static func wait(
        for what: String, _ state: @autoclosure () -> String = "", until isThere: () throws -> Bool
    ) throws {
        let end = TimeLimit.end
        while try !isThere() {
            guard Date() < end else {
                throw WireError(description: "waited in vain for \(what): \(state())")
            }
            usleep(5000)
        }
    }
}

/// Lends `body` a leader and a number of followers, all caught up.
/// - Parameter options: the leader's further options.
func withReplicas(
    _ count: Int, _ options: [String] = [], _ body: (_ leader: AdminServer, _ followers: [AdminServer]) throws -> Void
) throws {
    try withTemporaryFolder { folder in
        let followers = try (0..<count).map { index in
            try AdminServer(folder + "/follower\(index).json", ["--mode", "follower"])
        }
        let leader = try AdminServer(
            folder + "/leader.json", options + followers.flatMap { ["--follower", $0.address] })
        for follower in followers { try follower.wait(for: "leader_link", toBe: "up") }
        try body(leader, followers)
    }
}
