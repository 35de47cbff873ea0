// A file's lines, parsed and checked one after the other. What is wrong with one is told with its place.

import Bytes
import SystemPackage

/// Reads the lines of one segment or snapshot.
struct CheckedLines: ~Copyable {
    private let path: FilePath
    private var reader: LogReader
    private var parser = RecordParser()

    /// - Parameters:
    ///   - start: where the first line begins, in bytes.
    ///   - number: how many lines stand before it.
    ///   - chunkSize, reserveSize: as of `LogReader`.
    init(
        _ file: any DiskFile, from start: Int = 0, behind number: Int = 0, chunkSize: Int = 1 << 20,
        reserveSize: Int = .max
    ) {
        path = file.path
        reader = LogReader(
            file, from: start, behind: number, chunkSize: chunkSize, reserveSize: reserveSize)
    }

    /// The current line as it stands, without its line feed.
    var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { reader.line }
    }

    /// Where the current line begins, and where it ends, its line feed included: in bytes from 0.
    var offset: Int { reader.offset }
    var end: Int { reader.end }
    /// The current line's number, from 1.
    var number: Int { reader.number }

    /// Goes to the next line that is not empty, and parses it.
    /// - Parameter chain: the checksum that a record or a pair continues.
    /// - Returns: nil at the end of the file.
    /// - Throws: `StoreError.corruption` where it is no line, or not as it was written.
    mutating func next(chain: UInt32) throws(StoreError) -> LogLine? {
        try advance() ? try parsed(chain: chain) : nil
    }

    /// Goes to the next line that is not empty, and leaves it to the caller to have it parsed.
    /// - Returns: false at the end of the file.
    @inline(__always)
    mutating func advance() throws(StoreError) -> Bool {
        guard try reader.next() else { return false }
        guard reader.isTerminated else {
            throw damage(expected: "a line feed", found: "the end of the file", isWhole: false)
        }
        return true
    }

    /// The current line, parsed.
    func parsed(chain: UInt32) throws(StoreError) -> LogLine {
        do {
            return try parser.parse(reader.line, chain: chain)
        } catch {
            throw damage(error)
        }
    }

    /// As above for a file's first line, where a file of another version is told as such.
    mutating func first(kind: StaticString) throws(StoreError) -> LogLine? {
        guard try advance() else { return nil }
        try refuseOtherVersion(kind)
        return try parsed(chain: 0)
    }

    private func refuseOtherVersion(_ kind: StaticString) throws(StoreError) {
        let line = reader.line
        guard line.starts(with: "{\"puffin\":\"") else { return }
        var expected = ByteBuffer()
        expected.append("{\"puffin\":\"")
        expected.append(kind)
        expected.append("\",\"version\":1,")
        let size = min(expected.count, line.count)
        guard !line.extracting(0..<size).equals(expected.bytes) else { return }
        throw .unknownVersion(path: path.string, found: excerpt(of: line))
    }

    /// Visits the changes of the current line, a record or a pair.
    mutating func changes(apply: (borrowing Change) -> Void) throws(StoreError) {
        do {
            try CheckedLines.visit(&parser, reader, apply)
        } catch {
            throw damage(error)
        }
    }

    private static func visit(
        _ parser: inout RecordParser, _ reader: borrowing LogReader, _ apply: (borrowing Change) -> Void
    ) throws(LineError) {
        try parser.changes(of: reader.line, apply: apply)
    }

    /// Whether any line from the current one on, readable by itself, says that more than `seq` was durable. Goes to the
    /// end of the file.
    mutating func claimsMore(than seq: UInt64) throws(StoreError) -> Bool {
        repeat {
            do {
                if case .durable(let claimed, _) = try parser.parse(reader.line, chain: 0), claimed > seq {
                    return true
                }
            } catch {
                // A sound line whose number is beyond the bound claims more than any.
                if error.isWhole && reader.line.starts(with: "{\"durable\":") { return true }
            }
        } while try reader.next()
        return false
    }

    /// Whether another line follows, readable or not.
    mutating func hasMore() throws(StoreError) -> Bool { try reader.next() }

    /// The error for what is wrong with the current line.
    func damage(expected: String, found: String, isWhole: Bool = true) -> StoreError {
        .corruption(
            Damage(
                path: path.string, line: reader.number, offset: reader.offset, expected: expected, found: found,
                isWhole: isWhole))
    }

    private func damage(_ error: LineError) -> StoreError {
        damage(expected: error.expected, found: error.found, isWhole: error.isWhole)
    }
}
