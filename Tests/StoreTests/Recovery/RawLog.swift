// A segment written by hand, line by line, so that it can contain what the writer never writes.

import Bytes
import Foundation
import LogFormat
import Store
import Testing

/// The bytes of one segment.
struct RawLog {
    private(set) var bytes: [UInt8] = []
    private(set) var position: ChainPosition
    /// Where each line begins.
    private(set) var offsets: [Int] = []

    static let history = "5f0c9a52e1b7"

    init(after position: ChainPosition = .start, history: String = RawLog.history, version: String = "1") {
        self.position = position
        let chain = String(position.crc, radix: 16)
        let zeros = String(repeating: "0", count: 8 - chain.count)
        add(
            "{\"puffin\":\"log\",\"version\":\(version),\"history\":\"\(history)\",\"seq\":\(position.seq + 1),"
                + "\"chain\":\"\(zeros + chain)\"")
    }

    /// Adds a line whose checksum stands alone, or continues `chain`.
    mutating func add(_ body: String, chain: UInt32 = 0) {
        addRaw(line(body, chain: chain) + [0x0a])
    }

    /// Adds a line as it is.
    mutating func addRaw(_ line: [UInt8]) {
        offsets.append(bytes.count)
        bytes += line
    }

    mutating func durable(_ seq: UInt64) {
        add("{\"durable\":\(seq)")
    }

    /// Adds the next record, with `fields` behind its head; `seq` makes it say another number.
    mutating func record(_ fields: String, seq: UInt64? = nil) {
        let number = seq ?? position.seq + 1
        add("{\"seq\":\(number),\"ts\":1764000000123,\(fields)", chain: position.crc)
        position = ChainPosition(seq: number, crc: bytes.span.hex32(at: bytes.count - 11) ?? 0)
    }

    mutating func set(_ key: String, _ value: String) {
        record("\"op\":\"set\",\"key\":\"\(key)\",\"value\":\"\(value)\"")
    }

    /// The number, from 1, and the place of the last line.
    var lastLine: (number: Int, offset: Int) { (offsets.count, offsets.last ?? 0) }
}

extension LogFiles {
    static let first = "00000000000000000001.jsonl"

    /// The name of the segment that begins with `seq`.
    static func name(_ seq: UInt64) -> String {
        String(repeating: "0", count: 20 - String(seq).count) + "\(seq).jsonl"
    }

    /// Makes the folder, and in it the segments, named by their first numbers.
    func make(_ segments: [UInt64: [UInt8]]) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (seq, bytes) in segments { try write(bytes, to: LogFiles.name(seq)) }
    }
}

/// Opens the data set in `folder`, which must be refused for damage.
func damage(opening folder: String) -> Damage? {
    let error = #expect(throws: StoreError.self) { try OpenedStore(folder).close() }
    guard case .corruption(let damage) = error else {
        Issue.record("expected damage, found \(String(describing: error))")
        return nil
    }
    return damage
}
