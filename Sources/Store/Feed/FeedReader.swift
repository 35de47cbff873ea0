// The worker's side of a feed: finds where a follower's log or a token meets this log, and reads the files from there
// on. Its reads may block on the disk, and it lists the folder where a segment ends.

import Bytes
import LogFormat
import SystemPackage

/// Reads a log for one feed.
struct FeedReader: Sendable {
    let disk: any Disk
    let files: DataFiles
    let history: String
    let writer: LogWriter
    /// The worker of the next job.
    let worker: @Sendable () throws(StoreError) -> any Worker
    /// Whether only synced bytes may be sent, rather than all written ones.
    let isSynced: Bool

    /// The size of a read.
    static let chunkSize = 256 << 10
    /// A compaction may replace the snapshot and remove segments between two attempts.
    private static let attempts = 3

    /// How far the log may be sent.
    var limit: FilePosition { writer.filePosition(isSynced: isSynced) }

    // MARK: Locating

    /// Finds where a feed begins.
    func locate(_ hello: FollowerHello) throws(FeedFailure) -> (FeedStart, FeedSource) {
        for _ in 0..<FeedReader.attempts {
            do throws(FeedFailure) {
                return try locateOnce(hello)
            } catch {
                guard error == .removed else { throw error }
            }
        }
        throw .removed
    }

    /// The follower's position, or else the newest of its checkpoints in this log's history; a snapshot if none is. A
    /// follower with another history decides itself, and is offered everything.
    private func locateOnce(_ hello: FollowerHello) throws(FeedFailure) -> (FeedStart, FeedSource) {
        let isKnown = hello.position.seq > 0 && hello.history == history
        for position in isKnown ? [hello.position] + hello.checkpoints : [.start] {
            guard let segment = try find(position) else { continue }
            return (.continues(position), try source(from: segment))
        }
        if let found = try snapshot() { return found }
        guard let segment = try find(.start) else {
            throw .diverged(
                "Cannot serve the follower: there is no snapshot, and the log does not begin with seq 1; "
                    + "see what is there with puffin-server log verify")
        }
        return (.continues(.start), try source(from: segment))
    }

    /// The place after the change that `position` names.
    /// - Returns: nil if this log never had it, or no longer knows.
    private func find(_ position: ChainPosition) throws(FeedFailure) -> FeedSource.Segment? {
        guard let (segment, found) = try find(seq: position.seq), found == position else { return nil }
        return segment
    }

    /// The place after a change, and the position there. Reads its segment up to it.
    /// - Returns: nil if this log has no change before it, or not yet this one.
    func find(seq: UInt64) throws(FeedFailure) -> (FeedSource.Segment, ChainPosition)? {
        let limit = limit
        guard seq <= limit.seq else { return nil }
        // A segment after the limit is still being created.
        let segments = try segments().filter { $0 <= limit.segment }
        guard let index = segments.lastIndex(where: { $0 <= seq + 1 }) else { return nil }
        do throws(StoreError) {
            let file = try disk.open(files.segment(firstSeq: segments[index]), for: .reading)
            var reader = try SegmentReader(
                file.source, firstSeq: segments[index], history: history, after: nil, chunkSize: FeedReader.chunkSize)
            while reader.position.seq < seq, try reader.next() {}
            guard reader.position.seq == seq else { return nil }
            let isOpen = segments[index] == limit.segment
            // A file that has replaced the open segment at this moment is longer than what may be sent: nothing of it is.
            let offset = isOpen && reader.end > limit.offset ? 0 : reader.end
            let segment = FeedSource.Segment(
                file: file, first: segments[index], edition: isOpen ? limit.edition : 0, offset: offset,
                next: segments.dropFirst(index + 1).first)
            return (segment, reader.position)
        } catch {
            throw FeedFailure(error)
        }
    }

    private func snapshot() throws(FeedFailure) -> (FeedStart, FeedSource)? {
        guard let (file, size, position) = try openSnapshot() else { return nil }
        guard let segment = try find(position) else { throw .removed }
        var source = try source(from: segment)
        source.snapshot = FeedSource.Snapshot(file: file, size: size)
        return (.snapshot(position), source)
    }

