import Foundation
import TestSupport

/// A server with metrics enabled.
final class WatchedServer {
    let server: ServerProcess
    let metricsPort: UInt16

    init(data: String, _ options: [String] = []) throws {
        server = try ServerProcess(data: data, ["--metrics", "--metrics-port", "0"] + options)
        guard let port = WatchedServer.port(in: server.log) else { throw WireError(description: server.log) }
        metricsPort = port
    }

    /// The port that the log names.
    static func port(in log: String) -> UInt16? {
        guard let start = log.firstRange(of: /Metrics on https?:\/\//) else { return nil }
        return log[start.upperBound...].prefix { $0 != "/" }.split(separator: ":").last.flatMap { UInt16($0) }
    }

    func get(_ path: String) throws -> HTTPAnswer { try httpGet(path, port: metricsPort) }

    func samples() throws -> [String: Double] { parsedSamples(try get("/metrics").body) }

    /// Waits until a sample is as it should be.
    func wait(for name: String, toBe isExpected: (Double) -> Bool) throws {
        try waitUntil("\(name); \(server.log)") { try samples()[name].map(isExpected) ?? false }
    }
}
