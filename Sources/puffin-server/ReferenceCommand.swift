// `puffin-server reference`: prints the generated parts of docs/protocol.md and docs/commands.md, for `make reference`.

import ArgumentParser
import Commands

struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Prints a generated part of docs/protocol.md or docs/commands.md.",
        shouldDisplay: false)

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case commands, codes, manual
    }

    @Argument(help: "The part: commands, codes or manual.") var part: Part

    func run() throws {
        try inspecting { output in
            switch part {
            case .commands: try output.write(Catalog.reference)
            case .codes: try output.write(ErrorCode.reference)
            case .manual: try output.write(Catalog.manual)
            }
        }
    }
}
