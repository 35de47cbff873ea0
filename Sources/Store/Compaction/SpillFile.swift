// A spill file: changes sorted by key, in the form in which a sorter has them (`StoredChange`), in blocks. A block is one word
// with its size and a CRC-32C, then changes. Each sum continues the one before it; a block without changes ends the file. No
// other process, and no later start, reads it.

import Bytes
import LogFormat
import SystemPackage

/// The limits of blocks, in bytes.
private enum SpillBlock {
    static let headSize = 8
    /// No change begins after this much of a block.
    static let size = 16 << 10
    static let writeSize = 128 << 10
}

/// Writes a new spill file.
struct SpillWriter: ~Copyable {
    private let file: any DiskFile
    private var buffer = ByteBuffer()
    /// Where the last block in the buffer begins.
    private var start = 0
    private var size = 0
    private var crc: UInt32 = 0

    /// Creates the file, which must not exist.
    init(creating path: FilePath, on disk: any Disk) throws(StoreError) {
        file = try disk.create(path)
        buffer.append(word: 0)
    }

    /// Appends the next change in the order of the keys.
    mutating func append(_ change: Span<UInt8>) throws(StoreError) {
        if change.count >= SpillBlock.writeSize { return try write(change) }
        buffer.append(change)
        if buffer.count - start >= SpillBlock.size { try endBlock() }
    }

    /// Writes a large change as a block of its own, without copying it.
    private mutating func write(_ change: Span<UInt8>) throws(StoreError) {
        if buffer.count - start > SpillBlock.headSize { try endBlock() }
        crc = CRC32C.extend(crc, with: change)
        buffer.overwrite(at: start, word: UInt64(change.count) << 32 | UInt64(crc))
        try file.write(buffer.bytes, change, at: size)
        size += buffer.count + change.count
        buffer.removeAll()
        start = 0
        buffer.append(word: 0)
    }

    /// Ends the file.
    mutating func end() throws(StoreError) {
        if buffer.count - start > SpillBlock.headSize { try endBlock() }
        try endBlock()
        try flush()
    }

    private mutating func endBlock() throws(StoreError) {
        let changes = (start + SpillBlock.headSize)..<buffer.count
        crc = CRC32C.extend(crc, with: buffer.bytes.extracting(changes))
        buffer.overwrite(at: start, word: UInt64(changes.count) << 32 | UInt64(crc))
        if buffer.count >= SpillBlock.writeSize { try flush() }
        start = buffer.count
        buffer.append(word: 0)
    }

    private mutating func flush() throws(StoreError) {
        try file.write(buffer.bytes, Span(), at: size)
        size += buffer.count
        buffer.removeAll()
        buffer.trim(above: 2 * SpillBlock.writeSize)
    }
}

/// The changes of a spill file.
final class SpilledPairs: SortedPairs {
    private var spill: SpillReader

    /// Reads the first change.
    init(_ file: any DiskFile) throws(StoreError) {
        spill = SpillReader(file, size: try file.size())
        super.init()
        try spill.begin()
        (head, newTime) = (spill.head, spill.newTime)
    }

    override func advance() throws(StoreError) {
        try spill.advance()
        (head, newTime) = (spill.head, spill.newTime)
    }

    override func write(
        to writer: inout PairWriter, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        try spill.write(to: &writer, expires: time, &values)
    }

    override func compared(with other: SortedPairs) -> Int { spill.compared(with: other) }
    override func compared(with key: Span<UInt8>) -> Int { spill.compared(with: key) }
}

/// Reads a spill file.
private struct SpillReader: ~Copyable {
    private let file: any DiskFile
    private let fileSize: Int
    /// The current block's changes, then the head of the next block.
    private var block = ByteBuffer()
    /// Where the current change is in the block.
    private var place = 0
    private var isAtEnd = false
    /// Where the next block's changes begin in the file, and that block's number, from 1.
    private var offset = 0
    private var number = 0
    private var crc: UInt32 = 0

    init(_ file: any DiskFile, size: Int) {
        self.file = file
        fileSize = size
    }

    /// Goes to the first change.
    mutating func begin() throws(StoreError) {
        try read(0)
        try nextBlock()
    }

    /// The head of the current key; nil after the last change.
    var head: KeyHead? { isAtEnd ? nil : KeyHead(key) }
    /// As `SortedPairs.newTime`.
    var newTime: UInt64? { isAtEnd ? nil : StoredChange.newTime(in: block, at: place) }

    private var key: Span<UInt8> {
        @_lifetime(borrow self)
        get { StoredChange.key(in: block, at: place) }
    }

    func compared(with other: SortedPairs) -> Int { -other.compared(with: key) }
    func compared(with other: Span<UInt8>) -> Int { key.compared(with: other) }

    func write(
        to writer: inout PairWriter, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        try writer.append(pairOf: block, at: place, expires: time, &values)
    }

    mutating func advance() throws(StoreError) {
        place += StoredChange(in: block, at: place).size
        if place == block.count - SpillBlock.headSize { try nextBlock() }
    }

    private mutating func nextBlock() throws(StoreError) {
        let word = block.word(at: block.count - SpillBlock.headSize)
        let (size, expected) = (Int(word >> 32), UInt32(truncatingIfNeeded: word))
        if size > 0 {
            try read(size)
            crc = CRC32C.extend(crc, with: block.bytes.extracting(0..<size))
        }
        guard crc == expected else { throw damage(expected: "crc \(hex(expected))", found: "crc \(hex(crc))") }
        (place, isAtEnd) = (0, size == 0)
    }

    /// Reads a block's changes, and the head of the next one.
    private mutating func read(_ size: Int) throws(StoreError) {
        let wanted = size + SpillBlock.headSize
        block.removeAll()
        block.trim(above: 2 * SpillBlock.size)
        guard offset + wanted <= fileSize, try file.read(all: wanted, at: offset, into: &block) else {
            throw damage(expected: "a block of \(size) bytes", found: "the end of the file")
        }
        offset += wanted
        number += 1
    }

    private func damage(expected: String, found: String) -> StoreError {
        .corruption(
            Damage(path: file.path.string, line: number, offset: offset, expected: expected, found: found))
    }
}
