// The segment that is written to. It is preallocated with line feeds (empty JSON lines), because a sync that need not
// also write the file's new size takes about two thirds of the time; sealing truncates the rest. Usually all of it is
// filled before it is begun (`NextSegment`); if not, batches wait for the filling.
//
// Every step can be repeated after it has failed for lack of space: `end` moves only when a batch is written
// completely, and partial writes after it are overwritten.

import Bytes
import LogFormat
import SystemPackage

/// The last segment of the log.
struct OpenSegment: ~Copyable, Sendable {
    private let disk: any Disk
    private let files: DataFiles
    private let layout: LogLayout
    private let history: String
    /// What its first line names, and that of the next one will.
    private var needs: Needs
    /// See `FilePosition`.
    private(set) var edition = 0
    private(set) var file: any DiskFile
    /// The number that names it.
    private var firstSeq: UInt64
    /// The position after the last record.
    private(set) var position: ChainPosition
    /// The offset of the next line.
    private var end: Int
    /// How far the file is filled, which is its size.
    private var filled: Int
    /// The furthest end of any write begun: beyond `filled` only after one that failed.
    private var reach: Int
    /// Whether it has any records: an empty segment is not sealed.
    private var hasRecords: Bool
    private var durableLine = ByteBuffer()
    /// The change that the segment claims to be durable: by its header everything before it, or by a line.
    private var claimed: UInt64
    /// Bytes of the segments sealed by this object.
    private(set) var sealedSize = 0
    private var reserve: SpaceReserve
    private var durableFile: DurableFile
    /// When DURABLE was last written, in nanoseconds.
    private var noted: Int
    private let background: any Background
    let next: NextSegment
    /// Whether the disk has refused space: nothing is preallocated until there is enough again.
    private(set) var isShort: Bool

    /// Reopens a segment whose last line ends at `end`, and whose first line names `needs`.
    init(
        reopening file: any DiskFile, end: Int, hasRecords: Bool, position: ChainPosition, history: String,
        needs: Needs,
        disk: any Disk, files: DataFiles, layout: LogLayout, in background: any Background
    ) throws(StoreError) {
        // Everything that was read and will be served must be on the disk first, and so must the name that it was found
        // by.
        try file.sync()
        try disk.syncFolder(files.folder)
        let size = try file.size()
        let others = try OtherFiles(file, position, history, disk, files, layout, background)
        self.init(file, end, size, hasRecords, position, history, needs, disk, files, layout, others)
    }

    /// Begins a log's first segment, or its next one, after `position`; in `empty` if a crash left its file without a
    /// header. On return the segment is durable.
    /// - Parameter needs: what its records may need.
    init(
        after position: ChainPosition, in empty: (any DiskFile)?, history: String, needs: Needs, disk: any Disk,
        files: DataFiles, layout: LogLayout, in background: any Background
    ) throws(StoreError) {
        let (file, end, _) = try OpenSegment.create(
            after: position, in: empty, history: history, needs: needs, disk: disk, files: files)
        let others = try OtherFiles(file, position, history, disk, files, layout, background)
        self.init(file, end, try file.size(), false, position, history, needs, disk, files, layout, others)
    }

    /// The files beside an open segment.
    private struct OtherFiles {
        let reserve: SpaceReserve
        let durable: DurableFile
        let next: NextSegment
        let background: any Background

        init(
            _ file: any DiskFile, _ position: ChainPosition, _ history: String, _ disk: any Disk, _ files: DataFiles,
            _ layout: LogLayout, _ background: any Background
        ) throws(StoreError) {
            self.background = background
            next = try NextSegment(files: files, layout: layout, on: disk, in: background)
            // Before the reserve, which takes all the space that it needs.
            durable = try DurableFile(
                DurableMark(
                    history: history, segment: files.firstSeq(ofSegment: file.path) ?? position.seq + 1,
                    position: position, isClosed: false), files: files, on: disk)
            reserve = try SpaceReserve(layout.reserve, files: files, on: disk)
        }
    }

