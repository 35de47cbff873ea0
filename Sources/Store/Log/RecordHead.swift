// The fields that every record begins with. Records follow one another by one, and a turn's records have the same time: so
// the text of the last head is kept, and the next one is mostly its number with the last digit raised.

import Bytes

/// `{"seq":N,"ts":MS,` of the next record.
struct RecordHead: ~Copyable, Sendable {
    private var text = ByteBuffer()
    private var seq: UInt64 = 0
    private var timestamp: UInt64 = 0
    /// How many digits the number has.
    private var seqSize = 0

    private static let seqOffset = 7

    /// Appends the head of the record with this number to `lines`.
    mutating func append(seq: UInt64, timestamp: UInt64, to lines: inout ByteBuffer) {
        let isNext = seq == self.seq &+ 1 && timestamp == self.timestamp
        if !isNext || !text.increment(decimalAt: RecordHead.seqOffset, size: seqSize) {
            write(seq: seq, timestamp: timestamp)
        }
        self.seq = seq
        lines.append(text.bytes)
    }

    private mutating func write(seq: UInt64, timestamp: UInt64) {
        text.removeAll()
        text.append(recordHead: seq, timestamp: timestamp)
        seqSize = 0
        while text.bytes[RecordHead.seqOffset + seqSize] != UInt8(ascii: ",") { seqSize += 1 }
        self.timestamp = timestamp
    }
}
