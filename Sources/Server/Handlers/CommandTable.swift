// The catalog's rows as the server runs them.

import Bytes
import Commands
import Wire

/// The commands of a server. The array stands in the object itself, so that finding a command counts no references.
final class CommandTable: Sendable {
    private let names: CommandNames
    let rows: InlineArray<256, Row>

    /// What a request is checked against, and run by: all of a command but its texts. It is lent, never copied.
    struct Row: ~Copyable, Sendable {
        let index: Int
        let traits: Traits
        let arity: ClosedRange<Int>
        let lineArity: ClosedRange<Int>
        let form: LineForm
        let keys: Keys
        let run: Handler

        init(_ spec: CommandSpec) {
            index = spec.command.index
            traits = spec.traits
            arity = spec.arity
            lineArity = spec.lineArity
            form = spec.lineForm
            keys = spec.keys
            run = spec.command.handler
        }
    }

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
