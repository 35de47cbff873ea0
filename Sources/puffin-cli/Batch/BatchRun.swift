// A file of commands, one per line: sent as fast as the server answers, in constant memory.

import ArgumentParser
import BlockingClient
import Bytes
import Commands
import Shell
import Wire

/// The options of a batch.
struct BatchOptions: ParsableArguments {
    @Option(
        name: "-file --file", help: "Runs the commands of a file, one on each line; - reads standard input.",
        completion: .file())
    var file: String?
}

/// Runs the commands of a file.
struct BatchRun {
    let server: ServerOptions
    let format: OutputFormat
    let safety: SafetyOptions
    let stopping: StopOptions

    /// - Throws: an `ExitCode`, after the reason has been printed.
    func run(_ path: String) throws {
        let input = try Input(path)
        let link = try server.connect()
        let start = ContinuousClock.now
        let batch = RunningBatch(input: input, link: link, run: self)
        defer { batch.progress.clear() }
        do {
            try batch.work()
        } catch let error as ClientError {
            throw batch.broken(by: error)
        }
        let tally = batch.tally
        batch.progress.say(tally.summary(of: input.name, nanoseconds: start.duration(to: .now).nanoseconds))
        if tally.unusable > 0 { throw ExitCode.noAnswer }
        if tally.refused > 0 { throw ExitCode.errorReply }
    }
}

/// A batch in progress.
private final class RunningBatch {
    let progress: ProgressLine
    private(set) var tally = Tally()
    private let input: Input
    private let run: BatchRun
    private let printer: ReplyPrinter
    private var pipeline: Pipeline<Asked>?
    private var lines = BatchLineBuffer()
    private var splitter = RequestLineSplitter()
    private var readSize = 0
    private var isStopped = false

    /// A sent line.
    private struct Asked {
        let line: Int
        let spec: CommandSpec?
        let key: [UInt8]?
        /// The number of words, which tells one key from several.
        let count: Int
    }

    init(input: Input, link: ServerLink, run: BatchRun) {
        self.input = input
        self.run = run
        progress = ProgressLine(of: input.size, writesOutput: true)
        printer = ReplyPrinter(format: run.format, style: run.format == .text ? .batch : .command)
        pipeline = Pipeline(over: link, isStepwise: run.stopping.stopOnError) { [unowned self] asked, reply in
            try answered(asked, reply)
        }
    }

    func work() throws {
        var isAtEnd = false
        while !isStopped {
            while !isStopped, let line = try nextLine(isAtEnd) { try take(line) }
            if isAtEnd { break }
            // A pipe's writer may be waiting for the replies to what it wrote before.
            if input.size == nil { try finish() }
            if isStopped { break }
            let piece = try input.read()
            isAtEnd = piece.isEmpty
            readSize += piece.count
            lines.append(piece.span)
            progress.show(done: readSize, counted: tally.answered)
        }
        try finish()
    }

    private func finish() throws {
        try pipeline?.drain()
        try printer.output.flush()
    }

    private func nextLine(_ isAtEnd: Bool) throws -> [UInt8]? {
        do throws(RequestLineError) {
            return try lines.next(isAtEnd: isAtEnd)
        } catch {
            try object("\(error)")
            isStopped = true
            return nil
        }
    }

    private func take(_ line: [UInt8]) throws {
        let arguments: [[UInt8]]
        do throws(RequestLineError) {
            arguments = try splitter.arguments(of: line)
        } catch {
            return try object("\(error)")
        }
        guard !arguments.isEmpty else { return }
        let spec = Catalog.find(arguments)
        if let spec {
            guard spec.takes(wordCount: arguments.count) else {
                return try object("\(spec.fullName) needs \(spec.needs): \(spec.usage)")
            }
            if spec.traits.contains(.clears) && !run.safety.yes {
                return try object("\(spec.name) removes every pair, and needs --yes in a batch")
            }
            if spec.command == .quit { return try quit() }
        }
        let asked = Asked(line: lines.number, spec: spec, key: spec?.key(of: arguments), count: arguments.count)
        try pipeline?.send(
            spec?.completed(arguments) ?? arguments, tag: asked, isWide: spec?.hasShortReply(to: arguments) != true)
    }

    /// Ends the batch, and reports the commands not run. Of a pipe only what has been read is known: its writer may be
    /// waiting for the end.
    private func quit() throws {
        try finish()
        if isStopped { return }
        isStopped = true
        let line = lines.number
        var (left, isAtEnd) = (0, input.size == nil)
        while true {
            while let next = try? lines.next(isAtEnd: isAtEnd) {
                let start = next.first { $0 > 0x20 }
                if let start, start != UInt8(ascii: "#") { left += 1 }
            }
            if isAtEnd { break }
            let piece = try input.read()
            isAtEnd = piece.isEmpty
            lines.append(piece.span)
        }
        guard left > 0 else { return }
        let what = left == 1 ? "1 command after it was" : "\(grouped(left)) commands after it were"
        progress.say("\(input.name):\(line): QUIT ends the batch; \(what) not run")
    }

    /// Reports a line that cannot be sent, after the results of the lines before it.
    private func object(_ reason: String) throws {
        try finish()
        // That may have ended the batch already.
        if isStopped { return }
        tally.unusable += 1
        if run.format == .json {
            _ = try printer.print(
                .failure(code: "", message: reason), spec: nil, ReplyContext(line: lines.number))
        }
        progress.say("\(input.name):\(lines.number): \(reason)")
        if run.stopping.stopOnError { stop(at: lines.number) }
    }

    private func answered(_ asked: Asked, _ reply: Reply) throws {
        let arguments = [[UInt8]](repeating: [], count: asked.count)
        let outcome = Outcome(reply, spec: asked.spec, arguments: arguments)
        let objection = try printer.print(outcome, spec: asked.spec, ReplyContext(key: asked.key, line: asked.line))
        if case .success = outcome {
            tally.done += 1
        } else {
            tally.refused += 1
            if let objection {
                try printer.output.flush()
                progress.say("\(input.name):\(asked.line): ERROR: \(objection.trimmed)")
            }
            if run.stopping.stopOnError { stop(at: asked.line) }
        }
    }

    private func stop(at line: Int) {
        isStopped = true
        progress.say("\(input.name): stopped at line \(line)")
    }

    /// Reports how far the batch came before the connection was lost.
    func broken(by error: ClientError) -> ExitCode {
        pipeline?.salvage()
        try? printer.output.flush()
        progress.clear()
        let first = pipeline?.oldest.map { asked in
            "; \(input.name):\(asked.line) is the first line without an answer, and may or may not have been carried out"
        }
        let answered = "\(grouped(tally.answered)) \(tally.answered == 1 ? "request was" : "requests were") answered"
        return failed("\(error.cause); \(answered)\(first ?? "")")
    }
}

extension ClientError {
    /// What happened, without the consequence for the request.
    var cause: String {
        switch self {
        case .connectionLost(let endpoint, let reason): "the connection to \(endpoint) is lost: \(reason)"
        case .timedOut(let endpoint, let limit): "\(endpoint) was silent for \(limit)"
        default: "\(self)"
        }
    }
}
