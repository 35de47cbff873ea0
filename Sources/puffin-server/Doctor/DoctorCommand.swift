// `puffin-server doctor`: whether this machine, these files and these settings are fit for a server.

import ArgumentParser
import Bytes
import Doctor
import Server
import ServerConfiguration

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks the machine, the files and the settings before a server starts, or beside one.",
        discussion: """
            It takes the server's options, takes no lock, changes nothing, and writes one temporary file, by which it measures the \
            disk: 400 writes of 4 KiB in the log's folder. Run it as the server's user. A line for each check says ok, warning or \
            fails, the figures, and what to do.

            Exit codes: 0 nothing fails, 1 something fails (with --strict: or warns), 2 wrong options or settings.
            """)

    @OptionGroup var flags: ServerFlags

    @Flag(name: "-json --json", help: "Print one JSON object.")
    var json = false

    @Flag(name: "-strict --strict", help: "Exit with 1 for warnings too.")
    var strict = false

    @Flag(name: "-deep --deep", help: "Read and check every line of the snapshot and the log.")
    var deep = false

    @Flag(
        name: "-allow-remote-disk --allow-remote-disk",
        help: "Warn, rather than fail, where the data is on a file system of a network or of a program (FUSE).")
    var allowRemoteDisk = false

    func run() throws {
        let settings = try flags.sources.resolveOrExit()
        let examination = Examination(
            Configuration(settings), source: settings.source, isDeep: deep, allowsRemoteDisk: allowRemoteDisk)
        let report = Report(try examination.run())
        try inspecting { output in
            if json {
                try output.write { (buffer: inout ByteBuffer) in
                    buffer.append(json: .indented) { $0.value(report) }
                    buffer.append("\n")
                }
            } else {
                try output.write(report.text)
            }
        }
        let code = report.exitCode(isStrict: strict)
        if code != 0 { throw ExitCode(code) }
    }
}
