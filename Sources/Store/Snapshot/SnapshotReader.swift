// A snapshot, read from its first line to its last, with everything checked that a snapshot promises.

import Bytes
import SystemPackage

/// Reads the pairs of one snapshot.
struct SnapshotReader: ~Copyable {
    private var lines: CheckedLines
    let header: SnapshotHeader
    let path: FilePath
    private var chain: UInt32
    /// The current pair where its line is a plain one.
    private(set) var plain: PlainLine?
    /// Pairs read so far.
    private(set) var count = 0
    /// Bytes read so far.
    var offset: Int { lines.end }

    /// Reads the header.
    /// - Throws: `StoreError.unknownVersion` where the file is not a snapshot of this version, `corruption` where it is
    ///   damaged.
    init(_ file: any DiskFile, chunkSize: Int = 1 << 20) throws(StoreError) {
        var lines = CheckedLines(file, chunkSize: chunkSize)
        guard let first = try lines.first(kind: "snapshot") else {
            throw lines.damage(expected: "a snapshot's header", found: "an empty file")
        }
        guard case .snapshot(let header) = first else {
            throw .unknownVersion(path: file.path.string, found: excerpt(of: lines.line))
        }
        self.header = header
        path = file.path
        chain = lines.line.hex32(at: lines.line.count - 10) ?? 0
        self.lines = lines
    }

    /// How many pairs a snapshot's last line says there are: a hint, which nothing has been checked of.
    static func expectedCount(_ file: any DiskFile) throws(StoreError) -> Int {
        let size = try file.size()
        var tail = ByteBuffer()
        let start = max(size - 80, 0)
        _ = try file.read(80, at: start, into: &tail)
        let text = String(tail.bytes)
        guard let line = text.split(separator: "\n").last, line.hasPrefix("{\"end\":true,\"count\":"),
            let count = Int(line.dropFirst(20).prefix { $0.isNumber })
        else { return 0 }
        // No pair takes fewer bytes than this.
        return min(count, size / 30)
    }

    /// Goes to the next pair.
    /// - Returns: whether there is one; false behind the last line, which has been checked then.
    mutating func next() throws(StoreError) -> Bool {
        guard try lines.advance() else {
            throw lines.damage(expected: "a snapshot's last line", found: "the end of the file")
        }
        plain = PlainLine.pair(lines.line, chain: chain)
        if let plain {
            chain = plain.crc
            count &+= 1
            return true
        }
        return try takeParsed()
    }

    private mutating func takeParsed() throws(StoreError) -> Bool {
        switch try lines.parsed(chain: chain) {
        case .pair(let crc):
            chain = crc
            count += 1
            return true
        case .end(let pairs):
            guard pairs == count else { throw lines.damage(expected: "\(count) pairs", found: "\(pairs)") }
            let end = lines.end
            guard try !lines.hasMore() else {
                throw lines.damage(expected: "the end of the file at byte \(end)", found: "more")
            }
            return false
        case .header, .durable, .record, .snapshot:
            throw lines.damage(expected: "a pair", found: "a line of another kind")
        }
    }

    /// The current pair's line as it stands, without its line feed.
    var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { lines.line }
    }

    /// Visits the current pair as the change that sets it.
    mutating func pair(apply: (borrowing Change) -> Void) throws(StoreError) {
        if let plain, plain.hasValue { return plain.change(in: lines.line, apply: apply) }
        var hasValue = true
        try lines.changes { change in
            if case .delete = change { hasValue = false } else { apply(change) }
        }
        guard hasValue else { throw lines.damage(expected: "a pair", found: "a key without a value") }
    }

    /// As `pair`, for a file of sorted changes: a key without a value is visited as the change that removes it.
    mutating func change(apply: (borrowing Change) -> Void) throws(StoreError) {
        if let plain { return plain.change(in: lines.line, apply: apply) }
        try lines.changes(apply: apply)
    }

    /// The error for a pair that is whole and does not belong where it stands.
    func damage(expected: String, found: String) -> StoreError {
        lines.damage(expected: expected, found: found)
    }
}
