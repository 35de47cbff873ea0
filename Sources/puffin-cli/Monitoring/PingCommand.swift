// Checks whether a server is there: for people, and for scripts that have just started one.

import ArgumentParser
import BlockingClient
import Bytes
import Glibc
import Shell
import Wire

struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping", abstract: "Prints PONG, or the text; --wait waits until the server has loaded its data.",
        usage: "puffin-cli ping [<text>] [--wait <time>] [<options>]")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Option(
        name: "-wait --wait", help: "Wait up to this long, such as 30s, until the server is reachable and has loaded.",
        transform: timeSpan)
    var wait: TimeSpan?
    @Argument(help: "The text for the server to return.") var text: RawBytes?

    func run() async throws {
        if let wait { try waitForServer(wait) }
        try await SingleRequest(
            arguments: [Array("PING".utf8)] + [text?.bytes].compactMap { $0 }, server: server, format: format.value()
        ).run()
    }

    private func waitForServer(_ span: TimeSpan) throws {
        let (endpoint, access) = (try server.endpoint(), try server.access())
        let deadline = ContinuousClock.now + span.duration
        while let obstacle = obstacle(endpoint, access, until: deadline) {
            guard ContinuousClock.now < deadline else {
                throw failed("\(endpoint) was not ready within \(span): \(obstacle)")
            }
            usleep(20_000)
        }
    }

    /// Why the server cannot be used yet; nil if it can.
    private func obstacle(
        _ endpoint: Endpoint, _ access: ServerAccess, until deadline: ContinuousClock.Instant
    ) -> String? {
        let left = max(.milliseconds(10), min(server.limit, deadline - .now))
        do throws(ClientError) {
            let link = try ServerLink(to: endpoint, within: left, access)
            // A server that loads refuses what needs data, but not PING.
            return Outcome(try link.execute("DBSIZE"), spec: nil, arguments: []).errorText
        } catch .cannotConnect(_, let reason) {
            return reason
        } catch {
            return "\(error)"
        }
    }
}