    private func openSnapshot() throws(FeedFailure) -> (any DiskFile, size: Int, ChainPosition)? {
        do throws(StoreError) {
            guard try disk.exists(files.snapshot) else { return nil }
            let file = try disk.open(files.snapshot, for: .reading)
            let position = try SnapshotReader(file.source, chunkSize: FeedReader.chunkSize).header.position
            return (file, try file.size(), position)
        } catch {
            throw FeedFailure(error)
        }
    }

    func source(from segment: FeedSource.Segment) throws(FeedFailure) -> FeedSource {
        FeedSource(segment: segment, laterSize: try laterSize(behind: segment.first, in: segments()))
    }

    func segments() throws(FeedFailure) -> [UInt64] {
        do throws(StoreError) {
            return try files.contents(on: disk).segments
        } catch {
            throw FeedFailure(error)
        }
    }

    private func laterSize(behind first: UInt64, in segments: [UInt64]) throws(FeedFailure) -> Int {
        let open = limit.segment
        var size = 0
        do throws(StoreError) {
            for seq in segments where seq > first && seq < open {
                size += try disk.status(of: files.segment(firstSeq: seq))?.size ?? 0
            }
        } catch {
            throw FeedFailure(error)
        }
        return size
    }

    // MARK: Reading

    /// Appends up to a chunk; nothing only at the end.
    func fill(_ buffer: inout ByteBuffer, from source: inout FeedSource) throws(FeedFailure) {
        while buffer.count < FeedReader.chunkSize {
            if var snapshot = source.snapshot {
                snapshot.offset += try read(snapshot.file, snapshot.offset, until: snapshot.size, into: &buffer)
                source.snapshot = snapshot.offset < snapshot.size ? snapshot : nil
                continue
            }
            let limit = limit
            precondition(source.segment.first <= limit.segment, "a feed reads a segment that may not be sent")
            let isOpen = source.segment.first == limit.segment
            if isOpen && source.segment.edition != limit.edition {
                try goToReplacement(&source, edition: limit.edition)
                continue
            }
            // A sealed segment ends with its file, which was truncated before the next one began.
            let end = isOpen ? limit.offset : try size(of: source.segment.file)
            if source.segment.offset < end {
                source.segment.offset += try read(
                    source.segment.file, source.segment.offset, until: end, into: &buffer)
            } else if isOpen {
                return
            } else {
                try goToNextSegment(&source)
            }
        }
    }

    private func size(of file: any DiskFile) throws(FeedFailure) -> Int {
        do throws(StoreError) { return try file.size() } catch { throw .disk(error) }
    }

    private func read(
        _ file: any DiskFile, _ offset: Int, until end: Int, into buffer: inout ByteBuffer
    ) throws(FeedFailure) -> Int {
        let count: Int
        do throws(StoreError) {
            count = try file.read(min(end - offset, FeedReader.chunkSize - buffer.count), at: offset, into: &buffer)
        } catch {
            throw .disk(error)
        }
        // The file was truncated.
        guard count > 0 else { throw .disk(.displaced(path: file.path.string)) }
        return count
    }

    /// Goes to the file in the place of one that was replaced, and had no records: its first line names more needs.
    private func goToReplacement(_ source: inout FeedSource, edition: Int) throws(FeedFailure) {
        let (first, next) = (source.segment.first, source.segment.next)
        do throws(StoreError) {
            let file = try disk.open(files.segment(firstSeq: first), for: .reading)
            source.segment = FeedSource.Segment(file: file, first: first, edition: edition, offset: 0, next: next)
        } catch {
            throw FeedFailure(error)
        }
    }

    /// Segments are removed oldest first: while this one exists, so do the later ones.
    private func goToNextSegment(_ source: inout FeedSource) throws(FeedFailure) {
        let segments = try segments()
        let isThere = segments.contains(source.segment.first)
        // It was replaced, and sealed, since this feed was here last.
        if isThere && !source.segment.file.isInPlace() { return try goToReplacement(&source, edition: 0) }
        let next = isThere ? segments.first { $0 > source.segment.first } : source.segment.next
        guard let next else { throw .removed }
        do throws(StoreError) {
            let file = try disk.open(files.segment(firstSeq: next), for: .reading)
            let following = segments.contains(next) ? segments.first { $0 > next } : nil
            let limit = limit
            source.segment = FeedSource.Segment(
                file: file, first: next, edition: next == limit.segment ? limit.edition : 0, offset: 0, next: following)
        } catch {
            throw FeedFailure(error)
        }
        source.laterSize = try laterSize(behind: next, in: segments)
    }
}
