// What can be in the way of changes without anything having failed: a full disk, a log that was moved away. Changes are
// refused before they are proposed, because what is applied to the table cannot be taken back.

import Bytes

extension Store {
    func grant() {
        spaceGrant.renew(
            pending: batch.lines.count, isObstructed: isObstructed || refusesChanges || hasUsedUpNumbers)
    }

    /// What keeps a change from being made, where it was not granted; nil where nothing does.
    /// - Parameters:
    ///   - size: bytes of its keys and values.
    ///   - shrinks: whether it removes pairs.
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
        // A compaction takes space before it gives some back: what removes pairs waits for that rather than being refused.
        if shrinks && compactions.isUnderWay && batch.lines.count < options.layout.reserve { return nil }
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

    private var space: DiskSpace? { try? disk.space(at: files.folder) }

    /// A record is never divided between segments: with all that waits before it, and the line that says what is durable, it has
    /// to fit into one.
    private func fileSizeObstacle(_ size: Int) -> WriteObstacle? {
        let largest = space?.largestFile ?? .max
        // A byte takes six where it has to be escaped.
        let needed = batch.lines.count + size * 6 + 4096
        guard needed > largest else { return nil }
        return .fileSizeLimit(path: files.folder.string, limit: largest, needed: needed)
    }

    /// Whether change numbers come close to their bound. What is granted at a time is far fewer changes than this leaves.
    private var hasUsedUpNumbers: Bool { newest.seq > Number.largest - 1 << 32 }

    /// Whether something may be in the way of changes.
    package var isObstructed: Bool { openWriter?.isObstructed ?? false }

    /// What is in the way of every change that grows; nil where nothing is.
    package var obstacle: WriteObstacle? {
        openWriter == nil ? nil : likelyObstacle(0, shrinks: false)
    }
}
