// `puffin-server log verify`.

import ArgumentParser
import Bytes
import Inspection
import Store

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks every file: checksums, numbers, and agreement with the others.",
        discussion: """
            Prints a line for each file, then the whole range. Exits with 0 if all is well, even with a torn tail, \
            which the next start sets aside; with 6 if something is damaged.
            """)

    @OptionGroup var data: DataFlags

    @Option(name: "-format --format", help: "The format of the report: text, or json, one object.")
    var format: FindingsFormat = .text

    func run() throws {
        try inspecting { output in
            let files = try data.files()
            let found = try Verification.run(files, on: LocalDisk())
            try output.write { buffer in
                if format == .json {
                    buffer.append(json: found.findings, of: files.snapshot.string)
                } else {
                    buffer.append(text: found.findings)
                }
            }
            try output.flush()
            if found.isDamaged { throw ExitCode(6) }
            if found.isOfOtherVersion { throw ExitCode(5) }
        }
    }
}

/// A text padded with spaces to a width in characters.
func aligned(_ text: String, _ width: Int, left: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(width - text.unicodeScalars.count, 0))
    return left ? blanks + text : text + blanks
}
