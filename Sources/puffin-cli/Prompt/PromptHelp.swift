// The prompt's help.

import Bytes
import Commands
import Shell

/// The texts of `help`.
enum PromptHelp {
    /// The prompt's own commands.
    static let locals = ["help": "help [<command>]", "exit": "exit", "quit": "quit"]

    static var overview: [String] {
        CommandSpec.sections.flatMap(lines)
            + [
                "",
                "help <command> explains one; exit or Ctrl-D ends; Tab completes; Ctrl-R searches the history.",
                "A value is the rest of the line; elsewhere an argument with spaces is a JSON string: GET \"two words\".",
            ]
    }

    private static func lines(of section: CommandSpec.Section) -> [String] {
        [section.name]
            + section.commands.filter { !$0.isHidden }.map { "  " + padded($0.name, 10, left: true) + $0.clientSummary }
    }

    /// About one command.
    static func topic(_ name: String) -> [String] {
        if let usage = locals[name.lowercased()] { return [usage, "  A command of the prompt."] }
        guard let spec = Catalog.find(name) else {
            let match = nearest(to: name, among: Catalog.commands.map(\.name)).map { "; did you mean \($0)?" } ?? ""
            return ["There is no help for \"\(name)\"\(match)"]
        }
        return [spec.usage, "  " + spec.clientSummary] + spec.help.dropFirst(2).map { "  " + $0 }
    }
}
