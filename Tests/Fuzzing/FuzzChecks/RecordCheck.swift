// Lines of the log and of snapshots. A fuzzer's bytes hardly ever have the right checksum, so they are parsed twice: as
// a whole line, and as the body of a line whose checksum is right. What is accepted is written again, and must mean the
// same.

import Bytes
import LogFormat
import Store
import TestSupport

/// The checksum before the line: that of some other history.
private let chain: UInt32 = 0x1234_5678

/// Checks the reader of log lines on one line.
func checkRecord(_ input: [UInt8]) throws(BrokenProperty) {
    let line = Array(input.prefix { $0 != 0x0a })
    if let error = parse(line).failure {
        try require(error.isPrintable, "not one short line: \(error)")
    }
    let bytes = line.span
    let isChained =
        bytes.starts(with: "{\"seq\":") || bytes.starts(with: "{\"key") || bytes.starts(with: "{\"end\":")
        || bytes.starts(with: "{\"meta\":")
    let whole = checksummed(line, chain: isChained ? chain : 0)
    switch parse(whole) {
    case .failure(let error):
        try require(line.isEmpty || error.isWhole, "said to be torn, though its checksum is right: \(error)")
        try require(error.isPrintable, "not one short line: \(error)")
    case .success(.header(let header)): try check(header, body: line)
    case .success(.durable(let seq, let isClosed)): try check(durable: seq, isClosed: isClosed, body: line)
    case .success(.record(let seq, let timestamp, let crc)):
        try check(seq: seq, timestamp: timestamp, crc: crc, line: whole)
    case .success(.snapshot(let header)): try check(header, body: line)
    case .success(.pair(let crc)): try check(pair: whole, crc: crc)
    case .success(.note(let crc)): try check(note: whole, crc: crc)
    case .success(.end(let count, let notes)):
        try requireSpelling(line, bodyOfLine { $0.append(snapshotEnd: count, notes: notes, chain: 0) })
    }
}

private func parse(_ line: [UInt8]) -> Result<LogLine, LineError> {
    do { return .success(try RecordParser().parse(line.span, chain: chain)) } catch { return .failure(error) }
}

/// `body` as a line, without its line feed.
private func checksummed(_ body: [UInt8], chain: UInt32) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(body.span)
    _ = buffer.appendChecksum(bodyFrom: 0, chain: chain)
    return Array(buffer.bytes).dropLast()
}

/// The body that the writer gives to a line.
private func bodyOfLine(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    write(&buffer)
    return Array(buffer.bytes).dropLast(19)
}

/// A header and a durable line have one spelling, apart from unknown fields.
private func requireSpelling(_ body: [UInt8], _ expected: [UInt8]) throws(BrokenProperty) {
    let rest = body.dropFirst(expected.count)
    try require(
        body.starts(with: expected) && (rest.isEmpty || rest.starts(with: Array(",\"".utf8))),
        "\(shown(body)) is read as if it were \(shown(expected))")
}

private func check(_ header: LogHeader, body: [UInt8]) throws(BrokenProperty) {
    // What is not UTF-8 is replaced, so that its spelling is lost.
    guard body.span.isUTF8 else { return }
    try requireSpelling(body, bodyOfLine { $0.append(header: header) })
}

private func check(_ header: SnapshotHeader, body: [UInt8]) throws(BrokenProperty) {
    guard body.span.isUTF8 else { return }
    try requireSpelling(body, bodyOfLine { _ = $0.append(snapshotHeader: header) })
}

/// A pair means the same when it is written again, and a value that is copied as it is gives the same line.
private func check(pair line: [UInt8], crc: UInt32) throws(BrokenProperty) {
    try require(line.span.hex32(at: line.count - 10) == crc, "another checksum than the line's")
    switch changes(of: line) {
    case .failure(let error):
        try require(error.isWhole, "said to be torn, though its checksum is right: \(error)")
        try require(error.isPrintable, "not one short line: \(error)")
    case .success(let changes):
        try require(changes.count == 1, "\(changes.count) changes in the line of one pair")
        var buffer = ByteBuffer()
        switch changes[0] {
        case .set(let key, let value): _ = buffer.append(pairLine: .set(key: key.span, value: value.span), chain: chain)
        case .setExpiring(let key, let value, let expires):
            _ = buffer.append(pairLine: .set(key: key.span, value: value.span, expires: expires), chain: chain)
        default: throw BrokenProperty(description: "\(shown(line)) is read as \(changes[0])")
        }
        let again = Array(buffer.bytes).dropLast()
        guard case .success(.pair) = parse(Array(again)) else {
            throw BrokenProperty(description: "\(shown(Array(again))) is not read as a pair")
        }
        try require((try? found(Array(again))) == changes, "\(shown(line)) is read as another pair")
        let copied = copiedLine(line)
        try require(copied == nil || copied == Array(again), "\(shown(line)) is copied as \(shown(copied ?? []))")
    }
}

