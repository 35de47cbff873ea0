// The table of commands that a server runs, made from the catalog. Perform.swift describes a row.

import Bytes
import Commands
import Wire

/// The commands of a server. The array is a stored property of the object itself, so that a look-up retains nothing.
final class CommandTable: Sendable {
    private let names: CommandNames
    let rows: InlineArray<256, Row>

    static let shared = CommandTable()

    private init() {
        names = CommandNames(Catalog.names)
        // Padding: a copy of the first row follows the last, and no name maps to it.
        rows = InlineArray { Row(Catalog.rows[$0 < Catalog.rows.count ? $0 : 0]) }
    }

    /// The index of the command with this name; case is ignored.
    @inline(__always)
    func index(of name: Span<UInt8>) -> Int? { names.index(of: name) }

    /// The index of a command's subcommand with this name; case is ignored.
    func subcommand(_ name: Span<UInt8>, of command: Int) -> Int? {
        Catalog.subcommand(name, of: spec(command).command)?.command.index
    }

    /// The description of the command at this index.
    func spec(_ index: Int) -> CommandSpec { Catalog.rows[index] }
}
