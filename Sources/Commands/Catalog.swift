// The catalog of the server's commands.

import Bytes

/// The rows, and the lookups. A new command is a case of `Command`, a row in `Rows/`, a function in the server, and a
/// line of a transcript in the tests.
package enum Catalog {
    /// All rows; the index of each is that of its `Command`.
    package static let rows: [CommandSpec] = {
        let groups = [strings, keys, expiry, connection, access, transactions, scripts, server, debug, replication]
        let specs = groups.joined().sorted { $0.command.index < $1.command.index }
        precondition(specs.map(\.command) == Command.allCases, "a command without a row, or with two")
        return specs
    }()

    /// The commands without subcommands, in the order of `HELP`.
    package static let commands = rows.filter { $0.parent == nil }

    /// The commands' names by row, for `CommandNames`; `subcommand` finds subcommands.
    package static let names: [String?] = rows.map { $0.parent == nil ? $0.name : nil }

    private static let index = CommandNames(names)

    /// The subcommands of each row.
    private static let subcommands: [[CommandSpec]] = Command.allCases.map { command in
        rows.filter { $0.parent == command }
    }

    /// The subcommands of a command, in the order of the catalog.
    package static func subcommands(of command: Command) -> [CommandSpec] { subcommands[command.index] }

    /// The subcommand with this name, in any case.
    package static func subcommand(_ name: Span<UInt8>, of command: Command) -> CommandSpec? {
        subcommands[command.index].first { spec in
            let bytes = Array(spec.name.utf8)
            return bytes.count == name.count && bytes.indices.allSatisfy { upperCased(name[$0]) == bytes[$0] }
        }
    }

    /// The command with this name, in any case.
    package static func find(_ name: Span<UInt8>) -> CommandSpec? { index.index(of: name).map { rows[$0] } }

    package static func find(_ name: String) -> CommandSpec? {
        let bytes = Array(name.utf8)
        return find(bytes.span)
    }

    /// The command of a request, whose first argument is its name; the subcommand, if the second argument names one.
    package static func find(_ arguments: [[UInt8]]) -> CommandSpec? {
        guard let name = arguments.first, let spec = find(name.span) else { return nil }
        guard arguments.count > spec.nameCount else { return spec }
        let second = arguments[1]
        return subcommand(second.span, of: spec.command) ?? spec
    }
}
