// Follows the changes of keys with a prefix, and prints them or runs a command for each.

import ArgumentParser
import BlockingClient
import Bytes
import PuffinClient
import Shell

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Prints each change of the keys with a prefix, as it is committed.",
        usage: "puffin-cli watch <prefix> [--from <token>] [--exec <command>] [<options>]",
        discussion: """
            An empty prefix ("") is every key. It begins with what is changed from now on, or after a token that an \
            earlier watch has printed in JSON; 0 is the beginning of the log. A lost connection is made again, and \
            nothing is left out: if the server no longer has the next change, watch ends with an error. JSON has one \
            object for each change, raw its parts with tabs between them. With --exec, a shell command is run for \
            each change instead, one after the other, with the change as JSON on its standard input; if it fails, \
            watch ends, and prints the token to continue from.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The beginning of the keys.") var prefix: RawBytes
    @Option(name: "-from --from", help: "The token to continue after, or the number of a change.") var from: String?
    @Option(name: "-exec --exec", help: "A shell command to run for each change.") var exec: String?

    func run() async throws {
        let format = try format.value()
        let endpoint = try server.endpoint()
        var options = Client.Options()
        options.connectTimeout = server.limit
        options.credentials = try server.login.libraryCredentials()
        options.security = try server.security.librarySecurity()
        let client = Client(ServerAddress(host: endpoint.host, port: endpoint.port), options: options)
        defer { client.close() }
        let output = BufferedOutput(isRaw: format == .raw)
        // A change is repeated unless all of it was handled.
        var token = from
        do {
            for try await change in client.changes(prefix: prefix.bytes, from: from) {
                if let shown = ShownChange(change) {
                    if let exec {
                        try run(exec, with: shown, continuing: token)
                    } else {
                        try output.write { $0.append(shown, as: format) }
                        try output.flush()
                    }
                }
                token = change.token
            }
        } catch let error as PuffinError {
            if case .cannotConnect(_, let reason) = error {
                throw failed("\(error)" + ClientError.connectingAdvice(for: reason))
            }
            if case .invalidSecurity = error { throw failed("\(error)") }
            throw serverError("\(error)")
        }
    }

    private func run(_ command: String, with change: ShownChange, continuing token: String?) throws {
        var input = ByteBuffer()
        input.append(json: change)
        guard let status = runShell(command, input: Array(input.bytes)) else {
            throw failed("cannot run \(command)")
        }
        guard status == 0 else {
            let place = token.map { "; continue with --from \($0)" } ?? ""
            throw serverError("\(command) has failed with status \(status)\(place)")
        }
    }
}

extension ShownChange {
    /// - Returns: nil if nothing has changed.
    init?(_ change: Change) {
        let operation: String
        var expires: Int?
        switch change.effect {
        case .set(_, let time): (operation, expires) = ("set", time)
        case .delete: operation = "delete"
        case .expired: operation = "expired"
        case .expires(let time): (operation, expires) = ("ttl", time)
        case .clear: operation = "clear"
        case .caughtUp: return nil
        }
        self.init(
            operation: operation, key: change.effect == .clear ? nil : change.key, value: change.value,
            expires: expires, time: change.time, token: change.token)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(_ change: ShownChange, as format: OutputFormat) {
        switch format {
        case .json: append(json: change)
        case .raw: append(raw: change)
        case .text, .resp: append(text: change)
        }
    }
}
