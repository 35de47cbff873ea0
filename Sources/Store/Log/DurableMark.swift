// The file DURABLE of a data set, which says how far its log has certainly reached: see `DurableMark`.

import Bytes
import LogFormat
import SystemPackage

extension DurableMark {
    package static func read(_ files: DataFiles, on disk: any Disk) throws(StoreError) -> Reading {
        guard try disk.exists(files.durable) else { return .missing }
        let file = try disk.open(files.durable, for: .reading)
        var content = ByteBuffer()
        while content.count < fileSize,
            try file.read(fileSize - content.count, at: content.count, into: &content) > 0
        {}
        return read(content.bytes)
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
            try made.fill(from: 0, to: DurableMark.fileSize)
            try made.write(mark.line(1).bytes, Span(), at: DurableMark.sectorSize)
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
        guard line.count <= DurableMark.sectorSize else { return }
        while line.count < DurableMark.sectorSize { line.append(UInt8(ascii: "\n")) }
        precondition(line.count == DurableMark.sectorSize, "a mark takes a sector of its own")
        try file.write(line.bytes, Span(), at: Int((number + 1) % 2) * DurableMark.sectorSize)
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
