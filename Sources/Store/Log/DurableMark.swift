// How far the log on this disk has certainly reached: the file DURABLE. A log that was truncated, or whose newest
// segment is gone, looks like a shorter log; this file reveals it at the start.
//
//     {"puffin":"durable","version":1,"number":N,"history":ID,"segment":N,"seq":N,"chain":HEX[,"closed":true],"crc":HEX}
//
// `seq` and `chain` name a change that was on the disk before the line was written, `segment` the segment that was open
// then. `closed` says that the log ended exactly there. The file has two lines, each in a sector of its own, padded
// with line feeds; they are overwritten alternately, and the one with the higher number counts. So writing one takes no
// space, and a crash leaves the other. Only the line of a clean stop is synced: an older line says less, but is still
// true.

import Bytes
import LogFormat
import SystemPackage

/// The end of a log, or a position before its end.
package struct DurableMark: Equatable, Sendable {
    package let history: String
    /// The number that names the segment that was open.
    package let segment: UInt64
    /// A change that was on the disk, together with everything before it.
    package let position: ChainPosition
    /// Whether the log was closed cleanly there.
    package let isClosed: Bool

    init(history: String, segment: UInt64, position: ChainPosition, isClosed: Bool) {
        self.history = history
        self.segment = segment
        self.position = position
        self.isClosed = isClosed
    }

    /// Parses a line, without its line feed.
    /// - Returns: the line's number and content; nil if it is not as `line` writes it.
    static func parse(_ line: Span<UInt8>) -> (number: UInt64, mark: DurableMark)? {
        guard let body = line.soundBody else { return nil }
        var fields = FieldReader(body)
        guard fields.skip(fileHeader: "durable"), fields.skip(",\"number\":"), let number = fields.number(),
            fields.skip(",\"history\":\"")
        else { return nil }
        let history = fields.untilQuote()
        guard fields.skip("\",\"segment\":"), let segment = fields.number(), fields.skip(",\"seq\":"),
            let seq = fields.number(),
            fields.skip(",\"chain\":\""), let crc = fields.quotedHex()
        else { return nil }
        let isClosed = fields.skip(",\"closed\":true")
        guard fields.isAtFieldEnd, [number, segment, seq].allSatisfy({ $0 <= Number.largest }) else { return nil }
        let position = ChainPosition(seq: seq, crc: crc)
        return (number, DurableMark(history: history, segment: segment, position: position, isClosed: isClosed))
    }

    /// The line, with its line feed.
    func line(_ number: UInt64) -> ByteBuffer {
        var line = ByteBuffer()
        line.append(fileHeader: "durable")
        line.append(",\"number\":")
        line.append(decimal: number)
        line.append(",\"history\":\"")
        line.append(text: history)
        line.append("\",\"segment\":")
        line.append(decimal: segment)
        line.append(",\"seq\":")
        line.append(decimal: position.seq)
        line.append(",\"chain\":\"")
        line.append(hex: position.crc)
        line.append(isClosed ? "\",\"closed\":true" : "\"")
        line.appendChecksum(bodyFrom: 0, chain: 0)
        return line
    }

    // MARK: The file

    /// The content of a data set's DURABLE.
    package enum Reading: Equatable {
        case missing
        /// Neither line is as it was written, which no crash can cause.
        case unreadable
        case found(number: UInt64, DurableMark)

        package var mark: DurableMark? { if case .found(_, let mark) = self { mark } else { nil } }
    }

    package static func read(_ files: DataFiles, on disk: any Disk) throws(StoreError) -> Reading {
        guard try disk.exists(files.durable) else { return .missing }
        let file = try disk.open(files.durable, for: .reading)
        var content = ByteBuffer()
        while content.count < DurableFile.size,
            try file.read(DurableFile.size - content.count, at: content.count, into: &content) > 0
        {}
        let found = [0, DurableFile.sectorSize].compactMap { start -> (number: UInt64, mark: DurableMark)? in
            guard start < content.count, let end = content.bytes.newline(from: start) else { return nil }
            return parse(content.bytes.extracting(start..<end))
        }
        guard let newest = found.max(by: { $0.number < $1.number }) else { return .unreadable }
        return .found(number: newest.number, newest.mark)
    }

    /// Removes the file durably: to be called before a log gets shorter than it was.
    static func forget(_ files: DataFiles, on disk: any Disk) throws(StoreError) {
        guard try disk.exists(files.durable) else { return }
        try disk.remove(files.durable)
        try disk.syncFolder(files.folder)
    }
}

/// Writes the file DURABLE. It only repeats what is true anyway: a failed write is no reason to stop.
struct DurableFile: Sendable {
    private let disk: any Disk
    private let files: DataFiles
    private var file: (any DiskFile)?
    private var number: UInt64 = 0
    private var last: DurableMark?

    /// The size that a disk writes atomically, in bytes.
    static let sectorSize = 512
    static let size = 2 * sectorSize

    /// Opens or creates the file, and writes `mark` into it. On a full disk it is created later.
    init(_ mark: DurableMark, files: DataFiles, on disk: any Disk) throws(StoreError) {
        self.disk = disk
        self.files = files
        do throws(StoreError) {
            try open(mark)
            try put(mark)
        } catch {
            guard error.isDiskFull else { throw error }
        }
    }

    /// Opens the existing file, or creates one with `mark`.
    private mutating func open(_ mark: DurableMark) throws(StoreError) {
        if case .found(let number, let mark) = try DurableMark.read(files, on: disk) {
            file = try disk.open(files.durable, for: .writing)
            (self.number, last) = (number, mark)
            return
        }
        if try disk.exists(files.nextDurable) { try disk.remove(files.nextDurable) }
        let made = try disk.create(files.nextDurable)
        do throws(StoreError) {
            try made.fill(from: 0, to: DurableFile.size)
            try made.write(mark.line(1).bytes, Span(), at: DurableFile.sectorSize)
            try made.sync()
            try disk.rename(files.nextDurable, to: files.durable)
            try disk.syncFolder(files.folder)
        } catch {
            try? disk.remove(files.nextDurable)
            throw error
        }
        file = try disk.open(files.durable, for: .writing)
        (number, last) = (1, mark)
    }

    private mutating func put(_ mark: DurableMark) throws(StoreError) {
        guard let file, mark != last else { return }
        var line = mark.line(number + 1)
        guard line.count <= DurableFile.sectorSize else { return }
        while line.count < DurableFile.sectorSize { line.append(UInt8(ascii: "\n")) }
        precondition(line.count == DurableFile.sectorSize, "a mark takes a sector of its own")
        try file.write(line.bytes, Span(), at: Int((number + 1) % 2) * DurableFile.sectorSize)
        number += 1
        last = mark
    }

    /// Records a mark, if the disk allows it; a removed file is created again.
    mutating func note(_ mark: DurableMark) {
        do throws(StoreError) {
            if file?.isInPlace() != true { try open(mark) }
            try put(mark)
        } catch {
            // The next mark tries again.
        }
    }

    /// Makes the last mark durable, if the disk allows it.
    func sync() {
        try? file?.sync()
    }
}