    private init(
        _ file: any DiskFile, _ end: Int, _ filled: Int, _ hasRecords: Bool, _ position: ChainPosition,
        _ history: String, _ needs: Needs, _ disk: any Disk, _ files: DataFiles, _ layout: LogLayout,
        _ others: OtherFiles
    ) {
        precondition(end <= filled, "a segment's last line ends behind its file")
        self.file = file
        firstSeq = files.firstSeq(ofSegment: file.path) ?? position.seq + 1
        self.end = end
        self.filled = filled
        reach = filled
        self.hasRecords = hasRecords
        self.position = position
        // When a segment is reopened, it is unknown whether its last records had been synced, so nothing is claimed.
        claimed = hasRecords ? 0 : position.seq
        self.history = history
        self.needs = needs
        self.disk = disk
        self.files = files
        self.layout = layout
        reserve = others.reserve
        durableFile = others.durable
        next = others.next
        background = others.background
        noted = background.now
        isShort = layout.reserve > 0 && !reserve.isHeld
        precondition(firstSeq <= position.seq + 1, "a log ends before its last segment")
    }

    /// Whether what it knows of the file can be: lines up to `end`, filled behind that, and never more than was written.
    private var isConsistent: Bool { end <= filled && filled <= reach && claimed <= position.seq }

    private static func header(_ history: String, after position: ChainPosition, _ needs: Needs) -> ByteBuffer {
        var line = ByteBuffer()
        line.append(
            header: LogHeader(history: history, firstSeq: position.seq + 1, chain: position.crc, needs: needs))
        return line
    }

    private static func create(
        after position: ChainPosition, in empty: (any DiskFile)? = nil, from next: NextSegment? = nil, history: String,
        needs: Needs, disk: any Disk, files: DataFiles
    ) throws(StoreError) -> (file: any DiskFile, end: Int, filled: Int) {
        let path = files.segment(firstSeq: position.seq + 1)
        let line = header(history, after: position, needs)
        let prepared = next?.begin(as: path, header: line.bytes)
        let file = if let made = prepared?.file ?? empty { made } else { try disk.create(path) }
        do throws(StoreError) {
            if prepared == nil {
                try file.write(line.bytes, Span(), at: 0)
                try file.sync()
            }
            try disk.syncFolder(files.folder)
        } catch {
            // So that it can be created again.
            if empty == nil { try? disk.remove(path) }
            throw error
        }
        return (file, line.count, prepared?.filled ?? line.count)
    }

    /// How far it is written.
    var filePosition: FilePosition {
        FilePosition(segment: firstSeq, edition: edition, offset: end, position: position)
    }

    // MARK: Writing

    /// Whether a batch of `size` bytes can be written without blocking on the disk: no sealing, no preallocation.
    func takesAtOnce(_ size: Int, _ needs: Needs) -> Bool {
        !isFull(adding: size) && needs.isSubset(of: self.needs) && layout.preallocation == 0 && !isShort
    }

    /// Begins the next segment if this one is too full for a batch, or its first line does not name what the batch
    /// needs.
    /// - Throws: `StoreError`; if it `isPassing`, it may be tried again. Nothing of the batch is written then.
    mutating func makeRoom(for batch: borrowing LogBatch) throws(StoreError) {
        if !batch.needs.isSubset(of: needs) {
            try begin(needing: needs.union(batch.needs))
        } else if isFull(adding: batch.lines.count) {
            try rotate()
        }
    }

    /// Begins a segment whose first line names more: the next one, or this one again if it has no records.
    private mutating func begin(needing needs: Needs) throws(StoreError) {
        if hasRecords {
            try seal()
            return try beginNext(needing: needs)
        }
        // Its number is the next one's, too, so there cannot be both.
        precondition(firstSeq == position.seq + 1, "a segment with records is replaced")
        let line = OpenSegment.header(history, after: position, needs)
        let old = file
        file = try next.replace(old.path, header: line.bytes)
        // Who still reads the old file finds its end there.
        try? old.truncate(to: end)
        (end, filled, reach) = (line.count, line.count, line.count)
        edition += 1
        try disk.syncFolder(files.folder)
        self.needs = needs
    }

    /// Writes a batch that fits, preceded by a line that says what was durable before it.
    /// - Throws: `StoreError`; if it `isPassing`, the same batch may be tried again.
    mutating func append(_ batch: borrowing LogBatch, durable: UInt64) throws(StoreError) {
        // What does not follow could not be read back.
        precondition(batch.start == position, "a batch that does not follow the last record")
        precondition(durable <= position.seq, "a change is called durable that is not written")
        durableLine.removeAll()
        if durable > claimed { durableLine.append(durable: durable) }
        let size = durableLine.count + batch.lines.count
        if layout.preallocation > 0 && end + size > filled && !isShort {
            try fill(to: end + size + layout.preallocation)
        }
        try writeBehindDurableLine(batch.lines.bytes)
        position = batch.end
        claimed = max(claimed, durable)
        hasRecords = true
        assert(isConsistent, "a segment's places are out of order")
        if !isShort { next.prepare(whileOpenHas: end) }
    }

