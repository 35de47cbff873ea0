// How long the way to a server and back takes.

import ArgumentParser
import BlockingClient
import Bytes
import Program
import Shell
import Wire

struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Pings a server again and again: the shortest, longest and usual round trip.",
        usage: "puffin-cli latency [--interval <time>] [--count <n>] [<options>]",
        discussion: """
            A PING every 10 ms, or as --interval says, each after the reply to the one before. The line is written over on a terminal; \
            in a pipe there is one each second and one in the end. In JSON times are in microseconds.
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
