// The fast parser. Nearly every line of a log or snapshot sets or removes one key, with plain texts (ASCII without
// escapes), that of the author included. Such a line is parsed in one pass, word by word. Any other line, or one with a
// wrong checksum, is left to `RecordParser`, which reports errors.

import Bytes

/// The parts of a plain line: a record that changes one key, or a pair. Offsets are in bytes from the line's
/// first.
public struct PlainLine {
    /// 0 for a pair.
    public var seq: UInt64 = 0
    public var timestamp: UInt64 = 0
    public var crc: UInt32 = 0
    @usableFromInline var keyStart = 0
    @usableFromInline var keyEnd = 0
    @usableFromInline var valueStart = 0
    @usableFromInline var valueEnd = 0
    /// The end of the body, which the checksum covers.
    @usableFromInline var end = 0
    /// Whether the line sets a value, rather than removing the key or saying when it expires.
    public var hasValue = false
    /// What the line needs of its readers.
    public var needs: Needs = []
    /// When the pair expires, in Unix milliseconds; 0 for never.
    @usableFromInline var expires: UInt64 = 0

    /// The least number of bytes that are scanned by vectors.
    @usableFromInline static var longSize: Int { @inlinable get { 128 } }

    @inlinable init() {}

    @_lifetime(copy line)
    @inlinable @inline(__always)
    public func key(in line: Span<UInt8>) -> Span<UInt8> { line.extracting(keyStart..<keyEnd) }

    /// The bytes before the checksum; a pair has the same ones in every snapshot.
    @_lifetime(copy line)
    @inlinable @inline(__always)
    public func body(of line: Span<UInt8>) -> Span<UInt8> { line.extracting(0..<end) }

    /// The size of the value's text, in bytes.
    @inlinable @inline(__always)
    public var textSize: Int { valueEnd &- valueStart }

    /// The text of the value that the line sets.
    @_lifetime(copy line)
    @inlinable @inline(__always)
    public func text(in line: Span<UInt8>) -> ValueText {
        ValueText(line.extracting(valueStart &- 1..<valueEnd &+ 1), at: valueStart &- 1, .plain)
    }

    /// The change that the line states.
    @_lifetime(copy line)
    @inlinable @inline(__always)
    public func change(in line: Span<UInt8>) -> Change {
        guard hasValue else {
            return needs.isEmpty ? .delete(key: key(in: line)) : .ttl(key: key(in: line), expires: expires)
        }
        return .set(key: key(in: line), value: line.extracting(valueStart..<valueEnd), expires: expires)
    }

    /// - Returns: nil unless the line, without its line feed, is a plain record whose checksum continues `chain`.
    @inlinable @inline(__always)
    public static func record(_ line: Span<UInt8>, chain: UInt32) -> PlainLine? {
        guard line.starts(with: "{\"seq\":"), isNumber(line, at: 7) else { return nil }
        var plain = PlainLine()
        let seq = line.decimal(at: 7)
        plain.seq = seq.value
        guard line.starts(with: ",\"ts\":", at: seq.end), isNumber(line, at: seq.end &+ 6) else { return nil }
        let timestamp = line.decimal(at: seq.end &+ 6)
        plain.timestamp = timestamp.value
        // Sixteen digits can exceed `Number.largest`.
        guard (seq.value | timestamp.value) <= Number.largest else { return nil }
        if line.starts(with: ",\"op\":\"set\",\"key\":\"", at: timestamp.end) {
            plain.takeKey(line, at: timestamp.end &+ 19)
            guard plain.takeValue(line) else { return nil }
        } else if line.starts(with: ",\"op\":\"delete\",\"key\":\"", at: timestamp.end) {
            plain.takeKey(line, at: timestamp.end &+ 22)
            // Of a removal `expires` is an unknown field.
            guard plain.takeChecksum(line, chain: chain, isRecord: true), plain.needs.isEmpty else { return nil }
            return plain
        } else {
            guard line.starts(with: ",\"op\":\"ttl\",\"key\":\"", at: timestamp.end) else { return nil }
            plain.takeKey(line, at: timestamp.end &+ 19)
            plain.needs = .expiry
        }
        return plain.takeChecksum(line, chain: chain, isRecord: true) ? plain : nil
    }

