// Imports pairs from JSON lines, or from another server.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Stores pairs from JSON lines, or from a Redis or Puffin server.",
        usage: """
            puffin-cli import <file> [<options>]
            puffin-cli import --from-redis <host:port> [<options>]
            """,
        discussion: """
            Reads the lines that export writes: {"key":"greeting","value":"Hello, world!"}. Pairs overwrite existing \
            ones; one whose "expires" has come is gone at once. From Redis it reads the strings of database 0; keys of other types are counted and named.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var stopping: StopOptions
    @Option(
        name: "-from-redis --from-redis", help: "Takes the pairs from the server at host:port, over RESP.",
        transform: { try Endpoint(parsing: $0) })
    var fromRedis: Endpoint?
    @Option(name: "-match --match", help: "With --from-redis: only keys that match a pattern.") var match: RawBytes?
    @Argument(help: "The file; - reads standard input.", completion: .file()) var file: String?

    func run() throws {
        switch (file, fromRedis) {
        case (let file?, nil): try run(from: file)
        case (nil, let source?): try run(from: source)
        default:
            throw failed(
                "import needs a file, - for standard input, or --from-redis <host:port> (see puffin-cli import --help)")
        }
    }

    private func run(from file: String) throws {
        let input = try Input(file)
        let link = try server.connect()
        let progress = ProgressLine(of: input.size, writesOutput: false)
        try run(into: link, progress, name: input.name) { sink in
            var lines = BatchLineBuffer()
            var readSize = 0
            var isAtEnd = false
            while !sink.isStopped {
                while !sink.isStopped, let line = try lines.next(isAtEnd: isAtEnd) {
                    let place = "\(input.name):\(lines.number)"
                    do {
                        if let pair = try TransferPair(line: line) { try sink.store(pair, from: place) }
                    } catch let error as RequestLineError {
                        try sink.object(at: place, "\(error)")
                    }
                }
                if isAtEnd { break }
                if input.size == nil { try sink.finish() }
                let piece = try input.read()
                isAtEnd = piece.isEmpty
                readSize += piece.count
                lines.append(piece.span)
                progress.show(done: readSize, counted: sink.tally.done)
            }
        }
    }

    private func run(from endpoint: Endpoint) throws {
        let source: ServerLink
        let access = try server.access()
        do throws(ClientError) {
            source = try ServerLink(to: endpoint, within: server.limit, access)
        } catch {
            throw failed("\(error)")
        }
        let link = try server.connect()
        guard endpoint != link.endpoint else { throw failed("\(endpoint) would be imported into itself") }
        let progress = try ProgressLine(
            of: orExit { () throws(ClientError) in try source.count() }, writesOutput: false)
        var others = OtherTypes()
        defer { if let text = others.text { printError(text) } }
        try run(into: link, progress, name: "import from \(endpoint)") { sink in
            let scan = try PairScan(over: source, matching: match?.bytes) { pair in
                try sink.store(pair, from: lineSpelling(of: pair.key))
                if sink.isStopped { throw Stopped() }
                progress.show(done: sink.tally.answered, counted: sink.tally.done)
            } refused: { key, _ in
                others.add(key)
            }
            try scan.run()
            try others.nameTypes(over: source)
        }
        if !others.isEmpty { throw ExitCode.errorReply }
    }

    private func run(
        into link: ServerLink, _ progress: ProgressLine, name: String, _ body: (PairSink) throws -> Void
    ) throws {
        let start = ContinuousClock.now
        let sink = PairSink(over: link, progress: progress, stopping: stopping)
        do {
            try body(sink)
            try sink.finish()
        } catch is Stopped {
            progress.say("stopped")
        } catch let error as ClientError {
            throw sink.broken(by: error)
        }
        let span = start.duration(to: .now).nanoseconds
        progress.say(sink.tally.summary(of: name, noun: "pair", nanoseconds: span))
        if sink.tally.unusable > 0 { throw ExitCode.noAnswer }
        if sink.tally.refused > 0 { throw ExitCode.errorReply }
    }
}

/// An error has ended the import.
private struct Stopped: Error {}

/// Keys that are not strings: their number by type, and some names.
private struct OtherTypes {
    private var keys: [[UInt8]] = []
    private var types: [String: Int] = [:]

    mutating func add(_ key: [UInt8]) { keys.append(key) }

    mutating func nameTypes(over link: ServerLink) throws {
        for key in keys {
            let type = try link.execute([Array("TYPE".utf8), key]).word
            types[type, default: 0] += 1
        }
    }

    var isEmpty: Bool { keys.isEmpty }

    /// nil if there are none.
    var text: String? {
        guard !keys.isEmpty else { return nil }
        let kinds = types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\(grouped($0.value)) \($0.key)" }
        let names = keys.prefix(10).map { lineSpelling(of: $0) }.joined(separator: ", ")
        let more = keys.count > 10 ? " and \(grouped(keys.count - 10)) more" : ""
        return "Skipped, because they are not strings: \(kinds.joined(separator: ", ")): \(names)\(more)"
    }
}
