// The catalog's rows as the server runs them; what a row is and does is in Perform.swift.

import Bytes
import Commands
import Wire

/// The commands of a server. The array stands in the object itself, so that finding a command counts no references.
final class CommandTable: Sendable {
    private let names: CommandNames
    let rows: InlineArray<256, Row>

    static let standard = CommandTable()

    private init() {
        names = CommandNames(Catalog.names)
        // Behind the last row stands the first again: nothing names one there.
        rows = InlineArray { Row(Catalog.rows[$0 < Catalog.rows.count ? $0 : 0]) }
    }

    /// The index of the command with this name, in any case.
    @inline(__always)
    func index(of name: Span<UInt8>) -> Int? { names.index(of: name) }

    /// The index of a command's subcommand with this name, in any case.
    func subcommand(_ name: Span<UInt8>, of command: Int) -> Int? {
        Catalog.subcommand(name, of: spec(command).command)?.command.index
    }

    /// What is said of the command at this index.
    func spec(_ index: Int) -> CommandSpec { Catalog.rows[index] }
}
