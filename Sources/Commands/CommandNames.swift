// Finds commands by name, case-insensitively, without making a string.

import Bytes

/// A hash table of names. The array is stored in the object itself: in a struct, each lookup would copy it.
public final class CommandNames: Sendable {
    /// The largest number of rows, subcommands included.
    package static let rowLimit = 256
    /// The longest name, in bytes.
    package static let sizeLimit = 16

    /// Linear probing: a run of occupied slots ends at an empty one.
    @usableFromInline let slots: InlineArray<512, Slot>

    @usableFromInline struct Slot: ~Copyable, Sendable {
        /// The name's first eight bytes, or all; and its last eight, or nothing.
        @usableFromInline let low, high: UInt64
        /// The bits that are compared: all except the case bit of letters.
        @usableFromInline let lowMask, highMask: UInt64
        @usableFromInline let size: Int
        /// -1 for an empty slot.
        @usableFromInline let row: Int

        init(_ name: [UInt8], row: Int) {
            (low, high) = CommandNames.words(name.span)
            let masks: [UInt8] = name.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? 0xdf : 0xff }
            (lowMask, highMask) = CommandNames.words(masks.span)
            size = name.count
            self.row = row
        }
    }

    /// - Parameter names: of the rows, in upper case; nil for rows that are found otherwise.
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
            // An empty slot has size 0 and matches no name.
            if slots[slot].row < 0 { return nil }
            slot = (slot &+ 1) % slots.count
        }
    }

    @inlinable @inline(__always)
    static func words(_ name: Span<UInt8>) -> (low: UInt64, high: UInt64) {
        if name.count < 8 { return (name.lastWord(at: 0), 0) }
        return (UInt64(littleEndian: name.word(at: 0)), UInt64(littleEndian: name.word(at: name.count &- 8)))
    }

    /// Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4) of the bits that both letter cases share.
    @inlinable @inline(__always)
    static func slot(_ low: UInt64, _ high: UInt64) -> Int {
        // A name of eight bytes has them in both words: shift, so that they do not cancel out.
        let bits = (low ^ high &>> 8) & 0xdfdf_dfdf_dfdf_dfdf
        return Int(truncatingIfNeeded: (bits &* 0x9e37_79b9_7f4a_7c15) &>> 55)
    }
}