    /// Seals the segment if it has a record, and begins the next one. Everything written is durable then.
    mutating func rotate() throws(StoreError) {
        guard hasRecords else { return }
        try seal()
        try beginNext(needing: needs)
    }

    /// Begins the next segment, once this one is sealed.
    private mutating func beginNext(needing needs: Needs) throws(StoreError) {
        let sealed = end
        (file, end, filled) = try OpenSegment.create(
            after: position, from: next, history: history, needs: needs, disk: disk, files: files)
        self.needs = needs
        edition = 0
        reach = filled
        claimed = position.seq
        firstSeq = position.seq + 1
        hasRecords = false
        sealedSize += sealed
        assert(isConsistent, "a segment's places are out of order")
        note(durable: position)
    }

    /// Closes the log for a clean shutdown.
    mutating func close(durable: UInt64) throws(StoreError) {
        precondition(durable == position.seq, "a log is ended before all of it is on the disk")
        durableLine.removeAll()
        durableLine.append(durable: durable, isClosed: true)
        try checkPlace()
        try writeBehindDurableLine(Span())
        try seal()
        note(durable: position, isClosed: true)
        durableFile.sync()
    }

    private func isFull(adding size: Int) -> Bool {
        hasRecords && end + size > layout.segmentSize
    }

    /// Writes `durableLine`, followed by lines.
    private mutating func writeBehindDurableLine(_ lines: Span<UInt8>) throws(StoreError) {
        let newEnd = end + durableLine.count + lines.count
        reach = max(reach, newEnd)
        try file.write(durableLine.bytes, lines, at: end)
        end = newEnd
        filled = max(filled, end)
    }

    /// Truncates the preallocated space, and syncs.
    private mutating func seal() throws(StoreError) {
        try checkPlace()
        precondition(end <= filled, "a segment is cut off behind its file")
        try file.truncate(to: end)
        (filled, reach) = (end, end)
        try file.sync()
    }

    /// Preallocates if the disk has space: it only makes syncs faster.
    private mutating func fill(to size: Int) throws(StoreError) {
        let target = min(size, max(layout.segmentSize, end))
        do throws(StoreError) {
            reach = max(reach, target)
            if filled < target { try file.fill(from: filled, to: target) }
            filled = max(filled, target)
        } catch {
            guard error.isDiskFull else { throw error }
            isShort = true
            _ = next.discard()
        }
        try file.sync()
    }

    // MARK: What is durable

    /// Records in DURABLE that everything up to `position` is on the disk, and this segment.
    mutating func note(durable position: ChainPosition, isClosed: Bool = false) {
        // A start that finds less refuses to begin.
        precondition(position.seq <= self.position.seq, "more is noted as durable than is written")
        noted = background.now
        durableFile.note(
            DurableMark(history: history, segment: firstSeq, position: position, isClosed: isClosed))
    }

    /// The same, if the last time is more than a second ago.
    mutating func noteNowAndThen(durable position: ChainPosition) {
        if background.now - noted > 1_000_000_000 { note(durable: position) }
    }

    // MARK: Space and place

    /// Frees the reserve, and the file prepared for the next segment.
    /// - Returns: whether there was any.
    mutating func releaseReserve() -> Bool {
        isShort = true
        let isFreed = next.discard()
        return reserve.release() || isFreed
    }

    /// Bytes that can still be written, as far as known.
    func room() -> Int {
        let free = (try? disk.space(at: files.folder))?.available ?? 0
        return filled - end + free + (reserve.isHeld ? reserve.size : 0)
    }

    /// The free space that the disk must have before preallocation resumes, in bytes.
    var neededSpace: Int { layout.reserve + layout.preallocation + (reserve.isHeld ? 0 : reserve.size) }

    /// Takes the reserve again once there is space, and frees the next segment's file if there is little.
    mutating func recover() throws(StoreError) {
        next.discardIfShort()
        guard isShort, try disk.space(at: files.folder).available >= neededSpace else { return }
        try reserve.acquire()
        isShort = layout.reserve > 0 && !reserve.isHeld
    }

    /// Checks that the next start would find what is written.
    /// - Throws: `StoreError.displaced` if the file is no longer at its path, `altered` if its size is not the one that
    ///   this object has given it.
    func checkPlace() throws(StoreError) {
        guard let size = file.sizeInPlace() else { throw .displaced(path: file.path.string) }
        if size < filled || size > reach { throw .altered(path: file.path.string, size: size, expected: filled) }
    }
}
