// `puffin-server log`: inspects the files of a data set that a server may be using. Exit codes: 0 all is well, 2 wrong
// options, 4 the disk or the folder, 5 another version, 6 damage, 7 in use (repair --apply only).

import ArgumentParser
import Bytes
import Inspection
import Server
import Store
import SystemPackage

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Checks, shows and repairs the files of a data set.",
        discussion: """
            All but repair --apply only read, and may be used while a server runs on the same files.

            Exit codes: 0 all is well, 2 wrong options, 4 the disk or the folder, 5 a file of another version, 6 damage, \
            7 in use by a server (repair --apply).
            """,
        subcommands: [
            VerifyCommand.self, RepairCommand.self, ShowCommand.self, HistoryCommand.self, LogStatsCommand.self,
        ])
}

/// How records are printed.
enum ListingFormat: String, CaseIterable, ExpressibleByArgument {
    case json
    case table
}

/// How findings are printed.
enum FindingsFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
}

/// Runs a command's body. A problem with the files is printed, and ends the process with its exit code.
func inspecting(_ body: (inout StandardOutput) throws -> Void) throws {
    var output = StandardOutput()
    do {
        try body(&output)
        try output.flush()
    } catch let error as ExitCode {
        try output.flush()
        throw error
    } catch {
        // Everything read before is good.
        try output.flush()
        let known = error as? InspectionError ?? (error as? StoreError).map(InspectionError.store)
        writeError("\(known.map { "\($0)" } ?? "\(error)")")
        throw ExitCode(known?.exitCode ?? 1)
    }
}

extension InspectionError {
    /// As for the server.
    var exitCode: Int32 {
        switch self {
        case .missing, .empty, .folder, .notesUnknown: 4
        case .store(let error): StartError.store(error).exitCode
        }
    }
}

extension Timestamp: ExpressibleByArgument {
    package init?(argument: String) { self.init(parsing: argument) }
}

/// A moment as text.
func text(_ milliseconds: UInt64) -> String {
    var buffer = ByteBuffer()
    buffer.append(time: Timestamp(milliseconds: milliseconds))
    return String(buffer.bytes)
}
