// `puffin-server reference`: prints the tables of docs/protocol.md, for `make reference`.

import ArgumentParser
import Commands

struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Prints a table of docs/protocol.md.", shouldDisplay: false)

    enum Table: String, CaseIterable, ExpressibleByArgument {
        case commands, codes
    }

    @Argument(help: "The table: commands or codes.") var table: Table

    func run() throws {
        try inspecting { output in
            switch table {
            case .commands: try output.write(Catalog.reference)
            case .codes: try output.write(ErrorCode.reference)
            }
        }
    }
}
