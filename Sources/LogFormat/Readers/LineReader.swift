// A file's lines in order, with their positions. Empty lines are preallocated space, and are skipped.
//
// As in all readers here, the bytes are handled by one non-generic function; the calls of the source around it are
// inlined into the caller, so no line costs a call through a generic type.

import Bytes

/// Splits bytes that come in chunks into lines.
public struct LineBuffer: ~Copyable {
    public enum Step {
        case line
        /// The rest of the line must be read first.
        case needsBytes
        case end
    }

    @usableFromInline var buffer = ByteBuffer()
    private var isAtEnd = false
    /// Bytes of an unfinished line that contain no line feed, and the consecutive line feeds before it.
    private var (scanned, empty) = (0, 0)
    private let reserveSize: Int
    /// The current line's size, and that of its line feed, 0 or 1.
    private var (lineSize, feedSize) = (0, 0)
    /// The offset of the current line, in bytes; at the end of the file, the file's size.
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

    /// Whether the current line ends with a line feed: the last line of a file may not.
    public var isTerminated: Bool { feedSize == 1 }
    /// The offset after the current line and its line feed.
    public var end: Int { offset &+ lineSize &+ feedSize }
    /// The offset of the next chunk.
    @usableFromInline var readOffset: Int { offset + buffer.count }

    /// Goes to the next line that is not empty.
    @usableFromInline mutating func next() -> Step {
        drop(lineSize &+ feedSize)
        (lineSize, feedSize) = (0, 0)
        number &+= 1
        (scanned, empty) = (0, 0)
        return findEnd()
    }

    /// Continues with `size` more bytes in the buffer; 0 at the end of the file.
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

    /// The number of line feeds that follow.
    private var emptyLines: Int {
        let bytes = buffer.bytes
        var count = 0
        // A start may skip a whole segment of them.
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
    ///   - start: the offset of the first line, in bytes.
    ///   - number: the number of lines before it.
    ///   - chunkSize: how many bytes are read at a time.
    ///   - reserveSize: this many consecutive line feeds count as the end, whatever follows them.
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

    /// The offset of the current line in bytes, and the offset after its line feed.
    @inlinable public var offset: Int { lines.offset }
    @inlinable public var end: Int { lines.end }
    /// The current line's number, from 1.
    @inlinable public var number: Int { lines.number }
    /// Whether the current line ends with a line feed: the last line of a file may not.
    @inlinable public var isTerminated: Bool { lines.isTerminated }

    /// Goes to the next line that is not empty.
    /// - Returns: false at the end of the file.
    @inlinable public mutating func next() throws(Source.Failure) -> Bool {
        var step = lines.next()
        while case .needsBytes = step {
            step = lines.goOn(reading: try source.read(chunkSize, at: lines.readOffset, into: &lines.buffer))
        }
        if case .line = step { return true }
        return false
    }

    /// Goes to the next line that is not empty, which must end with a line feed.
    /// - Returns: false at the end of the file.
    /// - Throws: `corruption` if the line does not end.
    @inlinable public mutating func advance() throws(Source.Failure) -> Bool {
        guard try next() else { return false }
        guard isTerminated else {
            throw damage(LineError(expected: "a line feed", found: "the end of the file", isWhole: false))
        }
        return true
    }

    /// The file's first line.
    /// - Throws: `unknownVersion` if this version cannot read the file.
    mutating func first(_ kind: StaticString) throws(Source.Failure) -> LogLine? {
        guard try advance() else { return nil }
        if line.isOtherVersion(than: kind) {
            throw .unknownVersion(path: source.path, found: excerpt(of: line))
        }
        do throws(LineError) {
            return try RecordParser().parse(line, chain: 0)
        } catch {
            if error.isOtherVersion { throw .unknownVersion(path: source.path, found: error.found) }
            throw damage(error)
        }
    }

    /// The error for a problem with the current line.
    public func damage(_ error: LineError) -> Source.Failure {
        .corruption(
            Damage(
                path: source.path, line: number, offset: offset, expected: error.expected, found: error.found,
                isWhole: error.isWhole))
    }

    /// As above, for a line whose checksum is right.
    func damage(expected: String, found: String) -> Source.Failure {
        damage(LineError(expected: expected, found: found))
    }
}