    /// - Returns: nil unless the line, without its line feed, is a plain pair whose checksum continues `chain`.
    @inlinable @inline(__always)
    public static func pair(_ line: Span<UInt8>, chain: UInt32) -> PlainLine? {
        guard line.starts(with: "{\"key\":\"") else { return nil }
        var plain = PlainLine()
        plain.takeKey(line, at: 8)
        guard plain.takeValue(line) else { return nil }
        return plain.takeChecksum(line, chain: chain, isRecord: false) ? plain : nil
    }

    /// Whether a number in its only spelling begins at the offset: no leading zero.
    @inlinable @inline(__always)
    static func isNumber(_ line: Span<UInt8>, at offset: Int) -> Bool {
        offset < line.count && line[offset] != UInt8(ascii: "0")
    }

    @inlinable @inline(__always)
    mutating func takeKey(_ line: Span<UInt8>, at offset: Int) {
        keyStart = offset
        keyEnd = line.firstNotPlain(from: offset)
        end = keyEnd &+ 1
    }

    /// - Returns: false if there is none.
    @inlinable @inline(__always)
    mutating func takeValue(_ line: Span<UInt8>) -> Bool {
        guard line.starts(with: "\",\"value\":\"", at: keyEnd) else { return false }
        hasValue = true
        valueStart = keyEnd &+ 11
        // The beginning of a short value is not worth the call.
        valueEnd =
            line.count &- valueStart < PlainLine.longSize
            ? line.firstNotPlain(from: valueStart) : line.firstNotPlainOfLong(from: valueStart)
        end = valueEnd &+ 1
        return true
    }

    /// The rest of the line must be a quote, maybe the time when the pair expires, maybe a record's author, and the
    /// checksum.
    @inlinable @inline(__always)
    mutating func takeChecksum(_ line: Span<UInt8>, chain: UInt32, isRecord: Bool) -> Bool {
        if end &+ 18 == line.count {
            guard line.starts(with: "\",\"crc\":\"", at: end &- 1) else { return false }
        } else {
            // Passes no pointer to self: the plainest lines are parsed in registers.
            let field = PlainLine.fields(line, at: end, isRecord: isRecord)
            guard field.end > 0 else { return false }
            end = field.end
            if field.time > 0 { (expires, needs) = (field.time, .expiry) }
        }
        guard let crc = line.hex32(at: end &+ 8), line.starts(with: "\"}", at: end &+ 16) else { return false }
        self.crc = crc
        return CRC32C.extend(chain, with: body(of: line)) == crc
    }

    /// The fields behind a key or value that ends before `offset`, if the checksum follows them: `expires`, `by`, or both.
    /// - Returns: the time when the pair expires, 0 if that is not stated, and where the body ends, 0 if something else
    ///   follows. Both fit into registers.
    @usableFromInline
    static func fields(_ line: Span<UInt8>, at offset: Int, isRecord: Bool) -> (time: UInt64, end: Int) {
        var (time, end) = (UInt64(0), offset)
        guard line.starts(with: "\"", at: offset &- 1) else { return (0, 0) }
        if line.starts(with: ",\"expires\":", at: offset) {
            guard isNumber(line, at: offset &+ 11) else { return (0, 0) }
            (time, end) = line.decimal(at: offset &+ 11)
            guard time > 0, time <= Number.largest else { return (0, 0) }
        }
        if isRecord, line.starts(with: ",\"by\":\"", at: end) {
            end = line.firstNotPlain(from: end &+ 7) &+ 1
            guard line.starts(with: "\"", at: end &- 1) else { return (0, 0) }
        }
        guard end &+ 18 == line.count, line.starts(with: ",\"crc\":\"", at: end) else { return (0, 0) }
        return (time, end)
    }
}
