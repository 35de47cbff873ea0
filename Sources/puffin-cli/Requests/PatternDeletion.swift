// Deletes every key that matches a pattern, after showing how many there are.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

/// Finds keys, asks, and deletes them in a pipeline.
struct PatternDeletion {
    let pattern: [UInt8]
    let server: ServerOptions
    let format: OutputFormat
    let isConfirmed: Bool

    /// - Throws: an `ExitCode`, after the reason has been printed.
    func run() throws {
        let link = try server.connect()
        do {
            let keys = try found(over: link)
            let what = keys.count == 1 ? "1 key that matches" : "\(grouped(keys.count)) keys that match"
            if !keys.isEmpty, !isConfirmed {
                try confirm("delete removes \(what) \(lineSpelling(of: pattern)) at \(link.endpoint)")
            }
            var tally = Tally()
            let pipeline = Pipeline<Void>(over: link) { _, reply in
                if case .error = reply {
                    throw serverError(Outcome(reply, spec: nil, arguments: []).errorText ?? "")
                } else if reply == .integer(1) {
                    tally.done += 1
                }
            }
            for key in keys { try pipeline.send([Array("DEL".utf8), key], tag: (), isWide: false) }
            try pipeline.drain()
            let printer = ReplyPrinter(format: format, style: .command)
            _ = try printer.print(.success(.integer(tally.done)), spec: nil, ReplyContext())
            try printer.output.flush()
        } catch let error as ClientError {
            throw failed("\(error.cause); some of the keys may have been deleted")
        }
    }

    private func found(over link: ServerLink) throws -> Set<[UInt8]> {
        var keys: Set<[UInt8]> = []
        var walk = KeyWalk(over: link, matching: pattern)
        while let some = try walk.next() { keys.formUnion(some) }
        return keys
    }
}
