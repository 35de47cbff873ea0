// A file's lines, one after the other, with their places. Empty lines are the space reserved ahead, and are passed over.
//
// As in all readers here, what is done with the bytes is one function of a type without parameters; what calls the source around
// it is inlined where a reader is used, so that no line costs a call through a generic type.

import Bytes

/// The lines of bytes that come in chunks.
public struct LineBuffer: ~Copyable {
    public enum Step {
        case line
        /// The rest of the line has to be read first.
        case needsBytes
        case end
    }

    @usableFromInline var buffer = ByteBuffer()
    private var isAtEnd = false
    /// Bytes of an unfinished line in which no line feed is, and line feeds in a row before it.
    private var (scanned, empty) = (0, 0)
    private let reserveSize: Int
    /// The current line's size, and its line feed's where it has one.
    private var (lineSize, feedSize) = (0, 0)
    /// Where the current line begins, in bytes from 0; at the end of the file, its size.
    public private(set) var offset: Int
    /// The current line's number, from 1.
    public private(set) var number: Int

    init(from start: Int, behind number: Int, reserveSize: Int) {
        offset = start
        self.number = number
        self.reserveSize = reserveSize
    }

    /// The current line, without its line feed.
    public var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes.extracting(0..<lineSize) }
    }

    /// Whether the current line ends with a line feed: the last one of a file may not.
    public var isTerminated: Bool { feedSize == 1 }
    /// Where the current line ends, its line feed included.
    public var end: Int { offset &+ lineSize &+ feedSize }
    /// Where the next chunk is to be read.
    @usableFromInline var readOffset: Int { offset + buffer.count }

    /// Goes to the next line that is not empty.
    @usableFromInline mutating func next() -> Step {
        drop(lineSize &+ feedSize)
        (lineSize, feedSize) = (0, 0)
        number &+= 1
        (scanned, empty) = (0, 0)
        return findEnd()
    }

    /// Goes on with `size` bytes more in the buffer; 0 at the end of the file.
    @usableFromInline mutating func goOn(reading size: Int) -> Step {
        isAtEnd = size == 0
        return findEnd()
    }

    private mutating func findEnd() -> Step {
        if scanned == 0, !buffer.isEmpty, buffer.bytes[0] == UInt8(ascii: "\n") { empty += skipEmptyLines() }
        if empty >= reserveSize && buffer.isEmpty { return .end }
        if let feed = buffer.bytes.newline(from: scanned) {
            (lineSize, feedSize) = (feed, 1)
            return .line
        }
        scanned = buffer.count
        guard isAtEnd else { return .needsBytes }
        lineSize = buffer.count
        return lineSize > 0 ? .line : .end
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

/// Reads the lines of one file.
public struct LineReader<Source: ByteSource>: ~Copyable {
    public let source: Source
    @usableFromInline var lines: LineBuffer
    @usableFromInline let chunkSize: Int

    /// - Parameters:
    ///   - start: where the first line begins, in bytes.
    ///   - number: how many lines stand before it.
    ///   - chunkSize: how many bytes are read at a time.
    ///   - reserveSize: so many line feeds in a row are taken for the end, whatever stands behind them.
    public init(
        _ source: Source, from start: Int = 0, behind number: Int = 0, chunkSize: Int = 1 << 20, reserveSize: Int = .max
    ) {
        self.source = source
        self.chunkSize = chunkSize
        lines = LineBuffer(from: start, behind: number, reserveSize: reserveSize)
    }

    /// The current line, without its line feed.
    public var line: Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable get { lines.line }
    }

    /// Where the current line begins, and where it ends, its line feed included: in bytes from 0.
    @inlinable public var offset: Int { lines.offset }
    @inlinable public var end: Int { lines.end }
    /// The current line's number, from 1.
    @inlinable public var number: Int { lines.number }
    /// Whether the current line ends with a line feed: the last one of a file may not.
    @inlinable public var isTerminated: Bool { lines.isTerminated }

    /// Goes to the next line that is not empty.
    /// - Returns: whether there is one.
    @inlinable public mutating func next() throws(Source.Failure) -> Bool {
        var step = lines.next()
        while case .needsBytes = step {
            step = lines.goOn(reading: try source.read(chunkSize, at: lines.readOffset, into: &lines.buffer))
        }
        if case .line = step { return true }
        return false
    }

    /// Goes to the next line that is not empty, which has to end with a line feed.
    /// - Returns: false at the end of the file.
    /// - Throws: `corruption` where the line does not end.
    @inlinable public mutating func advance() throws(Source.Failure) -> Bool {
        guard try next() else { return false }
        guard isTerminated else {
            throw damage(LineError(expected: "a line feed", found: "the end of the file", isWhole: false))
        }
        return true
    }

    /// The file's first line, where a file of another version is told as such.
    mutating func first(_ kind: StaticString) throws(Source.Failure) -> LogLine? {
        guard try advance() else { return nil }
        if line.isOtherVersion(than: kind) {
            throw .unknownVersion(path: source.path, found: excerpt(of: line))
        }
        do throws(LineError) {
            return try RecordParser().parse(line, chain: 0)
        } catch {
            throw damage(error)
        }
    }

    /// The error for what is wrong with the current line.
    public func damage(_ error: LineError) -> Source.Failure {
        .corruption(
            Damage(
                path: source.path, line: number, offset: offset, expected: error.expected, found: error.found,
                isWhole: error.isWhole))
    }

    /// As above, for a line that has its right checksum.
    func damage(expected: String, found: String) -> Source.Failure {
        damage(LineError(expected: expected, found: found))
    }
}
