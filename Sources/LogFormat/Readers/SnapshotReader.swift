// Reads one snapshot from the first line to the last, and checks everything that a snapshot promises.

import Bytes

/// The pairs of one snapshot up to the last line taken. Also for lines that do not come from a file.
public struct PairRun: ~Copyable {
    public enum Step {
        case pair
        case note
        /// The last line.
        case end
    }

    private let needs: Needs
    private var chain: UInt32
    /// The current pair, if its line is a plain one.
    public private(set) var plain: PlainLine?
    /// The number of pairs so far.
    public private(set) var count = 0
    /// The notes so far, which precede the pairs.
    public private(set) var notes = Notes()
    private var parser = RecordParser()

    /// - Parameters:
    ///   - needs: what the header names.
    ///   - chain: the checksum of the header's line.
    package init(_ needs: Needs, behind chain: UInt32) {
        self.needs = needs
        self.chain = chain
    }

    /// Takes the next line.
    public mutating func take(_ line: Span<UInt8>) throws(LineError) -> Step {
        plain = PlainLine.pair(line, chain: chain)
        if let plain, plain.needs.isSubset(of: needs) {
            chain = plain.crc
            count &+= 1
            return .pair
        }
        plain = nil
        return try takeParsed(line)
    }

    private mutating func takeParsed(_ line: Span<UInt8>) throws(LineError) -> Step {
        switch try parser.parse(line, chain: chain) {
        case .pair(let crc):
            chain = crc
            count += 1
            return .pair
        case .note(let crc):
            try takeNote(line)
            chain = crc
            return .note
        case .end(let pairs, let noteCount):
            guard pairs == count else { throw LineError(expected: "\(count) pairs", found: "\(pairs)") }
            guard noteCount == notes.count else {
                throw LineError(expected: "\(notes.count) notes", found: "\(noteCount)")
            }
            return .end
        case .header, .durable, .record, .snapshot:
            throw LineError(expected: "a pair", found: "a line of another kind")
        }
    }

    private mutating func takeNote(_ line: Span<UInt8>) throws(LineError) {
        guard count == 0 else { throw LineError(expected: "a pair", found: "a note behind a pair") }
        var (isAscending, read) = (true, Notes())
        swap(&read, &notes)
        defer { swap(&read, &notes) }
        try parser.changes(of: line, needs: needs) { change in isAscending = read.append(change) }
        guard isAscending else {
            throw LineError(expected: "notes in their order", found: "one that comes earlier, or twice")
        }
    }

    /// Visits the current pair, as `RecordParser.changes` does.
    @usableFromInline
    mutating func pair(
        of line: Span<UInt8>, keepingTexts size: Int, apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(LineError) {
        try parser.changes(of: line, needs: needs, keepingTexts: size, apply: apply)
    }
}

/// Reads the pairs of one snapshot.
public struct SnapshotReader<Source: ByteSource>: ~Copyable {
    @usableFromInline var lines: LineReader<Source>
    @usableFromInline var run: PairRun
    package let header: SnapshotHeader

    /// Reads the header.
    /// - Throws: `unknownVersion` if the file is not a snapshot of this version, `corruption` if it is damaged.
    public init(_ source: Source, chunkSize: Int = 1 << 20) throws(Source.Failure) {
        var lines = LineReader(source, chunkSize: chunkSize)
        guard let first = try lines.first("snapshot") else {
            throw lines.damage(expected: "a snapshot's header", found: "an empty file")
        }
        guard case .snapshot(let header) = first else {
            throw .unknownVersion(path: source.path, found: excerpt(of: lines.line))
        }
        self.header = header
        run = PairRun(header.needs, behind: lines.line.checksumDigits ?? 0)
        self.lines = lines
    }

    /// The number of pairs that a snapshot's last line claims: an unverified hint.
    package static func expectedCount(_ source: Source) throws(Source.Failure) -> Int {
        let size = try source.size()
        var tail = ByteBuffer()
        _ = try source.read(80, at: max(size - 80, 0), into: &tail)
        return expectedPairCount(tail: tail.bytes, fileSize: size)
    }

    package var path: String { lines.source.path }
    /// The current pair, if its line is a plain one.
    @inlinable public var plain: PlainLine? { run.plain }
    /// The number of pairs read so far.
    @inlinable public var count: Int { run.count }
    /// The notes: all of them once `next` has returned.
    @inlinable public var notes: Notes { run.notes }
    /// Bytes read so far.
    @inlinable public var offset: Int { lines.end }

    /// The current pair's line, without its line feed.
    public var line: Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable get { lines.line }
    }

    /// Goes to the next pair, over the notes before it.
    /// - Returns: false after the last line, which has been checked then.
    @inlinable public mutating func next() throws(Source.Failure) -> Bool {
        while true {
            guard try lines.advance() else {
                throw lines.damage(LineError(expected: "a snapshot's last line", found: "the end of the file"))
            }
            let step: PairRun.Step
            do throws(LineError) {
                step = try run.take(lines.line)
            } catch {
                throw lines.damage(error)
            }
            switch step {
            case .pair: return true
            case .note: continue
            case .end:
                try checkEnd()
                return false
            }
        }
    }

    @usableFromInline mutating func checkEnd() throws(Source.Failure) {
        let end = lines.end
        guard try lines.next() else { return }
        throw lines.damage(expected: "the end of the file at byte \(end)", found: "more")
    }

    /// Visits the current pair as the change that sets it.
    @inlinable public mutating func pair(apply: (borrowing Change) -> Void) throws(Source.Failure) {
        if let plain = run.plain { return apply(plain.change(in: lines.line)) }
        try visit(keepingTexts: .max) { change, _ in apply(change) }
    }

    /// Visits the current pair, which is not plain, with its value as the text in its line.
    @inlinable public mutating func pairText(
        apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(Source.Failure) {
        try visit(keepingTexts: 0, apply: apply)
    }

    @usableFromInline mutating func visit(
        keepingTexts size: Int, apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(Source.Failure) {
        do throws(LineError) {
            try run.pair(of: lines.line, keepingTexts: size, apply: apply)
        } catch {
            throw lines.damage(error)
        }
    }

    /// Goes over all pairs, and checks that their keys ascend.
    /// - Parameter good: how many were found to be good.
    @inlinable public mutating func passPairs(_ good: inout Int) throws(Source.Failure) {
        var previous = ByteBuffer()
        while try next() {
            var isAscending = true
            let isFirst = good == 0
            try pair { change in
                isAscending = isFirst || previous.bytes.compared(with: change.key) < 0
                previous.removeAll()
                previous.append(change.key)
            }
            guard isAscending else {
                throw damage(expected: "keys in their order", found: "one that comes earlier, or twice")
            }
            good += 1
        }
    }

    /// The error for an intact pair in the wrong place.
    @usableFromInline package func damage(expected: String, found: String) -> Source.Failure {
        lines.damage(expected: expected, found: found)
    }
}
