// A server in a group of leaders and followers, which keeps its identity when it is stopped, killed and started again.

import Foundation
import TestSupport
import Testing

/// A server with a port and a data file of its own, which it keeps. It runs between `start` and `kill` or `stop`.
final class Replica {
    let name: String
    let data: String
    let port: UInt16
    let host: String
    var options: [String]
    /// A program, with its arguments, that starts the server.
    private let wrapper: [String]
    private var running: ServerProcess?
    private var earlierLogs = ""

    /// - Parameters:
    ///   - folder: the data file's folder.
    ///   - host: the address that the test uses.
    init(
        _ name: String, in folder: String, _ options: [String] = [], host: String = "127.0.0.1", wrapper: [String] = []
    ) {
        self.name = name
        data = "\(folder)/\(name).json"
        port = lastingPort()
        self.host = host
        self.options = options
        self.wrapper = wrapper
    }

    var address: String { "\(host):\(port)" }

    // MARK: Its life

    /// Starts it and waits until it serves.
    /// - Parameter more: options for this time.
    @discardableResult
    func start(_ more: [String] = []) throws -> Replica {
        running = try ServerProcess(
            arguments: ["--port", "\(port)", "--data", data] + options + more, wrapper: wrapper)
        return self
    }

    /// Ends it as a crash would.
    func kill() {
        running?.kill()
        forget()
    }

    /// Ends it cleanly.
    func stop() {
        #expect(running?.stop() == 0, "\(name): \(log)")
        forget()
    }

    private func forget() {
        earlierLogs = log
        running = nil
    }

    func send(_ signal: Int32) { running?.process.send(signal) }

    /// Everything that it has logged, over all of its lives.
    var log: String { earlierLogs + (running?.log ?? "") }

    /// How often it has logged a text.
    func count(of text: String) -> Int { log.components(separatedBy: text).count - 1 }

    /// Waits until it has logged a text in its current life.
    func waitForLog(_ text: String) throws {
        let server = try #require(running)
        #expect(server.process.waitForOutput(containing: text), "\(name) has ended:\n\(log)")
    }

    // MARK: What it is asked

    func connect() throws -> WireConnection { try WireConnection(port: port, at: host) }

    func ask(_ line: String) throws -> String { try connect().ask(line) }

    /// STATS, as names and values.
    func stats() throws -> [String: String] {
        let connection = try connect()
        try connection.send("STATS\n")
        let text = String(decoding: try connection.receive(through: "\nEND\n"), as: UTF8.self)
        let pairs = text.split(separator: "\n").dropLast().map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { $1 }
    }

    func figure(_ name: String) throws -> Int {
        try #require(Int(try stats()[name] ?? ""), "\(name) of \(self.name)")
    }

    /// Its resident memory, in bytes; 0 under a sanitizer, whose own memory most of it is.
    func residentSize() throws -> Int {
        if TimeLimit.isSanitized { return 0 }
        let server = try #require(running)
        let text = try String(contentsOfFile: "/proc/\(server.process.id)/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.filter(\.isNumber))) << 10
    }

    /// Writes many pairs, in pipelines; each must be acknowledged.
    func write(_ numbers: Range<Int>, keys: Int = .max, size: Int = 20) throws {
        let connection = try connect()
        let padding = String(repeating: "v", count: size)
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 1000) {
            let part = first..<min(first + 1000, numbers.upperBound)
            var requests = ""
            for number in part { requests += "SET key:\(number % keys) \(number).\(padding)\n" }
            try connection.expect(requests, String(repeating: "OK\n", count: part.count))
        }
    }

    // MARK: Its files

    /// The names in the log's folder that contain a text.
    func files(named part: String) throws -> [String] {
        let folder = data + ".log"
        let above = try FileManager.default.contentsOfDirectory(atPath: (data as NSString).deletingLastPathComponent)
            .filter { $0.hasPrefix("\(name).json.") }
            .map { (data as NSString).deletingLastPathComponent + "/" + $0 }
        return try (LogFile(data: data).names().map { folder + "/" + $0 } + above).filter { $0.contains(part) }.sorted()
    }
}

/// Waits for a condition.
/// - Throws: `WireError` with `description`, if it never holds.
func wait(
    _ what: String, seconds: Double = TimeLimit.condition, description: () -> String = { "" },
    until isSo: () throws -> Bool
) throws {
    let end = Date(timeIntervalSinceNow: seconds)
    while try !isSo() {
        guard Date() < end else { throw WireError(description: "never came: \(what)\n\(description())") }
        usleep(10_000)
    }
}
