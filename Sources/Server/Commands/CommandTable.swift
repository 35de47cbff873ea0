// Every command, found by its name in either case without making a string of it.

import Bytes

/// The commands of a server.
struct CommandTable: Sendable {
    let commands: [Command]
    /// Indexes into `commands` by a hash of the name, -1 where there is none; runs end at an empty slot.
    private let slots: [Int8]
    private let names: [Name]

    static let standard: CommandTable = CommandTable(
        stringCommands + keyCommands + connectionCommands + serverCommands + compactionCommands)

    init(_ commands: [Command]) {
        self.commands = commands
        precondition(commands.count < CommandTable.slotCount / 2, "more commands than the table has room for")
        names = commands.map { command in
            let bytes = Array(command.name.utf8)
            guard let name = Name(bytes.span) else { preconditionFailure("a command's name is too long") }
            return name
        }
        var slots = [Int8](repeating: -1, count: CommandTable.slotCount)
        for (index, name) in names.enumerated() {
            var slot = name.slot
            while slots[slot] >= 0 { slot = (slot + 1) % CommandTable.slotCount }
            slots[slot] = Int8(index)
        }
        self.slots = slots
    }

    /// The index of the command with this name, in any case.
    func index(of name: Span<UInt8>) -> Int? {
        guard let name = Name(name) else { return nil }
        var slot = name.slot
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if names[index] == name { return index }
            slot = (slot + 1) % CommandTable.slotCount
        }
        return nil
    }

    private static let slotCount = 128

    /// Up to sixteen bytes, letters in upper case, as two numbers.
    private struct Name: Equatable {
        var low: UInt64 = 0
        var high: UInt64 = 0

        init?(_ bytes: Span<UInt8>) {
            guard bytes.count > 0, bytes.count <= 16 else { return nil }
            for index in 0..<bytes.count {
                let byte = UInt64(upperCased(bytes[index]))
                if index < 8 { low = low &<< 8 | byte } else { high = high &<< 8 | byte }
            }
        }

        /// By Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
        var slot: Int {
            Int(truncatingIfNeeded: ((low ^ high) &* 0x9e37_79b9_7f4a_7c15) &>> 57)
        }
    }
}
