// `puffin-server audit`: makes the audit's key, and verifies, lists and sums up the audit. Exit codes: 0 all is well, 2 wrong options,
// 4 the disk or the folder, 5 files of another version, 6 lines were altered or removed.

import ArgumentParser
import Audit
import AuditDisk
import Bytes
import Store
import SystemPackage

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Makes the audit's key; verifies, lists and sums up the audit.",
        discussion: """
            All but init only read, and may be used while a server runs on the same files, or on a copy of the audit's folder.

            Exit codes: 0 all is well, 2 wrong options, 4 the disk or the folder, 5 files of another version, 6 lines were altered \
            or removed.
            """,
        subcommands: [
            AuditInitCommand.self, AuditVerifyCommand.self, AuditShowCommand.self, AuditReportCommand.self,
        ])
}

/// The audit's folder.
struct AuditFlags: ParsableArguments {
    @OptionGroup var data: DataFlags

    @Option(name: "-folder --folder", help: "The audit's folder; the default is the data file's name with .audit.")
    var folder: String?

    func opened() throws -> DiskAuditFolder {
        if let folder { return DiskAuditFolder(FilePath(folder)) }
        return DiskAuditFolder(DiskAuditFolder.path(for: try data.files().snapshot))
    }
}

/// As `inspecting`, for commands that throw errors of the audit.
private func auditing(_ body: (inout StandardOutput) throws -> Void) throws {
    try inspecting { output in
        do {
            try body(&output)
        } catch let error as AuditError {
            try output.flush()
            writeError("\(error)")
            throw ExitCode(error.isOtherVersion ? 5 : 4)
        }
    }
}

struct AuditInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes the key that seals the audit, and prints it once.",
        discussion: """
            Keep the printed key away from this machine: audit verify needs it. The server keeps only the key of the current epoch, \
            and replaces it with every seal. Sealing begins with the server's next start.
            """)

    @OptionGroup var audit: AuditFlags

    func run() throws {
        try auditing { output in
            let key = try SealingKey.initialize(try audit.opened())
            try output.write(key.hexadecimal + "\n")
        }
    }
}

struct AuditVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks every line of the audit, and with the key every seal.",
        discussion: """
            Prints what was altered or removed, then the whole range. Exits with 6 if there is anything. Without the key it finds \
            accidents, but not somebody who computes checksums anew. Lines behind the last seal have no proof yet. The audit of a \
            follower shows whether epochs were sealed anew, or removed from the end, by somebody who had taken the server's key.
            """)

    @OptionGroup var audit: AuditFlags

    @Option(
        name: "-key-file --key-file", help: "A file with the key that audit init printed; - reads standard input.",
        completion: .file())
    var keyFile: String?

    @Option(
        name: "-witness --witness",
        help: "The audit's folder of a follower, to compare its witness lines with the seals.",
        completion: .directory)
    var witness: String?

    @Option(
        name: "-leader --leader",
        help: "The address of this audit's server in the witness lines; needed if the follower has followed several.")
    var leader: String?

    @Option(name: "-format --format", help: "The format of the report: text, or json, one object.")
    var format: FindingsFormat = .text

    func validate() throws {
        guard leader == nil || witness != nil else { throw ValidationError("--leader needs --witness") }
    }

    func run() throws {
        try auditing { output in
            // The witness first: the server may seal meanwhile.
            let seen = try seenSeals()
            let verdict = try AuditVerifier.verify(try audit.opened(), key: try key(), witness: seen)
            try output.write { buffer in
                if format == .json { buffer.append(object: verdict) } else { buffer.append(text: verdict) }
            }
            try output.flush()
            if !verdict.isSound { throw ExitCode(6) }
        }
    }

    private func seenSeals() throws -> AuditWitness? {
        guard let witness else { return nil }
        let seen = try AuditWitness(DiskAuditFolder(FilePath(witness)), leader: leader)
        let known = seen.leaders.joined(separator: ", ")
        if leader == nil, seen.leaders.count > 1 {
            writeError("\(witness) has seals of several leaders; name one of them with --leader: \(known)")
            throw ExitCode(2)
        }
        if seen.count == 0 {
            let others = seen.leaders.isEmpty ? "there are no witness lines" : "it has seals of \(known)"
            writeError("\(witness) has no seal of \(leader ?? "a leader"): \(others)")
            throw ExitCode(2)
        }
        return seen
    }

    private func key() throws -> SealingKey? {
        guard let keyFile else { return nil }
        let text = keyFile == "-" ? readLine() ?? "" : try content(of: keyFile)
        guard let bytes = [UInt8](hexadecimal: text), let key = SealingKey(first: bytes) else {
            writeError("--key-file \(keyFile) has no key: expected the 64 hexadecimal digits that audit init printed")
            throw ExitCode(2)
        }
        return key
    }

    /// The first line of a file.
    private func content(of path: String) throws -> String {
        let file = try LocalDisk().open(FilePath(path), for: .reading)
        var buffer = ByteBuffer()
        _ = try file.read(4096, at: 0, into: &buffer)
        let line = Array(buffer.bytes).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: line, as: UTF8.self)
    }
}

/// Which events, for `show` and `report`.
struct AuditQueryFlags: ParsableArguments {
    @Option(name: "-user --user", help: "Only events of this user.")
    var user: String?

    @Option(name: "-event --event", help: "Only this kind of event, such as login or denied; may be repeated.")
    var events: [AuditEvent.Kind] = []

    @Option(name: "-prefix --prefix", help: "Only events whose key begins with this text.")
    var prefix: String?

    @Option(name: "-since --since", help: "Only events at this time or later.")
    var since: Timestamp?

    @Option(name: "-until --until", help: "Only events at this time or earlier.")
    var until: Timestamp?

    func validate() throws {
        guard since?.milliseconds ?? 0 <= until?.milliseconds ?? .max else {
            throw ValidationError("--since is later than --until")
        }
    }

    var query: AuditQuery {
        var query = AuditQuery()
        query.user = user
        query.kinds = Set(events)
        query.keyPrefix = prefix.map { Array($0.utf8) }
        query.times = (since?.milliseconds ?? 0)...(until?.milliseconds ?? .max)
        return query
    }
}

struct AuditShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Prints events as they are in the audit, one JSON object per line.",
        discussion: """
            All conditions must hold. A TIME is 2026-01-15T10:30:00Z, with an offset such as +02:00, a date, or Unix seconds or \
            milliseconds. Nothing is verified: audit verify does that.
            """)

    @OptionGroup var audit: AuditFlags
    @OptionGroup var query: AuditQueryFlags

    func run() throws {
        try auditing { output in
            try AuditListing.forEach(in: try audit.opened(), query.query) { _, line in
                try output.write { buffer in
                    buffer.append(line)
                    buffer.append("\n")
                }
            }
        }
    }
}

struct AuditReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Counts logins, failures, denials and changes of rights by user and day.",
        discussion: "Days are in UTC. Nothing is verified: audit verify does that.")

    @OptionGroup var audit: AuditFlags
    @OptionGroup var query: AuditQueryFlags

    @Option(name: "-format --format", help: "The format of the report: text, csv or json.")
    var format: AuditReportFormat = .text

    func run() throws {
        try auditing { output in
            let report = try AuditReport(try audit.opened(), query.query)
            try output.write { report.write(format, to: &$0) }
        }
    }
}

extension AuditEvent.Kind: ExpressibleByArgument {}
extension AuditReportFormat: ExpressibleByArgument {}
