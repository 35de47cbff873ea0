// A real server, started from the program that was just built, on a port of its own. Tests talk to it over the wire and
// look at its files, as its users do.

import Foundation

/// A server that did not start.
package struct ServerFailure: Error, CustomStringConvertible {
    package let exitCode: Int32
    package let log: String

    package var description: String { "puffin-server ended with exit code \(exitCode):\n\(log)" }
}

/// A running puffin-server. It is killed when it is released.
package final class ServerProcess: Sendable {
    package let process: ChildProcess
    package let port: UInt16

    /// Starts a server and waits until it serves.
    /// - Parameters:
    ///   - data: the data file's path.
    ///   - options: further options.
    ///   - wrapper: a program, with its arguments, that starts the server.
    /// - Throws: `ServerFailure` if it ends instead.
    package convenience init(data: String, _ options: [String] = [], wrapper: [String] = []) throws {
        try self.init(arguments: ["--port", "0", "--data", data] + options, wrapper: wrapper)
    }

    /// Starts a server with these arguments and no others, and waits until it serves.
    /// - Parameter folder: where it runs.
    /// - Throws: `ServerFailure` if it ends instead.
    package init(arguments: [String], in folder: String? = nil, wrapper: [String] = []) throws {
        process = try ChildProcess(wrapper + [ChildProcess.program("puffin-server")] + arguments, in: folder)
        guard process.waitForOutput(containing: "Ready") else {
            throw ServerFailure(exitCode: process.wait(), log: process.output)
        }
        let log = process.output
        guard let start = log.range(of: "Server starting on "),
            let line = log[start.upperBound...].split(separator: "\n").first,
            let port = line.split(separator: ":").last.flatMap({ UInt16($0.prefix { $0.isNumber }) })
        else { throw ServerFailure(exitCode: 0, log: log) }
        self.port = port
    }

    /// What the server has written to standard error.
    package var log: String { process.output }

    /// Opens a connection to it.
    /// - Parameter source: the address that it comes from: one that begins with 127.
    package func connect(from source: String? = nil) throws -> WireConnection {
        try WireConnection(port: port, from: source)
    }

    /// Opens a connection to it on the address `::1`.
    package func connectOverIPv6() throws -> WireConnection {
        try WireConnection(port: port, overIPv6: true)
    }

    /// Ends it as a crash would, and waits until it is gone.
    package func kill() {
        process.send(SIGKILL)
        _ = process.wait()
    }

    /// Asks it to stop, and waits until it has.
    /// - Returns: its exit code.
    package func stop(by signal: Int32 = SIGTERM) -> Int32 {
        process.send(signal)
        return process.wait()
    }
}
