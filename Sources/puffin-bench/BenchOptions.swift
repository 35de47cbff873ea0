// The options, in the groups of --help.

import ArgumentParser
import Bench
import BlockingClient
import Bytes

struct TargetOptions: ParsableArguments {
    @Option(
        name: "-addr --addr", help: "The server's host:port. (default: \(Endpoint()))",
        transform: { try Endpoint(parsing: $0) })
    var addr = Endpoint()

    @Option(
        name: "-dialect --dialect",
        help: "The dialect of requests: line = Puffin's lines; resp = RESP, for Puffin, Redis and Valkey.")
    var dialect = Dialect.line
}

struct WorkloadOptions: ParsableArguments {
    @Option(
        name: "-preset --preset",
        help: ArgumentHelp(
            "A named workload; the other options change it. \(WorkloadOptions.presets)", valueName: "name"))
    var preset: Preset?

    @Option(
        name: "-ratio --ratio",
        help: ArgumentHelp(
            "The shares of gets, sets and deletes, as get:set:delete. (default: 90:10:0)", valueName: "g:s:d"))
    var ratio: String?

    @Option(
        name: "-mix --mix",
        help: ArgumentHelp(
            "Operations and their weights, in place of --ratio, such as get=70,set-ex=15,expire=15. Operations: "
                + LoadOperation.options.map(\.name).joined(separator: ", ") + ".", valueName: "mix"))
    var mix: String?

    @Option(name: "-keys --keys", help: "The number of keys. (default: 100000)")
    var keys: Int?

    @Option(name: "-key-size --key-size", help: "Bytes of a key: key: and its number. (default: 16)")
    var keySize: Int?

    @Option(
        name: "-value-size --value-size",
        help: ArgumentHelp(
            "Bytes of a value: 32; a range, 16-1024; a list, 32,64,1024; or with weights, 32:90,1024:10. (default: 32)",
            valueName: "size"))
    var valueSize: String?

    @Option(
        name: "-distribution --distribution",
        help: """
            The distribution of keys: uniform = all equally often; zipf = a few most of the time; latest = recently \
            inserted ones; sequential = in order. (default: uniform)
            """)
    var distribution: Distribution?

    @Option(name: "-seed --seed", help: "The seed of the random keys, sizes and operations.")
    var seed: UInt64 = 1

    @Flag(
        name: "-fill --fill", inversion: .prefixedNo,
        help: "Set every key before the run. (default: --fill if requests need existing keys)")
    var fill: Bool?

    @Flag(name: "-verify --verify", help: "Check every value that is read: key, checksum and each byte.")
    var verify = false

    private static var presets: String {
        Preset.allCases.map { "\($0.rawValue): \($0.summary)" }.joined(separator: "; ") + "."
    }
}

struct LoadOptions: ParsableArguments {
    @Option(name: "-clients --clients", help: "How many connections send requests.")
    var clients = 50

    @Option(name: "-pipeline --pipeline", help: "Requests that each connection has outstanding.")
    var pipeline = 1

    @Option(name: "-threads --threads", help: "Threads of the client; each has its share of the connections.")
    var threads = 1

    @Option(
        name: "-rate --rate",
        help: ArgumentHelp("Requests a second on a fixed schedule (open loop), such as 20000.", valueName: "n"))
    var rate: Double?

    @Option(
        name: "-reconnect --reconnect",
        help: ArgumentHelp(
            "Close each connection after this number of requests, and open another, with its handshake and login.",
            valueName: "n"))
    var reconnect: Int?

    @Option(
        name: "-requests --requests", help: ArgumentHelp("End the run after this number of requests.", valueName: "n"))
    var requests: Int?

    @Option(
        name: "-duration --duration",
        help: ArgumentHelp("End the run after this time: 500ms, 10s, 2m, 1h. (default: 10s)", valueName: "time"))
    var duration: TimeSpan?

    @Option(
        name: "-warmup --warmup",
        help: ArgumentHelp(
            "Time at the start that is not measured. (default: 2s; 0 with --requests)", valueName: "time"))
    var warmup: TimeSpan?

    @Option(
        name: "-timeout --timeout",
        help: ArgumentHelp("How long the server may be silent before the run ends.", valueName: "time"))
    var timeout = TimeSpan(seconds: 30)
}

struct SeriesOptions: ParsableArguments {
    @Option(
        name: "-compare --compare",
        help: ArgumentHelp(
            "A second server: both are loaded in turns, and their medians and ratios are printed.",
            valueName: "host:port"),
        transform: { try Endpoint(parsing: $0) })
    var compare: Endpoint?

    @Option(
        name: "-compare-dialect --compare-dialect", help: "The second server's dialect. (default: that of --dialect)")
    var compareDialect: Dialect?

    @Option(name: "-rounds --rounds", help: "How often each server is loaded with --compare.")
    var rounds = 5

    @Flag(
        name: "-sweep --sweep",
        help: "Raise the open loop's rate step by step until the server cannot follow, and draw latency against load.")
    var sweep = false

    @Option(
        name: "-sweep-p99 --sweep-p99",
        help: ArgumentHelp("The p99 at which a --sweep ends.", valueName: "time"))
    var sweepLimit = TimeSpan(milliseconds: 10)
}

struct ReportOptions: ParsableArguments {
    @Option(name: "-format --format", help: "The output format: table, json or csv.")
    var format = ReportFormat.table

    @Option(
        name: "-hdr --hdr",
        help: ArgumentHelp(
            "A file for the percentile distribution, as HdrHistogram's plotters read it.", valueName: "file"))
    var hdr: String?

    @Option(
        name: "-html --html",
        help: ArgumentHelp("A file for an HTML page with curves and the circumstances of the run.", valueName: "file"))
    var html: String?
}

extension Dialect: ExpressibleByArgument {}
extension Distribution: ExpressibleByArgument {}
extension Preset: ExpressibleByArgument {}
extension ReportFormat: ExpressibleByArgument {}
/// Refuses a run of no length.
func checkDuration(_ duration: TimeSpan) throws {
    guard duration.nanoseconds > 0 else { throw ValidationError("--duration is a time above 0, such as 30s") }
}

extension TimeSpan: ExpressibleByArgument {
    /// The same spellings as `init(_:)`.
    public init?(argument: String) { self.init(argument) }
}