/// A note means the same when it is written again, and so does what a snapshot's reader keeps of it.
private func check(note line: [UInt8], crc: UInt32) throws(BrokenProperty) {
    try require(line.span.hex32(at: line.count - 10) == crc, "another checksum than the line's")
    switch changes(of: line) {
    case .failure(let error):
        try require(error.isWhole, "said to be torn, though its checksum is right: \(error)")
        try require(error.isPrintable, "not one short line: \(error)")
    case .success(let changes):
        guard changes.count == 1, case .note(let path, let value) = changes[0] else {
            throw BrokenProperty(description: "\(shown(line)) is read as \(changes)")
        }
        var buffer = ByteBuffer()
        _ = buffer.append(noteLine: .note(path: path.span, value: value.span), chain: chain)
        let again = Array(Array(buffer.bytes).dropLast())
        try require(NoteName(path: path) != nil && value.span.isNoteValue, "\(shown(line)) is not a note")
        try require((try? found(again)) == changes, "\(shown(line)) is read as another note")
        try requireSpelling(Array(line.dropLast(18)), Array(again.dropLast(18)))
    }
}

/// The line of the same pair with its value as it is; nil if Puffin spells the value in another way.
private func copiedLine(_ line: [UInt8]) -> [UInt8]? {
    var parser = RecordParser()
    var buffer = ByteBuffer()
    try? parser.changes(of: line.span, needs: .known, keepingTexts: 0) { change, text in
        if !text.quoted.isEmpty && text.isCanonical {
            _ = buffer.append(pairLine: change, text: text, chain: chain)
        }
    }
    return buffer.isEmpty ? nil : Array(buffer.bytes).dropLast()
}

private func check(durable seq: UInt64, isClosed: Bool, body: [UInt8]) throws(BrokenProperty) {
    try requireSpelling(body, bodyOfLine { $0.append(durable: seq, isClosed: isClosed) })
}

private func check(seq: UInt64, timestamp: UInt64, crc: UInt32, line: [UInt8]) throws(BrokenProperty) {
    switch changes(of: line) {
    case .failure(let error):
        try require(error.isWhole, "said to be torn, though its checksum is right: \(error)")
        try require(error.isPrintable, "not one short line: \(error)")
    case .success(let changes):
        try require(!changes.isEmpty, "a record without a change")
        var buffer = ByteBuffer()
        buffer.append(recordHead: seq, timestamp: timestamp)
        try require(line.starts(with: Array(buffer.bytes)), "the head of \(shown(line)) is read as another")
        buffer.append(changes)
        let author = Author(ofRecord: line.span)
        if let author { buffer.append(author.field.span) }
        let again = checksummed(Array(buffer.bytes), chain: chain)
        guard case .success(.record(seq, timestamp, _)) = parse(again) else {
            throw BrokenProperty(description: "\(shown(again)) is not read as a record")
        }
        try require((try? found(again)) == changes, "\(shown(line)) is read as other changes than \(shown(again))")
        try require(Author(ofRecord: again.span) == author, "\(shown(line)) has another author than \(shown(again))")
        if let plain = PlainLine.record(line.span, chain: chain) {
            try require([ChangeCopy(plain.change(in: line.span))] == changes, "\(shown(line)) is read in two ways")
        }
        try require(line.span.hex32(at: line.count - 10) == crc, "another checksum than the line's")
    }
}

private func found(_ line: [UInt8]) throws(LineError) -> [ChangeCopy] {
    var parser = RecordParser()
    var copies: [ChangeCopy] = []
    try parser.changes(of: line.span, needs: .known) { copies.append(ChangeCopy($0)) }
    return copies
}

private func changes(of line: [UInt8]) -> Result<[ChangeCopy], LineError> {
    do { return .success(try found(line)) } catch { return .failure(error) }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension LineError {
    /// Whether it can stand in a message: a line that shows what it was found in, not all of it.
    fileprivate var isPrintable: Bool {
        let text = expected + found
        return text.utf8.count < 1_000 && !expected.isEmpty && !found.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 }
    }
}

extension ByteBuffer {
    /// Appends the fields of a record's changes: of several as `multi`.
    fileprivate mutating func append(_ changes: [ChangeCopy]) {
        if case .expired = changes[0] {
            append("\"op\":\"expired\",\"changes\":[")
        } else if changes.count == 1 {
            return append(changes[0])
        } else {
            append("\"op\":\"multi\",\"changes\":[")
        }
        for (index, change) in changes.enumerated() {
            append(index == 0 ? "{" : ",{")
            append(change)
            append("}")
        }
        append("]")
    }

    private mutating func append(_ change: ChangeCopy) {
        switch change {
        case .set(let key, let value): append(change: .set(key: key.span, value: value.span))
        case .setExpiring(let key, let value, let expires):
            append(change: .set(key: key.span, value: value.span, expires: expires))
        case .ttl(let key, let expires): append(change: .ttl(key: key.span, expires: expires))
        case .delete(let key): append(change: .delete(key: key.span))
        case .expired(let key):
            append("\"key64\":\"")
            append(base64: key.span)
            append("\"")
        case .clear: append(change: .clear)
        case .note(let path, let value): append(change: .note(path: path.span, value: value.span))
        }
    }
}
