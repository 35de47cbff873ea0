// Every command, found by its name in either case without making a string of it.

import Bytes
import Wire

/// The commands of a server. Its arrays stand in the object itself, so that finding a command counts no references.
final class CommandTable: Sendable {
    let commands: [Command]
    /// The names by their hash, with an index into `rows`; runs end at an empty slot.
    private let slots: InlineArray<128, Slot>
    let rows: InlineArray<64, Row>

    /// What a request is checked against, and run by: all of a command but its texts. It is lent, never copied.
    struct Row: ~Copyable, Sendable {
        let index: Int
        let kind: Command.Kind
        let arity: ClosedRange<Int>
        let lineArity: ClosedRange<Int>
        let form: LineForm
        let keys: Command.Keys
        let storesValues: Bool
        let run: @Sendable (Arguments, Session, inout ReplyQueue) -> Void

        init(_ command: Command, index: Int) {
            self.index = index
            kind = command.kind
            arity = command.arity
            lineArity = command.lineArity
            form = command.form
            keys = command.keys
            storesValues = command.storesValues
            run = command.run
        }
    }

    private struct Slot: Sendable {
        var name = Name()
        var row = -1
    }

    static let standard = CommandTable(
        stringCommands + keyCommands + connectionCommands + serverCommands + compactionCommands
            + replicationCommands + slowLogCommands)

    init(_ commands: [Command]) {
        precondition(commands.count <= 64, "more commands than the table has room for")
        var slots = InlineArray<128, Slot>(repeating: Slot())
        for (row, command) in commands.enumerated() {
            let bytes = Array(command.name.utf8)
            precondition(
                bytes.allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }, "a name not of letters")
            guard let name = Name(bytes.span) else { preconditionFailure("a command's name is too long") }
            var slot = name.slot
            while slots[slot].row >= 0 { slot = (slot + 1) % slots.count }
            slots[slot] = Slot(name: name, row: row)
        }
        self.commands = commands
        self.slots = slots
        rows = InlineArray { Row(commands[min($0, commands.count - 1)], index: $0) }
    }

    /// The index of the command with this name, in any case.
    @inline(__always)
    func index(of name: Span<UInt8>) -> Int? {
        guard let name = Name(name) else { return nil }
        var slot = name.slot
        while slots[slot].row >= 0 {
            if slots[slot].name == name { return slots[slot].row }
            slot = (slot &+ 1) % slots.count
        }
        return nil
    }

    /// Up to sixteen letters, in upper case, as two numbers.
    private struct Name: Equatable {
        var low: UInt64 = 0
        var high: UInt64 = 0

        init() {}

        @inline(__always)
        init?(_ bytes: Span<UInt8>) {
            guard bytes.count > 0, bytes.count <= 16 else { return nil }
            // Without this bit only a letter is a letter in upper case, and nothing else becomes one.
            let upperCase: UInt64 = 0xdfdf_dfdf_dfdf_dfdf
            if bytes.count < 8 {
                low = bytes.lastWord(at: 0) & upperCase
            } else {
                low = UInt64(littleEndian: bytes.word(at: 0)) & upperCase
                high = bytes.count == 16 ? UInt64(littleEndian: bytes.word(at: 8)) : bytes.lastWord(at: 8)
                high &= upperCase
            }
        }

        /// By Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
        var slot: Int {
            Int(truncatingIfNeeded: ((low ^ high) &* 0x9e37_79b9_7f4a_7c15) &>> 57)
        }
    }
}
