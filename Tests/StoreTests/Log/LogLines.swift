// Lines of the log, made and taken apart by hand.

import Bytes
import LogFormat
import Store
import TestSupport

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

/// `body` with the checksum that continues `chain`, without its line feed.
func line(_ body: String, chain: UInt32 = 0) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(text: body)
    _ = buffer.appendChecksum(bodyFrom: 0, chain: chain)
    return Array(buffer.bytes).dropLast()
}

/// What the reader of log lines makes of a line.
func parsed(_ line: [UInt8], chain: UInt32 = 0) throws(LineError) -> LogLine {
    try RecordParser().parse(line.span, chain: chain)
}

/// The changes of a record with `fields` behind its head.
func changes(_ fields: String, needs: Needs = []) throws(LineError) -> [ChangeCopy] {
    let line = line("{\"seq\":7,\"ts\":8,\(fields)")
    var parser = RecordParser()
    _ = try parser.parse(line.span, chain: 0)
    var copies: [ChangeCopy] = []
    try parser.changes(of: line.span, needs: needs) { copies.append(ChangeCopy($0)) }
    return copies
}
