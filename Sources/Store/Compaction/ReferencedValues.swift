// The values that a sorter has only references to. The segments are sealed, so a value is read where it was found, when its pair
// is written. Its checksum is checked again: what has changed since, by a disk or by another program, ends the compaction.
//
// Pairs are written in the order of their keys, so the reads are scattered. Each is one `pread` of exactly the value's text:
// the page cache usually has what was just read. A value goes straight into the writer's buffer.

import Bytes
import LogFormat

/// Reads values again. At most 64 segments are open at a time.
struct ReferencedValues: ~Copyable {
    private let compactor: Compactor
    /// The segments that references count, by the numbers of their first changes.
    private let segments: [UInt64]
    /// Those that are open.
    private var files: [(any DiskFile)?]
    private var fileCount = 0

    private static let largestFileCount = 64

    init(_ compactor: Compactor, segments: [UInt64]) {
        self.compactor = compactor
        self.segments = segments
        files = Array(repeating: nil, count: segments.count)
    }

    /// Appends a value's text.
    /// - Throws: `StoreError`, `corruption` if the bytes are not those that were referred to.
    mutating func read(_ reference: ValueReference, into buffer: inout ByteBuffer) throws(StoreError) {
        let (file, start) = (try file(reference.segment), buffer.count)
        let isThere = try file.read(all: reference.size, at: reference.offset, into: &buffer)
        let crc = CRC32C.extend(0, with: buffer.bytes.extracting(start..<buffer.count))
        guard isThere, crc == reference.crc else {
            throw try damage(reference, expected: "crc \(hex(reference.crc)), as before", found: "crc \(hex(crc))")
        }
    }

    private mutating func file(_ segment: Int) throws(StoreError) -> any DiskFile {
        if let file = files[segment] { return file }
        if fileCount == ReferencedValues.largestFileCount {
            (files, fileCount) = (Array(repeating: nil, count: segments.count), 0)
        }
        let file = try compactor.disk.open(compactor.files.segment(firstSeq: segments[segment]), for: .reading)
        files[segment] = file
        fileCount += 1
        return file
    }

    /// The error for a value, with the number of its line.
    mutating func damage(
        _ reference: ValueReference, expected: String = "a value", found: String = "another text"
    ) throws(StoreError) -> StoreError {
        var lines = LineReader(try file(reference.segment).source, chunkSize: compactor.budget.readSize)
        while try lines.next(), lines.end <= reference.offset {}
        return lines.damage(LineError(expected: expected, found: found))
    }
}

extension DiskFile {
    /// Reads exactly `size` bytes at `offset`.
    /// - Returns: false if the file ends before.
    func read(all size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Bool {
        var done = 0
        while done < size {
            let count = try read(size - done, at: offset + done, into: &buffer)
            if count == 0 { return false }
            done += count
        }
        return true
    }
}
