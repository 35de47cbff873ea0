// The kinds of lines in segments and snapshots, and the error for a line that cannot be used.

import Bytes

/// A parsed line.
package enum LogLine: Equatable, Sendable {
    case header(LogHeader)
    case durable(seq: UInt64, isClosed: Bool)
    /// A record; `RecordParser.changes` visits its changes.
    case record(seq: UInt64, timestamp: UInt64, crc: UInt32)
    case snapshot(SnapshotHeader)
    /// A pair of a snapshot; `RecordParser.changes` visits it as the change that sets it.
    case pair(crc: UInt32)
    /// A note of a snapshot; `RecordParser.changes` visits it as the change that sets it.
    case note(crc: UInt32)
    /// A snapshot's last line: how many pairs and notes it has.
    case end(count: Int, notes: Int)
}

/// Why a line cannot be used: what was expected, and what was found.
public struct LineError: Error, Equatable, Sendable {
    public let expected: String
    public let found: String
    /// Whether the checksum is right: the line was written like this, and no crash made it.
    public let isWhole: Bool
    /// Whether the line is the intact header of a file that this version cannot read: no damage.
    public let isOtherVersion: Bool

    public init(expected: String, found: String, isWhole: Bool = true, isOtherVersion: Bool = false) {
        self.expected = expected
        self.found = found
        self.isWhole = isWhole
        self.isOtherVersion = isOtherVersion
    }
}

/// Eight digits, as the log writes them.
package func hex(_ crc: UInt32) -> String {
    let digits = String(crc, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
}

/// The first bytes of a line, safe to print, without its value, because the server logs them.
package func excerpt(of line: Span<UInt8>) -> String {
    let end = line.valueStart(before: min(line.count, 60))
    var shown = ByteBuffer()
    shown.append(jsonString: line.extracting(0..<end))
    return String(shown.bytes) + (line.count > end ? "…" : "")
}

extension Span where Element == UInt8 {
    /// The offset of the first value after `"value":` or `"value64":`; `end` if there is none before it.
    fileprivate func valueStart(before end: Int) -> Int {
        var index = 0
        while index < end {
            for name: StaticString in ["\"value\":", "\"value64\":"] where starts(with: name, at: index) {
                return Swift.min(index + name.utf8CodeUnitCount, end)
            }
            index += 1
        }
        return end
    }
}
