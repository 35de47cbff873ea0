// A server's figures, once or continuously.

import ArgumentParser
import BlockingClient
import Bytes
import Commands
import Shell
import Wire

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Prints the server's figures; --watch shows them as they change.",
        usage: "puffin-cli stats [--watch] [--interval <time>] [--count <n>] [<options>]",
        discussion: """
            --watch shows the main figures and their rates: refreshed in place on a terminal, block by block in a \
            pipe, in JSON all figures as one object per line.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: "-watch --watch", help: "Show the figures continuously.") var watch = false
    @OptionGroup var pace: PaceOptions

    func run() async throws {
        guard watch || pace.count != nil || pace.interval != nil else {
            return try await SingleRequest(arguments: [Array("STATS".utf8)], server: server, format: format.value())
                .run()
        }
        let isJSON = try format.value() == .json
        let link = try server.connect()
        var view = LiveView()
        var before: StatsSample?
        var shown = 0
        let start = ContinuousClock.now
        while true {
            let reply = try orExit { () throws(ClientError) in try link.execute("STATS") }
            let seconds = Double(start.duration(to: .now).nanoseconds) / 1e9
            let sample = StatsSample(figures: try figures(of: reply), time: seconds)
            if isJSON {
                let printer = ReplyPrinter(format: .json, style: .command)
                _ = try printer.print(.success(reply), spec: Command.stats.spec, ReplyContext())
                try printer.output.flush()
            } else {
                try view.show(StatsView.lines(sample, since: before, of: "\(link.endpoint)"))
            }
            before = sample
            shown += 1
            if let count = pace.count, shown >= count { return }
            pause(for: pace.interval?.duration ?? .seconds(1))
        }
    }

    private func figures(of reply: Reply) throws -> [String: String] {
        let outcome = Outcome(reply, spec: nil, arguments: [])
        if let text = outcome.errorText { throw serverError(text) }
        switch reply {
        case .array(let items):
            let pairs = stride(from: 0, to: items.count - 1, by: 2).map { (items[$0].word, items[$0 + 1].word) }
            return Dictionary(pairs) { $1 }
        case .map(let entries): return Dictionary(entries.map { ($0.key.word, $0.value.word) }) { $1 }
        default: throw failed("the server answered STATS with \(reply), which is not a valid reply")
        }
    }
}

/// The interval and the number of samples.
struct PaceOptions: ParsableArguments {
    @Option(
        name: "-interval --interval", help: "The time between two samples, such as 500ms or 5s.", transform: timeSpan)
    var interval: TimeSpan?
    @Option(name: "-count --count", help: "How many samples to take; without it Ctrl-C ends the command.") var count:
        Int?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is 1 or more") }
    }
}
