// A file's lines, one after the other, with their places. Empty lines are the space reserved ahead, and are passed over.

import Bytes

/// Reads the lines of one file.
struct LogReader: ~Copyable {
    private let file: any DiskFile
    private var buffer = ByteBuffer()
    private var isAtEnd = false
    /// The current line's size, and its line feed's where it has one.
    private var lineSize = 0
    private var feedSize = 0

    /// Where the current line begins, in bytes from 0; at the end of the file, its size.
    private(set) var offset: Int
    /// The current line's number, from 1.
    private(set) var number: Int

    private let chunkSize: Int
    private let reserveSize: Int

    /// - Parameters:
    ///   - start: where the first line begins, in bytes.
    ///   - number: how many lines stand before it.
    ///   - chunkSize: how many bytes are read at a time.
    ///   - reserveSize: so many line feeds in a row are taken for the end, whatever stands behind them.
    init(
        _ file: any DiskFile, from start: Int = 0, behind number: Int = 0, chunkSize: Int = 1 << 20,
        reserveSize: Int = .max
    ) {
        self.file = file
        self.chunkSize = chunkSize
        self.reserveSize = reserveSize
        self.number = number
        offset = start
    }

    /// The current line, without its line feed.
    var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes.extracting(0..<lineSize) }
    }

    /// Whether the current line ends with a line feed: the last one of a file may not.
    var isTerminated: Bool { feedSize == 1 }

    /// Where the current line ends, its line feed included.
    var end: Int { offset + lineSize + feedSize }

    /// Goes to the next line that is not empty.
    /// - Returns: whether there is one.
    mutating func next() throws(StoreError) -> Bool {
        drop(lineSize + feedSize)
        (lineSize, feedSize) = (0, 0)
        number += 1
        var (scanned, empty) = (0, 0)
        while true {
            if scanned == 0, !buffer.isEmpty, buffer.bytes[0] == UInt8(ascii: "\n") { empty += skipEmptyLines() }
            if empty >= reserveSize && buffer.isEmpty { return false }
            if let feed = buffer.bytes.newline(from: scanned) {
                (lineSize, feedSize) = (feed, 1)
                return true
            }
            scanned = buffer.count
            guard !isAtEnd else {
                lineSize = buffer.count
                return lineSize > 0
            }
            let position = offset + buffer.count
            isAtEnd = try file.read(chunkSize, at: position, into: &buffer) == 0
        }
    }

    /// - Returns: how many there were.
    private mutating func skipEmptyLines() -> Int {
        let empty = emptyLines
        number += empty
        drop(empty)
        return empty
    }

    /// How many line feeds stand next.
    private var emptyLines: Int {
        let bytes = buffer.bytes
        var count = 0
        // A start may have a whole segment of them to pass over.
        while count &+ 8 <= bytes.count, bytes.word(at: count) == 0x0a0a_0a0a_0a0a_0a0a { count &+= 8 }
        while count < bytes.count, bytes[count] == UInt8(ascii: "\n") { count += 1 }
        return count
    }

    private mutating func drop(_ size: Int) {
        buffer.removeFirst(size)
        offset += size
    }
}
