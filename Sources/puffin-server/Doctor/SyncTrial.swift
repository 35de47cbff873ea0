// The one file that the doctor writes: it measures how long a disk takes to make 4 KiB durable, and is removed at the end, by a
// signal too.

import Doctor
import Glibc
import Reactor
import Store
import Synchronization
import SystemPackage

/// Measures syncs in a folder.
struct SyncTrial {
    private let path: FilePath
    private let disk: LocalDisk

    private static let pieceSize = 4096
    private static let count = 200
    /// On a slow disk a series ends after this time, in nanoseconds.
    private static let patience = 5_000_000_000

    /// Set by a signal that asks to stop.
    private static let interruption = Atomic(false)
    static var isInterrupted: Bool { interruption.load(ordering: .relaxed) }

    init(in folder: FilePath, on disk: LocalDisk) {
        path = folder.appending("puffin-doctor-\(getpid()).tmp")
        self.disk = disk
    }

    /// What was measured; fewer times than usual if a signal has come.
    func times() -> Result<SyncReading, StoreError> {
        do throws(StoreError) {
            return .success(try run())
        } catch {
            return .failure(error)
        }
    }

    private func run() throws(StoreError) -> SyncReading {
        _ = SyncTrial.isInterrupted
        for number in Signal.stopping { signal(number) { _ in SyncTrial.interruption.store(true, ordering: .relaxed) } }
        defer { for number in Signal.stopping { signal(number, SIG_DFL) } }
        // One of an earlier process with this number, which was killed.
        if try disk.exists(path) { try disk.remove(path) }
        let file = try disk.create(path)
        defer { try? disk.remove(path) }
        let appended = try series(SyncTrial.count, in: file)
        // The same places again: now the file has its size and its blocks.
        let filled = try series(appended.count, in: file)
        return SyncReading(appended: SyncTimes(appended), filled: SyncTimes(filled))
    }

    /// Writes one piece after the other, from the file's beginning, each with a sync.
    /// - Returns: the time of each, in nanoseconds.
    private func series(_ count: Int, in file: any DiskFile) throws(StoreError) -> [UInt64] {
        let piece = [UInt8](repeating: UInt8(ascii: "\n"), count: SyncTrial.pieceSize)
        var times: [UInt64] = []
        let start = MonotonicClock.nanoseconds
        while times.count < count, !SyncTrial.isInterrupted {
            let begin = MonotonicClock.nanoseconds
            try file.write(piece.span, Span(), at: times.count * SyncTrial.pieceSize)
            try file.sync()
            let end = MonotonicClock.nanoseconds
            times.append(UInt64(end - begin))
            if end - start > SyncTrial.patience { break }
        }
        return times
    }
}
