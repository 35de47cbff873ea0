// The command line: what it looks like and how it ends. Exit codes: 0 done, 1 the server answered with an error, 2 there
// was no answer to be had (wrong usage, no server). Output goes to stdout, everything else to stderr.

import ArgumentParser
import Bytes
import PuffinClient
import Wire

@main
struct PuffinCLI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "puffin-cli",
        abstract: "Sets, gets and deletes the keys of a Puffin server, and says which server leads.",
        discussion: """
            What begins with a dash and is not an option comes after --:
              puffin-cli set temperature -- -5
            """,
        version: "puffin-cli \(puffinVersion)",
        subcommands: [
            SetCommand.self, GetCommand.self, DeleteCommand.self, RoleCommand.self, HandoverCommand.self,
            PromoteCommand.self, FollowCommand.self, DemoteCommand.self,
        ])

    @OptionGroup var server: ServerOptions

    static func main() {
        do {
            var command = try parseAsRoot(rawArguments())
            try command.run()
        } catch  where exitCode(for: error) == .validationFailure {
            printError(fullMessage(for: error))
            exit(withError: ExitCode.noAnswer)
        } catch {
            exit(withError: error)
        }
    }
}

extension ExitCode {
    /// The server answered with an error.
    static let errorReply = ExitCode(1)
    /// Nothing was answered: wrong usage, no server, or one that does not speak RESP.
    static let noAnswer = ExitCode(2)
}

/// Which server to talk to: the same options before and after the command's name.
struct ServerOptions: ParsableArguments {
    @Option(
        name: "-addr --addr", help: "The server's host:port. (default: \(Endpoint()))",
        transform: { try Endpoint(parsing: $0) })
    var addr = Endpoint()

    /// Sends one command to the server.
    /// - Parameter limit: how long connecting, and then the answer, may take.
    /// - Returns: its reply, which is not an error.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func execute(_ arguments: [[UInt8]], within limit: Duration = Connection.defaultTimeLimit) throws -> Reply {
        let reply: Reply
        do throws(ClientError) {
            var connection = try Connection(to: addr, timeLimit: limit)
            reply = try connection.execute(arguments)
        } catch .cannotConnect(let endpoint, let reason) {
            let error = ClientError.cannotConnect(to: endpoint, reason: reason)
            printError("puffin-cli: \(error); start puffin-server there, or name another server with --addr host:port")
            throw ExitCode.noAnswer
        } catch {
            printError("puffin-cli: \(error)")
            throw ExitCode.noAnswer
        }
        if case .error(let code, let message) = reply {
            throw serverError(code == "ERR" || code.isEmpty ? message : "\(code) \(message)")
        }
        return reply
    }
}
