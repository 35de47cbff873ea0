// Commands found by their names, in either case, without making a string of one.

import Bytes

/// The names of rows, by their hash. The array stands in the object itself: in a struct, each lookup would copy it.
public final class CommandNames: Sendable {
    /// Rows that there may be, subcommands included.
    package static let rowLimit = 256
    /// Bytes that a name may have.
    package static let sizeLimit = 16

    /// Runs of names whose hashes are neighbours end at an empty slot.
    @usableFromInline let slots: InlineArray<512, Slot>

    @usableFromInline struct Slot: ~Copyable, Sendable {
        /// The first eight bytes of the name, or all; and its last eight, or nothing.
        @usableFromInline let low, high: UInt64
        /// The bits in which a name may not differ: all but those that tell the cases of letters apart.
        @usableFromInline let lowMask, highMask: UInt64
        @usableFromInline let size: Int
        /// Of an empty slot, -1.
        @usableFromInline let row: Int

        init(_ name: [UInt8], row: Int) {
            (low, high) = CommandNames.words(name.span)
            let masks: [UInt8] = name.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? 0xdf : 0xff }
            (lowMask, highMask) = CommandNames.words(masks.span)
            size = name.count
            self.row = row
        }
    }

    /// - Parameter names: of the rows, in upper case; nil of a row that is found in another way.
    package init(_ names: [String?]) {
        precondition(names.count <= CommandNames.rowLimit, "more commands than there is room for")
        let names = names.map { $0.map { Array($0.utf8) } }
        var rows = [Int](repeating: -1, count: 512)
        for (row, name) in names.enumerated() {
            guard let name else { continue }
            precondition((1...CommandNames.sizeLimit).contains(name.count), "a command's name is empty or too long")
            precondition(name.allSatisfy { upperCased($0) == $0 }, "a command's name is in lower case")
            let (low, high) = CommandNames.words(name.span)
            var slot = CommandNames.slot(low, high)
            while rows[slot] >= 0 { slot = (slot + 1) % rows.count }
            rows[slot] = row
        }
        slots = InlineArray { slot in
            let row = rows[slot]
            return Slot(row < 0 ? [] : names[row] ?? [], row: row)
        }
        for (row, name) in names.enumerated() {
            guard let name else { continue }
            precondition(index(of: name.span) == row, "two commands of the same name")
        }
    }

    /// The row of the command with this name, in any case.
    @inlinable @inline(__always)
    public func index(of name: Span<UInt8>) -> Int? {
        let size = name.count
        guard size > 0, size <= 16 else { return nil }
        let (low, high) = CommandNames.words(name)
        var slot = CommandNames.slot(low, high)
        while true {
            let difference =
                (low ^ slots[slot].low) & slots[slot].lowMask | (high ^ slots[slot].high) & slots[slot].highMask
            if difference | UInt64(bitPattern: Int64(size ^ slots[slot].size)) == 0 { return slots[slot].row }
            // An empty slot, whose size is 0, is not the name's.
            if slots[slot].row < 0 { return nil }
            slot = (slot &+ 1) % slots.count
        }
    }

    @inlinable @inline(__always)
    static func words(_ name: Span<UInt8>) -> (low: UInt64, high: UInt64) {
        if name.count < 8 { return (name.lastWord(at: 0), 0) }
        return (UInt64(littleEndian: name.word(at: 0)), UInt64(littleEndian: name.word(at: name.count &- 8)))
    }

    /// By Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4), of what the cases of letters have in common.
    @inlinable @inline(__always)
    static func slot(_ low: UInt64, _ high: UInt64) -> Int {
        // A name of eight bytes has them in both words: there they must not meet.
        let bits = (low ^ high &>> 8) & 0xdfdf_dfdf_dfdf_dfdf
        return Int(truncatingIfNeeded: (bits &* 0x9e37_79b9_7f4a_7c15) &>> 55)
    }
}
