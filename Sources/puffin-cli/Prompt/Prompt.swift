// The prompt: reads a line, prints a reply, until the user ends it.

import ArgumentParser
import BlockingClient
import Bytes
import Commands
import Program
import Shell
import Wire

/// An interactive session with a server.
final class Prompt {
    private let session: PromptSession
    private let history = HistoryFile()
    private let output = BufferedOutput()
    private let hasColours = Terminal.hasColours
    private var splitter = RequestLineSplitter()

    /// - Throws: an `ExitCode`, after the reason has been printed.
    init(server: ServerOptions) throws {
        session = PromptSession(
            to: try server.endpoint(), within: server.limit, try server.access())
    }

    /// - Throws: an `ExitCode`, after the reason has been printed.
    func run() throws {
        let isPlain = environment("TERM") == "dumb"
        let editor = LineEditor(program: "puffin-cli", isPlain: isPlain, historySize: Int32(HistoryFile.limit)) {
            [unowned self] in complete($0)
        }
        guard let editor else { throw failed("the terminal cannot be used; see puffin-cli --help for other ways") }
        for line in history.lines() { editor.remember(line) }
        greet()
        while true {
            switch editor.readLine(prompt: prompt) {
            case .end:
                try say("")
                return
            case .cancelled: continue
            case .line(let text):
                var line = text
                while line.hasSuffix("\n") || line.hasSuffix("\r") || line.hasSuffix("\r\n") { line.removeLast() }
                if !line.allSatisfy({ $0 == " " }) {
                    if !isSecret(line) { editor.remember(line) }
                    history.add(line)
                }
                if try !run(line) { return }
            }
        }
    }

    private var prompt: String {
        let state = session.role ?? "(not connected)"
        guard hasColours else { return "\(session.endpoint) \(state)> " }
        let colour = session.role == nil ? "31" : session.role == "leader" ? "32" : "33"
        return "\u{1}\u{1b}[1m\u{1}\(session.endpoint)\u{1}\u{1b}[0;\(colour)m\u{1} \(state)\u{1}\u{1b}[0m\u{1}> "
    }

    private func greet() {
        do throws(ClientError) {
            try session.connect()
        } catch {
            obstruct(error)
        }
    }

    /// Runs a line.
    /// - Returns: false if it was the last one.
    private func run(_ line: String) throws -> Bool {
        let arguments: [[UInt8]]
        do throws(RequestLineError) {
            arguments = try splitter.arguments(of: Array((line + "\n").utf8))
        } catch {
            try complain("\(error)")
            return true
        }
        guard let first = arguments.first else {
            // An empty line tries again to reach the server.
            if session.role == nil { greet() }
            return true
        }
        switch String(decoding: first, as: UTF8.self).lowercased() {
        case "exit", "quit": return false
        case "help", "?":
            let topic = arguments.count > 1 ? String(decoding: arguments[1], as: UTF8.self) : nil
            try say(topic.map(PromptHelp.topic) ?? PromptHelp.overview)
        default:
            try ask(arguments)
            if let hint = optionHint(for: line) { try say(hint) }
        }
        return true
    }

    private func ask(_ arguments: [[UInt8]]) throws {
        let spec = Catalog.find(arguments)
        if let spec, !spec.takes(wordCount: arguments.count) {
            return try complain("\(spec.fullName) needs \(spec.needs): \(spec.usage)")
        }
        do {
            if spec?.traits.contains(.clears) == true {
                // In a transaction, the request for their number would be queued.
                let pairs = session.isInTransaction ? "every pair" : allPairs(try session.connect().count())
                try confirm("\(spec?.name ?? "") removes \(pairs) at \(session.endpoint)")
            }
            let reply = try session.execute(
                spec?.completed(arguments) ?? arguments, allowing: waitingTime(of: arguments))
            try show(reply, arguments, spec)
        } catch let error as ClientError {
            obstruct(error)
        } catch let code as ExitCode where code == .errorReply {
            // Not confirmed.
        }
    }

    private func show(_ reply: Reply, _ arguments: [[UInt8]], _ spec: CommandSpec?) throws {
        let outcome = Outcome(reply, spec: spec, arguments: arguments)
        guard case .success(let reply) = outcome else {
            let name = String(decoding: arguments[0], as: UTF8.self)
            let text = (outcome.errorText ?? "").trimmed
            let match = spec == nil ? nearest(to: name, among: Catalog.commands.map(\.name)) : nil
            guard let match, !session.isInTransaction,
                let info = try? session.execute(commandInfoRequest(name), allowing: .zero),
                saysUnknown(info)
            else { return try complain(text) }
            return try complain(text + "; did you mean \(match)?")
        }
        if case .array(let items) = reply, items.isEmpty { return try say("(empty list)") }
        try output.write { $0.append(text: reply, spec: spec, style: .prompt) }
        try output.flush()
    }

    private func say(_ lines: [String]) throws { try say(lines.joined(separator: "\n")) }

    private func say(_ text: String) throws {
        try output.write { $0.append(text: text + "\n") }
        try output.flush()
    }

    private func complain(_ text: String) throws {
        if hasColours { output.write(control: "\u{1b}[31mERROR:\u{1b}[0m ") }
        try say(hasColours ? text : "ERROR: \(text)")
    }

    /// Reports why a request was not sent, or not answered.
    private func obstruct(_ error: ClientError) {
        session.close()
        printError("puffin-cli: \(error)")
    }

    private func complete(_ line: String) -> EditorAnswer {
        PromptCompletion(session: session).answer(before: line)
    }
}

/// The waiting time that a request asks of the server.
func waitingTime(of arguments: [[UInt8]]) -> Duration {
    guard arguments.count > 2, let last = arguments.last, let milliseconds = Int(String(decoding: last, as: UTF8.self)),
        Catalog.find(arguments)?.endsWithTime == true
    else { return .zero }
    // 0 means for ever; an hour of silence ends it all the same.
    return milliseconds > 0 ? .milliseconds(milliseconds) : .seconds(3600)
}
