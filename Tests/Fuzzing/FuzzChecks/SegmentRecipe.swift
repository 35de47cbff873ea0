// From a fuzzer's bytes to a log. Checksums and consecutive numbers are out of a fuzzer's reach, so the input is a
// recipe, line by line:
//
//     "op":"set",…    a line that begins with a quote: a record. Its head and its checksum are added.
//     !…              as it stands, without the exclamation mark: damage, or a checksum of its own
//     >               the next segment begins here, with its header
//     anything else   a body; its checksum is added. Nothing is added to an empty line.
//
// The first segment's header is added unless the recipe begins with `!` or with a header of its own.

import Bytes
import LogFormat
import Store

/// The segments of a log.
struct SegmentRecipe {
    static let history = "5f0c9a52e1b7"

    /// The segments' contents, by the number of their first record.
    private(set) var segments: [UInt64: [UInt8]] = [:]
    /// Where the records that can be followed end, if nothing else is wrong.
    private var position = ChainPosition.start
    private var current: UInt64 = 1

    init(_ input: [UInt8]) {
        if input.starts(with: Array("!".utf8)) || input.starts(with: Array("{\"puffin\"".utf8)) {
            segments[current] = []
        } else {
            begin()
        }
        var rest = input[...]
        while let feed = rest.firstIndex(of: 0x0a) {
            add(Array(rest[rest.startIndex..<feed]), feed: [0x0a])
            rest = rest[(feed + 1)...]
        }
        if !rest.isEmpty { add(Array(rest), feed: []) }
    }

    private mutating func begin() {
        current = position.seq &+ 1
        var buffer = ByteBuffer()
        buffer.append(
            header: LogHeader(history: SegmentRecipe.history, firstSeq: current, chain: position.crc))
        segments[current, default: []] += Array(buffer.bytes)
    }

    private mutating func add(_ line: [UInt8], feed: [UInt8]) {
        switch line.first {
        case UInt8(ascii: ">"): begin()
        case UInt8(ascii: "!"): segments[current, default: []] += line.dropFirst() + feed
        case UInt8(ascii: "\""):
            var head = ByteBuffer()
            head.append(recordHead: position.seq &+ 1, timestamp: 1_764_000_000_123)
            addChecksummed(Array(head.bytes) + line)
        case nil: segments[current, default: []] += feed
        default: addChecksummed(line)
        }
    }

    private mutating func addChecksummed(_ body: [UInt8]) {
        let isRecord = body.span.starts(with: "{\"seq\":")
        var buffer = ByteBuffer()
        buffer.append(body.span)
        let crc = buffer.appendChecksum(bodyFrom: 0, chain: isRecord ? position.crc : 0)
        segments[current, default: []] += Array(buffer.bytes)
        let line = buffer.bytes.extracting(0..<buffer.count - 1)
        if case .record(let seq, _, _)? = try? RecordParser().parse(line, chain: position.crc) {
            position = ChainPosition(seq: seq, crc: crc)
        }
    }
}
