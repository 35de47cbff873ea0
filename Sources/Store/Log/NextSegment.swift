// The next segment's file, filled with line feeds beforehand by a worker, so that no batch waits for that. It grows
// with the open segment, so a small log does not waste space on it.
//
// Nothing depends on this file before it is a segment. Until its header is on the disk it does not have a segment's
// name, so no start reads it, and its remains after a crash are removed. Whatever fails here, the segment is created
// without it.

import Bytes
import Synchronization
import SystemPackage

/// Line feeds to be overwritten.
final class NextSegment: Sendable {
    private struct State: ~Copyable, Sendable {
        var file: (any DiskFile)?
        /// How far the file is filled, and that on the disk.
        var filled = 0
        /// Whether a call has failed, or the disk is too full: no more attempts for this segment.
        var isDiscarded = false
    }

    private let disk: any Disk
    private let files: DataFiles
    private let layout: LogLayout
    /// Held for the duration of a filling step.
    private let state = Mutex(State())
    /// How far the file must be filled.
    private let target = Atomic<Int>(0)
    /// Unfinished calls of `fill`.
    private let fills = Atomic<Int>(0)
    /// nil without preallocation.
    private let worker: (any Worker)?

    /// - Throws: `StoreError.noThread`.
    init(
        files: DataFiles, layout: LogLayout, on disk: any Disk, in background: any Background
    ) throws(StoreError) {
        self.disk = disk
        self.files = files
        self.layout = layout
        worker = layout.preallocation > 0 ? try background.startForStorage("next segment") : nil
    }

    /// Whether the worker has something to do.
    var isFilling: Bool { fills.load(ordering: .acquiring) > 0 }

    /// Starts filling as much as is needed while the open segment has `size` bytes: nothing in its first quarter,
    /// everything a little before its end. Does not block.
    func prepare(whileOpenHas size: Int) {
        let wanted = min((size - layout.segmentSize / 4) / 2 * 3, layout.segmentSize)
        guard let worker, wanted > target.load(ordering: .relaxed) else { return }
        // One step more than needed now, so that not each batch asks.
        target.store(min(wanted + layout.preallocation, layout.segmentSize), ordering: .relaxed)
        fills.add(1, ordering: .relaxed)
        worker.submit {
            self.fill()
            self.fills.subtract(1, ordering: .releasing)
        }
    }

    /// Makes the file a segment, as far as it is filled. Its header is on the disk then, its name is not.
    /// - Returns: the segment, and how far it is filled; nil if there is none, and no file of that name.
    func begin(as path: FilePath, header: Span<UInt8>) -> (file: any DiskFile, filled: Int)? {
        state.withLock { state in
            let (begun, filled) = (state.file, state.filled)
            forget(&state)
            state.isDiscarded = false
            guard let begun else { return nil }
            do throws(StoreError) {
                guard begun.isInPlace() else { throw .displaced(path: begun.path.string) }
                try begun.write(header, Span(), at: 0)
                try begun.sync()
                try disk.rename(files.nextSegment, to: path)
                return (try disk.open(path, for: .writing), max(filled, header.count))
            } catch {
                try? disk.remove(files.nextSegment)
                try? disk.remove(path)
                return nil
            }
        }
    }

    /// Replaces a segment without records by another file with another header, which is on the disk then; its name is
    /// not. A crash leaves one file or the other.
    func replace(_ path: FilePath, header: Span<UInt8>) throws(StoreError) -> any DiskFile {
        try state.withLock { state throws(StoreError) in
            _ = discard(&state)
            state.isDiscarded = false
            if try disk.exists(files.nextSegment) { try disk.remove(files.nextSegment) }
            let file = try disk.create(files.nextSegment)
            do throws(StoreError) {
                try file.write(header, Span(), at: 0)
                try file.sync()
                try disk.rename(files.nextSegment, to: path)
            } catch {
                try? disk.remove(files.nextSegment)
                throw error
            }
            return try disk.open(path, for: .writing)
        }
    }

    /// Frees the space, and takes none until the next segment is begun.
    /// - Returns: whether there was any.
    func discard() -> Bool {
        state.withLock { discard(&$0) }
    }

    /// The same, if the space is needed elsewhere.
    func discardIfShort() {
        state.withLock { state in
            if state.file != nil && isDiskShort { _ = discard(&state) }
        }
    }

    // MARK: The thread

    private func fill() {
        while state.withLock({ step(&$0) }) {}
    }

    /// Fills one preallocation unit.
    /// - Returns: whether more is needed.
    private func step(_ state: inout State) -> Bool {
        let target = target.load(ordering: .relaxed)
        guard !state.isDiscarded, state.filled < target else { return false }
        do throws(StoreError) {
            if isDiskShort { throw .disk(operation: .write, path: files.nextSegment.string, errno: .noSpace) }
            let file = if let begun = state.file { begun } else { try disk.create(files.nextSegment) }
            state.file = file
            let end = min(state.filled + layout.preallocation, target)
            assert(end <= layout.segmentSize, "a segment is filled beyond its size")
            try file.fill(from: state.filled, to: end)
            try file.sync()
            state.filled = end
            return end < target
        } catch {
            _ = discard(&state)
            return false
        }
    }

    private func discard(_ state: inout State) -> Bool {
        let isThere = state.file != nil
        forget(&state)
        state.isDiscarded = true
        return isThere && (try? disk.remove(files.nextSegment)) != nil
    }

    private func forget(_ state: inout State) {
        (state.file, state.filled) = (nil, 0)
        target.store(0, ordering: .relaxed)
    }

    /// Whether the disk has less free space than four segments need.
    private var isDiskShort: Bool {
        ((try? disk.space(at: files.folder))?.available ?? 0) < 4 * layout.segmentSize
    }
}

extension DiskFile {
    /// Writes line feeds, which are preallocated space, between two offsets.
    func fill(from start: Int, to end: Int) throws(StoreError) {
        var position = start
        while position < end {
            let count = min(end - position, lineFeeds.count)
            try write(lineFeeds.span.extracting(0..<count), Span(), at: position)
            position += count
        }
    }
}

private let lineFeeds = [UInt8](repeating: UInt8(ascii: "\n"), count: 256 << 10)
