// The processor time of a server on the same machine, from /proc/PID/stat (proc(5)).

import BlockingClient
import Bytes
import Reactor

/// A local server's use of processors, from /proc.
struct ServerProcessor: Sendable {
    private let path: String

    private static let names = ["puffin-server", "redis-server", "valkey-server", "pogocache"]
    /// Nanoseconds of a clock tick in /proc: a constant of Linux' interface.
    private static let tick = 10_000_000

    /// nil if no such process is visible, or the server is on another machine, where its number means nothing.
    init?(id: Int, on endpoint: Endpoint) {
        let isLocal = endpoint.host == "localhost" || endpoint.host == "::1" || endpoint.host.hasPrefix("127.")
        path = "/proc/\(id)/stat"
        // The number may come from inside a container, and belong to another process here.
        let name = SystemText.read("/proc/\(id)/comm") ?? ""
        let isServer = ServerProcessor.names.contains { name.hasPrefix($0) }
        guard isLocal, isServer, nanoseconds != nil else { return nil }
    }

    /// The processor time of all its threads, and of its child processes that have ended, such as those of Redis that rewrite
    /// its log; in steps of 10 ms. nil when the process is gone.
    var nanoseconds: Int? {
        // The name, in parentheses, may contain anything; after it, fields 12 to 15 are its user and system time and those of its
        // children.
        guard let text = SystemText.read(path), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 15 else { return nil }
        let times = fields[12...15].compactMap { Int($0) }
        return times.count == 4 ? times.reduce(0, +) * ServerProcessor.tick : nil
    }
}
