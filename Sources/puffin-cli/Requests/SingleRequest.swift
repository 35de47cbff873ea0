// One request of the command line: checked, confirmed if it removes everything, sent, and its reply printed.

import ArgumentParser
import BlockingClient
import Bytes
import Commands
import Program
import Shell
import SystemPackage
import Wire

/// A request whose reply is printed.
struct SingleRequest {
    let arguments: [[UInt8]]
    let server: ServerOptions
    let format: OutputFormat
    var isConfirmed = false

    private var spec: CommandSpec? { Catalog.find(arguments) }
    private var name: String { String(decoding: arguments[0], as: UTF8.self) }

    /// Sends it and prints the reply.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func run() async throws {
        try checkArguments()
        if spec?.traits.contains(.clears) == true, !isConfirmed { try await confirmClearing() }
        // In JSON, a change is followed by a request for its number.
        let asksSeq = format == .json && spec?.traits.contains(.change) == true
        let request = spec?.completed(arguments) ?? arguments
        let replies = try await server.ask(
            asksSeq ? [request, [Array("SEQ".utf8)]] : [request], allowing: waitingTime(of: arguments))
        let outcome = Outcome(replies[0], spec: spec, arguments: arguments)
        var context = ReplyContext(key: spec?.key(of: arguments))
        if asksSeq, case (.success, .integer(let number)) = (outcome, replies[1]) { context.seq = number }
        let printer = ReplyPrinter(format: format, style: .command)
        let objection = try printer.print(outcome, spec: spec, context)
        try printer.output.flush()
        if let objection { throw serverError(objection.trimmed + (await hint())) }
        if case .failure = outcome { throw ExitCode.errorReply }
    }

    /// Missing arguments of a known command are reported without asking a server.
    private func checkArguments() throws {
        guard let spec, !spec.takes(wordCount: arguments.count) else { return }
        let name = spec.fullName.lowercased()
        throw failed("\(name) needs \(spec.needs): puffin-cli \(name) \(spec.arguments)")
    }

    /// A suggestion for a command that neither this program nor the server knows.
    private func hint() async -> String {
        guard spec == nil, let match = nearest(to: name, among: Catalog.commands.map(\.name) + PuffinCLI.ownCommands),
            let reply = try? await server.ask([commandInfoRequest(name)])[0], saysUnknown(reply)
        else { return "" }
        return "; did you mean \(match.lowercased())?"
    }

    private func confirmClearing() async throws {
        let reply = try await server.ask("DBSIZE")
        let count: Int? = if case .integer(let number) = reply { number } else { nil }
        try confirm("\(name.lowercased()) removes \(allPairs(count)) at \(server.endpoint())")
    }
}

/// What a clearing command removes, in words, with the number if it is known.
func allPairs(_ count: Int?) -> String {
    count.map { $0 == 1 ? "the 1 pair" : "all \(grouped($0)) pairs" } ?? "every pair"
}

/// Asks for confirmation on a terminal. A script needs `--yes`.
/// - Parameter what: what would happen, to how many.
/// - Throws: an `ExitCode`, after the reason has been printed.
func confirm(_ what: String) throws {
    guard Terminal.isInput, Terminal.isError else {
        throw failed("\(what); a script needs --yes")
    }
    writeError("\(what). Continue? [y/N] ")
    // A terminal gives a line at a time.
    let answer = (try? FileDescriptor.standardInput.readPiece(upTo: 256)) ?? []
    let word = String(decoding: answer, as: UTF8.self).lowercased()
    if word == "y\n" || word == "yes\n" { return }
    printError("Nothing was removed.")
    throw ExitCode.errorReply
}
