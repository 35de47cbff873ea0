// The real Redis, to compare with.

import TestSupport

/// A running redis-server that keeps nothing. It is killed when it is released.
final class RedisProcess {
    let port: UInt16
    private let process: ChildProcess

    /// Starts a server and waits until it serves. Redis cannot choose a port itself, and a port that was free a moment
    /// ago may be taken: then another is tried.
    /// - Parameter options: further options.
    init(folder: String, _ options: [String] = []) throws {
        var log = ""
        for _ in 0..<20 {
            let port = freePort()
            let process = try ChildProcess(
                [
                    "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--databases", "1", "--save", "",
                    "--dir",
                    folder,
                ] + options)
            if process.waitForOutput(containing: "Ready to accept connections") {
                (self.port, self.process) = (port, process)
                return
            }
            log = process.output
        }
        throw WireError(description: log)
    }
}
