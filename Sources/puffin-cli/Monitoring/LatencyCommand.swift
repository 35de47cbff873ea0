// Measures round trips to a server.

import ArgumentParser
import BlockingClient
import Bytes
import Program
import Shell
import Wire

struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures round trips with repeated pings: the shortest, the longest and the usual one.",
        usage: "puffin-cli latency [--interval <time>] [--count <n>] [<options>]",
        discussion: """
            Sends a PING every 10 ms, or every --interval, each after the reply to the one before. On a terminal the \
            line is refreshed in place; in a pipe one is written each second and one at the end. JSON has times in \
            microseconds.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var pace: PaceOptions

    func run() throws {
        let isJSON = try format.value() == .json
        let link = try server.connect()
        let interval = pace.interval?.duration ?? .milliseconds(10)
        let isLive = Terminal.isOutput && !isJSON
        let step = isLive ? Duration.milliseconds(200) : .seconds(1)
        var view = LiveView()
        var summary = LatencySummary()
        var next = ContinuousClock.now + step
        while true {
            let start = ContinuousClock.now
            let reply = try orExit { () throws(ClientError) in try link.execute("PING") }
            summary.record(nanoseconds: start.duration(to: .now).nanoseconds)
            if let text = Outcome(reply, spec: nil, arguments: []).errorText { throw serverError(text) }
            let isLast = pace.count.map { summary.count >= $0 } ?? false
            if isLast || ContinuousClock.now >= next {
                try view.show([isJSON ? summary.json : summary.text])
                next = .now + step
            }
            if isLast { return }
            pause(for: interval)
        }
    }
}
