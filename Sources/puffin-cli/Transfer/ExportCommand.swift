// Exports every pair to standard output, as JSON lines or as requests for another server.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes all pairs to standard output, as JSON lines or as RESP.",
        usage: "puffin-cli export [--match <pattern>] [--format json|resp] [<options>]",
        discussion: """
            One line per pair, {"key":"greeting","value":"Hello, world!"}, with "expires" (Unix milliseconds) if it \
            expires, and key64 or value64 in base64 if the bytes are not UTF-8. A pair that changes during the export \
            is written as it is when visited; one that moves may be written twice. RESP is for redis-cli:
              puffin-cli export --format resp | redis-cli -p 6379 --pipe
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Option(name: "-match --match", help: "Only keys that match a pattern such as user:*.") var match: RawBytes?

    func run() throws {
        guard format.format != .raw, format.format != .text else { throw failed("export writes json or resp") }
        let isRESP = format.format == .resp
        let link = try server.connect()
        let start = ContinuousClock.now
        let output = BufferedOutput()
        var tally = Tally()
        let progress = try ProgressLine(of: orExit { () throws(ClientError) in try link.count() }, writesOutput: true)
        defer { progress.clear() }
        do {
            let scan = try PairScan(over: link, matching: match?.bytes) { pair in
                try output.write { buffer in
                    if !isRESP { buffer.append(jsonLine: pair) } else { buffer.append(request: pair.request) }
                }
                tally.done += 1
                progress.show(done: tally.done, counted: tally.done)
            } refused: { key, reply in
                tally.refused += 1
                let reason = Outcome(reply, spec: nil, arguments: []).errorText ?? "\(reply)"
                progress.say("\(lineSpelling(of: key)): ERROR: \(reason)")
            }
            try scan.run()
            try output.flush()
        } catch let error as ClientError {
            try? output.flush()
            progress.clear()
            throw failed("\(error.cause); the export is not complete")
        }
        let span = start.duration(to: .now).nanoseconds
        progress.say(tally.summary(of: "export", noun: "pair", nanoseconds: span))
        if tally.refused > 0 { throw ExitCode.errorReply }
    }
}

extension ServerLink {
    /// The number of pairs of the server; nil if it does not say.
    func count() throws(ClientError) -> Int? {
        if case .integer(let count) = try execute("DBSIZE") { count } else { nil }
    }
}
