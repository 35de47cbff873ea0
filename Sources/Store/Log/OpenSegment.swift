// The segment that is written to. It is filled ahead with line feeds (empty JSON lines), because a sync that need not
// write the file's new size too takes about two thirds of the time; sealing cuts the rest off.

import Bytes
import SystemPackage

/// How the log lays out its files. Sizes are in bytes.
package struct LogLayout: Sendable {
    /// A segment that would grow beyond this is sealed, and the next one begun.
    package var segmentSize = 64 << 20
    /// How far the open segment is filled ahead; 0 turns it off.
    package var preallocation = 4 << 20

    package init() {}
}

/// The last segment of the log.
struct OpenSegment: ~Copyable, Sendable {
    private let disk: any Disk
    private let files: LogFolder
    private let layout: LogLayout
    private let history: String
    private(set) var file: any DiskFile
    /// Where the next line goes.
    private var end: Int
    /// Up to where the file is filled.
    private var filled: Int
    private var durableLine: ByteBuffer

    /// The size of a segment's header, generously.
    private static let headerSize = 256

    /// Goes on with a segment whose last line ends at `end`.
    init(
        reopening file: any DiskFile, end: Int, history: String, disk: any Disk, files: LogFolder, layout: LogLayout
    ) throws(StoreError) {
        // What was read and will be served has to be on the disk first.
        try file.sync()
        filled = try file.size()
        self.disk = disk
        self.files = files
        self.layout = layout
        self.history = history
        self.file = file
        self.end = end
        durableLine = ByteBuffer()
    }

    /// Begins a log's first segment, or its next one, after `position`; in `empty` where a crash left its file without a
    /// header. When this returns, the segment is durable.
    init(
        after position: LogPosition, in empty: (any DiskFile)?, history: String, disk: any Disk, files: LogFolder,
        layout: LogLayout
    ) throws(StoreError) {
        (file, end) = try OpenSegment.create(
            after: position, in: empty, history: history, disk: disk, files: files)
        filled = end
        self.disk = disk
        self.files = files
        self.layout = layout
        self.history = history
        durableLine = ByteBuffer()
    }

    private static func create(
        after position: LogPosition, in empty: (any DiskFile)? = nil, history: String, disk: any Disk, files: LogFolder
    ) throws(StoreError) -> (any DiskFile, Int) {
        let file = if let empty { empty } else { try disk.create(files.segment(firstSeq: position.seq + 1)) }
        var line = ByteBuffer()
        line.append(
            header: LogHeader(history: history, firstSeq: position.seq + 1, chain: position.crc))
        try file.write(line.bytes, Span(), at: 0)
        try file.sync()
        try disk.syncFolder(files.folder)
        return (file, line.count)
    }

    /// Whether a batch of `size` bytes can be written without waiting for the disk: no sealing, no filling ahead.
    func takesAtOnce(_ size: Int) -> Bool {
        !isFull(adding: size) && layout.preallocation == 0
    }

    /// Writes a batch behind a line that says what was durable before it.
    mutating func append(_ batch: borrowing LogBatch, durable: UInt64) throws(StoreError) {
        if isFull(adding: batch.lines.count) {
            try seal()
            (file, end) = try OpenSegment.create(
                after: batch.start, history: history, disk: disk, files: files)
            filled = end
        }
        durableLine.removeAll()
        durableLine.append(durable: durable)
        let size = durableLine.count + batch.lines.count
        if layout.preallocation > 0 && end + size > filled { try fill(to: end + size + layout.preallocation) }
        try file.write(durableLine.bytes, batch.lines.bytes, at: end)
        end += size
        filled = max(filled, end)
    }

    /// Ends the log for a clean shutdown.
    mutating func close(durable: UInt64) throws(StoreError) {
        durableLine.removeAll()
        durableLine.append(durable: durable, isClosed: true)
        try file.write(durableLine.bytes, Span(), at: end)
        end += durableLine.count
        try seal()
    }

    private func isFull(adding size: Int) -> Bool {
        end > OpenSegment.headerSize && end + size > layout.segmentSize
    }

    /// Cuts off what was filled ahead, and syncs.
    private func seal() throws(StoreError) {
        try file.truncate(to: end)
        try file.sync()
    }

    private mutating func fill(to size: Int) throws(StoreError) {
        let target = min(size, max(layout.segmentSize, end))
        while filled < target {
            let count = min(target - filled, OpenSegment.lineFeeds.count)
            try file.write(OpenSegment.lineFeeds.span.extracting(0..<count), Span(), at: filled)
            filled += count
        }
        try file.sync()
    }

    private static let lineFeeds = [UInt8](repeating: UInt8(ascii: "\n"), count: 256 << 10)
}
