// Finds large keys by sampling a bounded number of keys, and shows the most requested ones, which the server samples.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Prints the largest of the keys that it samples, or the most requested ones.",
        usage: """
            puffin-cli top [--count <n>] [--sample <n>] [--match <pattern>] [<options>]
            puffin-cli top --hot [--count <n>] [--watch] [--interval <time>] [<options>]
            """,
        discussion: """
            It walks over the keys with SCAN and asks for the size of each value with STRLEN, or with MEMORY USAGE. \
            From a server that has neither it reads the values themselves, \(SizeScan.byteLimit >> 20) MiB at most. \
            It samples 100,000 keys, or --sample (0 for all); SCAN is ordered by hash, so the sample is fair.
            With --hot it asks the server (HOTKEYS) to sample requests for an interval, and prints the keys with most \
            requests a second, and how many of those are changes. The numbers are lower bounds. --watch goes on, with \
            averages of some ten seconds.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Option(name: "-count --count", help: "How many keys to print.") var count = 10
    @Flag(name: "-hot --hot", help: "Print the keys that are requested most.") var hot = false
    @Flag(name: "-watch --watch", help: "With --hot: show them continuously.") var watch = false
    @Option(
        name: "-interval --interval",
        help: "With --hot: how long to sample before printing, such as 500ms or 5s. (default: 2s)", transform: timeSpan)
    var interval: TimeSpan?
    @Option(name: "-sample --sample", help: "How many keys to sample, 0 for all.") var sample = 100_000
    @Option(name: "-match --match", help: "Only keys that match a pattern such as user:*.") var match: RawBytes?

    func validate() throws {
        if count < 1 || sample < 0 { throw ValidationError("--count is 1 or more, --sample 0 or more") }
        if !hot, watch || interval != nil { throw ValidationError("--watch and --interval need --hot") }
        if hot, match != nil || sample != 100_000 {
            throw ValidationError("--hot cannot be combined with --match or --sample")
        }
        if hot, count > 100 { throw ValidationError("--count is at most 100 with --hot") }
    }

    func run() throws {
        let link = try server.connect()
        if hot { return try showHotKeys(over: link) }
        do {
            let total = try link.count()
            let scan = SizeScan(over: link, way: try SizeScan.Way(for: link), limit: count)
            let size = sample == 0 ? Int.max : sample
            let progress = ProgressLine(of: total.map { min($0, size) }, writesOutput: false)
            defer { progress.clear() }
            try scan.run(sample: size, matching: match?.bytes, progress)
            progress.clear()
            try show(scan, of: total)
        } catch let error as ClientError {
            throw failed(error.advice)
        }
    }

    private func showHotKeys(over link: ServerLink) throws {
        let format = try format.value()
        var view = LiveView()
        _ = try hotKeys(over: link)
        repeat {
            pause(for: interval?.duration ?? .seconds(2))
            let rows = try hotKeys(over: link)
            if format == .json {
                let output = BufferedOutput()
                for row in rows { try output.write { $0.append(jsonLine: row) } }
                try output.flush()
            } else {
                try view.show(HotKeyView.lines(rows, of: "\(link.endpoint)"))
            }
        } while watch
    }

    private func hotKeys(over link: ServerLink) throws -> [HotKeyRow] {
        let reply = try orExit { () throws(ClientError) in try link.execute("HOTKEYS", String(count)) }
        if let text = Outcome(reply, spec: nil, arguments: []).errorText {
            throw serverError("\(link.endpoint): \(text)")
        }
        guard let rows = HotKeyRow.rows(of: reply) else {
            throw failed("the server answered HOTKEYS with \(reply), which is not a valid reply")
        }
        return rows
    }

    private func show(_ scan: SizeScan, of total: Int?) throws {
        let output = BufferedOutput()
        if try format.value() == .json {
            for entry in scan.largest.entries {
                try output.write { buffer in
                    buffer.append(json: .compact) { json in
                        json.object { json in
                            json.member("key", bytes: entry.key.span)
                            json.member("bytes", entry.size)
                        }
                    }
                    buffer.append("\n")
                }
            }
        } else {
            let largest = scan.largest
            let all = total.map { " of \(grouped($0))" } ?? ""
            let average = largest.count > 0 ? "; \(ByteSize(largest.size / largest.count)) on average" : ""
            let cut = scan.isCut ? "; ended at \(SizeScan.byteLimit >> 20) MiB" : ""
            try output.write {
                $0.append(
                    text:
                        "\(grouped(largest.count))\(all) keys sampled, sizes from \(scan.way.name)\(average)\(cut)\n")
            }
            let width = max(5, largest.entries.map { grouped($0.size).count }.max() ?? 0)
            try output.write { $0.append(text: "\(padded("bytes", width))  key\n") }
            for entry in largest.entries {
                try output.write {
                    $0.append(text: "\(padded(grouped(entry.size), width))  \(lineSpelling(of: entry.key))\n")
                }
            }
        }
        try output.flush()
    }
}

/// Walks over keys and asks for the size of each value.
private final class SizeScan {
    /// How a size is determined.
    enum Way {
        case length
        case memory
        case value

        init(for link: ServerLink) throws {
            self = try link.knows("STRLEN") ? .length : link.knows("MEMORY") ? .memory : .value
        }

        var name: String {
            switch self {
            case .length: "STRLEN"
            case .memory: "MEMORY USAGE"
            case .value: "GET"
            }
        }

        func request(_ key: [UInt8]) -> [[UInt8]] {
            switch self {
            case .length: [Array("STRLEN".utf8), key]
            case .memory: [Array("MEMORY".utf8), Array("USAGE".utf8), key]
            case .value: [Array("GET".utf8), key]
            }
        }
    }

    private(set) var largest: LargestKeys
    let way: Way
    /// Whether it ended because too many bytes were read.
    private(set) var isCut = false
    private let link: ServerLink
    private var pipeline: Pipeline<[UInt8]>?

    /// Bytes of values to read if a server does not tell their sizes.
    static let byteLimit = 256 << 20

    init(over link: ServerLink, way: Way, limit: Int) {
        self.link = link
        self.way = way
        largest = LargestKeys(limit: limit)
        pipeline = Pipeline(over: link) { [unowned self] key, reply in
            switch reply {
            case .integer(let size): largest.add(key, size: size)
            case .bulk(let bytes): largest.add(key, size: bytes.count)
            // The key is gone, or is not a string.
            default: break
            }
        }
    }

    func run(sample: Int, matching pattern: [UInt8]?, _ progress: ProgressLine) throws {
        var walk = KeyWalk(over: link, matching: pattern)
        var asked = 0
        while asked < sample, !isCut, let keys = try walk.next() {
            for key in keys where asked < sample && !isCut {
                asked += 1
                try pipeline?.send(way.request(key), tag: key, isWide: way == .value)
                if way == .value, largest.size > SizeScan.byteLimit { isCut = true }
            }
            try pipeline?.drain()
            progress.show(done: asked, counted: largest.count)
        }
    }
}
