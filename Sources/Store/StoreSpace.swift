// Obstacles to changes that are not failures: a full disk, a log that was moved away. Changes are refused before they
// are proposed, because what is applied to the table cannot be undone.

import Bytes

extension Store {
    func renewSpaceQuota() {
        spaceQuota.renew(
            pending: batch.lines.count, isObstructed: isObstructed || refusesChanges || hasUsedUpNumbers)
    }

    /// What prevents a change beyond the quota; nil if nothing does.
    /// - Parameters:
    ///   - size: bytes of its keys and values.
    ///   - shrinks: whether it removes pairs: then it may use the reserve.
    func likelyObstacle(_ size: Int, shrinks: Bool) -> WriteObstacle? {
        if hasUsedUpNumbers { return .numbersUsedUp(seq: newest.seq) }
        if case .altered(let path, let size, let expected)? = writer.failureError {
            return .altered(path: path, size: size, expected: expected)
        }
        switch writer.obstacleError {
        case .displaced(let path): return .displaced(path: path)
        case .disk(_, let path, .fileTooLarge):
            return .fileSizeLimit(path: path, limit: space?.largestFile ?? 0, needed: submittedSize + size)
        case .disk(_, let path, .tooManyOpenFiles), .disk(_, let path, .tooManyOpenFilesInSystem):
            return .noDescriptors(path: path)
        default: break
        }
        if size > 0, let obstacle = fileSizeObstacle(size) { return obstacle }
        // A compaction takes space before it frees any: removals wait for that rather than being refused.
        if shrinks && compactionScheduler.isUnderWay && batch.lines.count < options.layout.reserve { return nil }
        let pending = batch.lines.count + (isWriting ? submittedSize : 0) + size + size / 2 + 4096
        let space = space
        let room = writer.isObstructed ? writer.roomSize : space?.available ?? .max
        let allowed = writer.isObstructed && !shrinks ? 0 : room
        guard pending > allowed else { return nil }
        if let space, space.files == 0, space.available > 0 { return .noInodes(folder: files.folder.string) }
        let free = space?.available ?? 0
        let needed = max(pending, writer.isObstructed ? 2 * options.layout.reserve + options.layout.preallocation : 0)
        return .diskFull(folder: files.folder.string, available: free, needed: needed)
    }

    /// The space of the log's file system; nil if the system does not say.
    package var space: DiskSpace? { try? disk.space(at: files.folder) }

    /// A record is never split between segments: with all that waits before it, and the durable line, it must fit into
    /// one.
    private func fileSizeObstacle(_ size: Int) -> WriteObstacle? {
        let largest = space?.largestFile ?? .max
        // Escaping can turn a byte into six.
        let needed = batch.lines.count + size * 6 + 4096
        guard needed > largest else { return nil }
        return .fileSizeLimit(path: files.folder.string, limit: largest, needed: needed)
    }

    /// Whether change numbers approach their bound. A quota covers far fewer changes than this leaves.
    private var hasUsedUpNumbers: Bool { newest.seq > Number.largest - 1 << 32 }

    /// Whether something may prevent changes.
    package var isObstructed: Bool { openWriter?.isObstructed ?? false }

    /// What prevents every change that grows; nil if nothing does.
    package var obstacle: WriteObstacle? {
        openWriter == nil ? nil : likelyObstacle(0, shrinks: false)
    }
}
