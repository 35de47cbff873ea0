// `puffin-server log history`.

import ArgumentParser
import Bytes
import Inspection
import Store

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Prints every change of a key that the log still has, the removal of all keys included.",
        discussion: """
            If older changes were merged into the snapshot and removed, the snapshot's value is printed too, with the \
            snapshot's change.
            """)

    @OptionGroup var data: DataFlags

    @Argument(help: "The key; put -- before one that begins with a dash.")
    var key: String

    @Option(name: "-format --format", help: "The format of changes: table, or json, an object for each.")
    var format: ListingFormat = .table

    @Option(name: "-width --width", help: "The width of a table's row in characters.")
    var width = 120

    func run() throws {
        try inspecting { output in
            var history = try KeyHistory(try data.captured(), key: Array(key.utf8))
            if format == .table {
                let heading = [aligned("seq", 12, left: true), aligned("time (UTC)", 24), aligned("op", 8), "value\n"]
                try output.write(heading.joined(separator: "  "))
                if history.first > 1 {
                    try output.write("(changes before \(history.first) are no longer in the log)\n")
                }
            }
            while let entry = try history.next() {
                try output.write { format == .json ? $0.append(object: entry) : $0.append(row: entry, width: width) }
            }
        }
    }
}

/// Says behind a value when it expires, if it does.
private func suffix(_ expires: UInt64) -> String { expires > 0 ? "  (\(expiry(expires)))" : "" }

extension ByteBuffer {
    fileprivate mutating func append(row entry: KeyHistory.Entry, width: Int) {
        if case .snapshot(let value, let expires) = entry.event {
            let has = value.map { $0.span.excerpt(of: max(width - 50, 10)) + suffix(expires) } ?? "(not this key)"
            append(text: "(as of change \(entry.seq) the snapshot has: \(has))\n")
            return
        }
        append(text: aligned("\(entry.seq)", 12, left: true) + "  ")
        append(time: Timestamp(milliseconds: entry.timestamp))
        switch entry.event {
        case .set(let value, let expires):
            append(text: "  set       " + value.span.excerpt(of: max(width - 50, 10)) + suffix(expires))
        case .delete: append("  delete")
        case .expired: append("  expired")
        case .ttl(let expires): append(text: "  ttl       " + expiry(expires))
        case .clear: append("  clear")
        case .snapshot: break
        }
        if let author = entry.author { append(text: "  (by \(Array(author.utf8).span.excerpt(of: 64)))") }
        append(UInt8(ascii: "\n"))
    }

    fileprivate mutating func append(object entry: KeyHistory.Entry) {
        append(json: .compact) { json in
            json.object { $0.members(of: entry) }
        }
        append("\n")
    }
}

extension JSONWriter {
    fileprivate mutating func members(of entry: KeyHistory.Entry) {
        var time = ByteBuffer()
        time.append(time: Timestamp(milliseconds: entry.timestamp))
        member("seq", entry.seq)
        member("ts", entry.timestamp)
        member("time", bytes: time.bytes)
        switch entry.event {
        case .set(let value, let expires):
            member("op", "set")
            member("value", bytes: value.span)
            if expires > 0 { member("expires", expires) }
        case .delete: member("op", "delete")
        case .expired: member("op", "expired")
        case .ttl(let expires):
            member("op", "ttl")
            if expires > 0 { member("expires", expires) }
        case .clear: member("op", "clear")
        case .snapshot(let value, let expires):
            member("op", "snapshot")
            if let value { member("value", bytes: value.span) }
            if expires > 0 { member("expires", expires) }
        }
        if let author = entry.author { member("by", author) }
    }
}
