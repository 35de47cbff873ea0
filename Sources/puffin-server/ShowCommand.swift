// `puffin-server log show`.

import ArgumentParser
import Bytes
import Dispatch
import Glibc
import Inspection
import Store

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Prints records, as lines of the log or as a table.",
        discussion: """
            All conditions must hold. A record of several changes is shown if one of them matches; a clear names no \
            key (puffin-server log history KEY shows it too). A TIME is 2026-01-15T10:30:00Z, with an offset such as \
            +02:00, a date, or Unix seconds or milliseconds.
            """)

    @OptionGroup var data: DataFlags

    @Flag(name: "-follow --follow", help: "Print new records as they are written, until interrupted.")
    var follow = false

    @Option(name: "-key --key", help: "Print only changes of this key.")
    var key: String?

    @Option(name: "-prefix --prefix", help: "Print only changes of keys that begin with this text.")
    var prefix: String?

    @Option(name: "-by --by", help: "Print only changes made by this user (alice), or by one client (alice#812).")
    var author: String?

    @Option(name: "-from --from", help: "The number of the first change to print.")
    var from: UInt64 = 1

    @Option(name: "-to --to", help: "The number of the last change to print.")
    var to: UInt64 = .max

    @Option(name: "-since --since", help: "Print only changes made at this time or later.")
    var since: Timestamp?

    @Option(name: "-until --until", help: "Print only changes made at this time or earlier.")
    var until: Timestamp?

    @Option(
        name: "-format --format",
        help: "The format of changes: json, the lines of the log as they are, with hashes of notes masked; or table.")
    var format: ListingFormat = .json

    @Option(name: "-width --width", help: "The width of a table's row in characters.")
    var width = 120

    func validate() throws {
        guard (1...1_000_000).contains(width) else {
            throw ValidationError("--width cannot be \(width): expected a number from 1 to 1000000")
        }
        guard from <= to else { throw ValidationError("--from \(from) is greater than --to \(to)") }
        guard since?.milliseconds ?? 0 <= until?.milliseconds ?? .max else {
            throw ValidationError("--since is later than --until")
        }
    }

    func run() throws {
        try inspecting { output in
            var query = RecordQuery()
            query.key = key.map { Array($0.utf8) }
            query.prefix = prefix.map { Array($0.utf8) }
            query.author = author
            query.seqs = from...to
            query.times = (since?.milliseconds ?? 0)...(until?.milliseconds ?? .max)
            let interruption = follow ? Interruption() : nil
            var listing = try RecordListing(try data.captured(), query)
            if format == .table { try output.write { RecordListing.append(headingTo: &$0) } }
            while true {
                try list(&listing, to: &output)
                guard let interruption, !listing.isComplete else { return }
                try output.flush()
                repeat {
                    if interruption.comes(within: .milliseconds(100)) || StandardOutput.isClosed { return }
                } while try !listing.lookAgain()
            }
        }
    }

    private func list(_ listing: inout RecordListing, to output: inout StandardOutput) throws {
        while try listing.next() {
            try output.write { buffer throws(StoreError) in
                if format == .json {
                    listing.append(lineTo: &buffer)
                } else {
                    try listing.append(rowsTo: &buffer, width: width)
                }
            }
        }
        for range in listing.removed {
            writeError(
                "Changes \(range.lowerBound) to \(range.upperBound) were merged and removed while they were to be read")
        }
    }
}

/// Ends a wait on SIGINT or SIGTERM.
private final class Interruption {
    private let arrived = DispatchSemaphore(value: 0)
    private var sources: [any DispatchSourceSignal] = []

    init() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [arrived] in arrived.signal() }
            source.activate()
            sources.append(source)
        }
    }

    /// Whether one arrives within some time.
    func comes(within time: DispatchTimeInterval) -> Bool {
        arrived.wait(timeout: .now() + time) == .success
    }
}
