// The commands: each sends one request and prints one reply. Keys and values are the raw bytes of the arguments.

import ArgumentParser
import PuffinClient
import Wire

struct SetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets a key to a value; prints OK when it is safe on disk.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The key; after -- if it begins with a dash.") var key: RawBytes
    @Argument(help: "The value; after -- if it begins with a dash.") var value: RawBytes

    func run() throws {
        switch try server.execute([Array("SET".utf8), key.bytes, value.bytes]) {
        case .simple: try printLine(Array("OK".utf8))
        case let reply: throw unexpected(reply, to: "SET")
        }
    }
}

struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Prints the value of a key, byte for byte, and a line feed.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The key; after -- if it begins with a dash.") var key: RawBytes

    func run() throws {
        switch try server.execute([Array("GET".utf8), key.bytes]) {
        case .bulk(let value): try printLine(value)
        case .null: throw keyNotFound()
        case let reply: throw unexpected(reply, to: "GET")
        }
    }
}

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a key; prints OK when that is safe on disk.", aliases: ["del"])

    @OptionGroup var server: ServerOptions
    @Argument(help: "The key; after -- if it begins with a dash.") var key: RawBytes

    func run() throws {
        switch try server.execute([Array("DEL".utf8), key.bytes]) {
        case .integer(1): try printLine(Array("OK".utf8))
        case .integer(0): throw keyNotFound()
        case let reply: throw unexpected(reply, to: "DEL")
        }
    }
}

private func keyNotFound() -> ExitCode {
    serverError("Key not found")
}

/// Says that a reply is none that the command has.
/// - Returns: the error to end with.
func unexpected(_ reply: Reply, to command: String) -> ExitCode {
    printError("puffin-cli: the server answered \(command) with \(reply), which is no answer to it")
    return .noAnswer
}
