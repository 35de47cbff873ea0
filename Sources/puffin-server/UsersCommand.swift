// `puffin-server users`: the users and roles of a data set at a moment, and who could reach keys, without a server.

import Access
import ArgumentParser
import Bytes
import Commands
import Inspection
import Reactor
import Store

struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users",
        abstract: "Prints which users and roles there were at a time, and who could read or change keys.",
        discussion: """
            It only reads the snapshot and the log, and may be used while a server runs on the same files. Roles that are \
            always there (admin, operator, monitor, reader, writer, replica, auditor) are not listed. What is not in the log \
            is not known: the password of the user default in a server's settings, and whether a server without users was \
            open (auth.mode).

            Exit codes: 0 printed, 2 wrong options, 4 the disk or the folder, or a time that the log does not reach back to, 5 \
            a file of another version, 6 damage.
            """)

    @OptionGroup var data: DataFlags

    @Option(
        name: "-at --at",
        help: """
            The time: 2026-01-15T10:30:00Z, with an offset such as +02:00, a date, or Unix seconds or milliseconds. (default: \
            after the last change)
            """)
    var time: Timestamp?

    @Option(
        name: "-may --may", parsing: .upToNextOption,
        help: ArgumentHelp(
            "Print instead who could read, or write, keys that begin with a prefix, and by what: --may read orders:",
            valueName: "access prefix"))
    var may: [String] = []

    @Option(name: "-format --format", help: "The output format: text, or json, an object for each line.")
    var format: FindingsFormat = .text

    func validate() throws {
        guard may.isEmpty || may.count == 2 && ["read", "write"].contains(may[0]) else {
            throw ValidationError(
                "--may takes read or write, and what keys begin with: --may read orders:, or --may write \"\" for all keys"
            )
        }
    }

    func run() throws {
        try inspecting { output in
            let notes = try PastNotes(try data.captured(), at: time?.milliseconds)
            let listing = UserListing(notes, at: time?.milliseconds ?? WallClock.milliseconds)
            if may.isEmpty {
                try output.write { format == .json ? $0.append(objects: listing) : $0.append(lines: listing) }
            } else {
                let reaches = listing.reaches(may[0] == "read" ? .read : .write, prefix: Array(may[1].utf8))
                try output.write { buffer in
                    if format == .json {
                        buffer.append(objects: reaches)
                    } else {
                        buffer.append(lines: reaches, of: listing, "\(may[0]) keys that begin with \"\(may[1])\"")
                    }
                }
            }
        }
    }
}
