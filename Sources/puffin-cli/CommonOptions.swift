// Options of several commands: the same before and after the command's name, with one dash or two.

import ArgumentParser
import BlockingClient
import Bytes
import ConnectionOptions
import Program
import Shell
import Wire

/// The server to talk to.
struct ServerOptions: ParsableArguments {
    @Option(
        name: "-addr --addr",
        help: "The server's host:port. (default: PUFFIN_ADDR, or \(Endpoint()))",
        transform: { try Endpoint(parsing: $0) })
    var addr: Endpoint?

    @Option(
        name: "-timeout --timeout",
        help: "How long connecting may take, and the server may stay silent, such as 500ms or 10s. (default: 5s)",
        transform: timeSpan)
    var timeout: TimeSpan?

    @OptionGroup var login: LoginOptions
    @OptionGroup var security: SecurityOptions

    /// The server's address.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func endpoint() throws -> Endpoint {
        if let addr { return addr }
        guard let text = environment("PUFFIN_ADDR"), !text.isEmpty else { return Endpoint() }
        do throws(EndpointError) {
            return try Endpoint(parsing: text)
        } catch {
            throw failed("PUFFIN_ADDR: \(error)")
        }
    }

    var limit: Duration { timeout?.duration ?? Connection.defaultTimeLimit }

    /// Connects.
    /// - Parameter extra: how much longer than usual the server may be silent.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func connect(allowing extra: Duration = .zero) throws -> ServerLink {
        let (endpoint, access) = (try endpoint(), try access())
        return try orExit { () throws(ClientError) in try ServerLink(to: endpoint, within: limit + extra, access) }
    }

    /// The login and the TLS.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func access() throws -> ServerAccess {
        try checked { () throws(ConnectionOptionError) in
            ServerAccess(user: try login.credentials(), security: try security.security())
        }
    }
}

/// The format of replies.
struct FormatOptions: ParsableArguments {
    @Option(
        name: "-format --format",
        help:
            "The format of replies: text; json, one object each; raw, bytes only, also on a terminal. Export writes json or resp."
    )
    var format: OutputFormat?

    /// The format of replies.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func value() throws -> OutputFormat {
        guard format != .resp else { throw failed("the format resp is for export only; others are text, json and raw") }
        return format ?? .text
    }
}

/// What an error does to a batch or an import.
struct StopOptions: ParsableArguments {
    @Flag(
        name: "-stop-on-error --stop-on-error",
        help: "Ends a batch or an import at its first error; each line then waits for the reply to the one before.")
    var stopOnError = false
}

/// Whether to ask before many keys are removed.
struct SafetyOptions: ParsableArguments {
    @Flag(name: "-yes --yes", help: "Remove pairs without asking for confirmation.")
    var yes = false
}

/// Runs a body that talks to a server.
/// - Throws: an `ExitCode`, after the reason has been printed.
func orExit<Result>(_ body: () throws(ClientError) -> Result) throws -> Result {
    do throws(ClientError) {
        return try body()
    } catch {
        throw failed(error.advice)
    }
}

/// Parses a duration of a millisecond or more.
@Sendable func timeSpan(_ text: String) throws -> TimeSpan {
    guard let span = TimeSpan(text), span.nanoseconds >= 1_000_000 else {
        throw ValidationError("a time is a number with a unit, such as 500ms or 10s")
    }
    return span
}
