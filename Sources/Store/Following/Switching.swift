// Replacing a follower's data: a leader's snapshot is installed, a log is cut back to where it agrees with the
// leader's, or everything is set aside. Files are renamed while nothing is open, and the result is loaded as at a
// start.
//
// All of these block on the disk. Before each the writer has no job, no change is pending and no compaction is in
// progress; after each, and after an error, the store is not loaded, and `load` loads it again. The table remains the
// same object.

import LogFormat
import SystemPackage

extension Store {
    /// Starts receiving a snapshot that is exact at `position`. One at a time.
    /// - Parameter history: the leader's data set, if it must be that one.
    package func beginSnapshot(at position: ChainPosition, of history: String? = nil) -> IncomingSnapshot {
        IncomingSnapshot(at: position, of: history, files: files, on: disk, by: snapshotWorker, progress: progress)
    }

    /// Makes a received and finished snapshot the data set.
    /// - Parameter hasDiverged: whether the leader is known to lack changes of this log. They are set aside then, and
    ///   also if this log has another history, or more changes.
    package func install(_ incoming: IncomingSnapshot, hasDiverged: Bool = false) throws(StoreError) {
        precondition(incoming.state == .finished, "a snapshot is installed that is not whole and on the disk")
        let isPart = incoming.history == history && position.seq <= incoming.position.seq && !hasDiverged
        let isEmpty = position.seq == 0
        try install(
            SnapshotInstall(history: incoming.history, position: incoming.position, setsAside: !isPart && !isEmpty))
    }

    /// Gives an empty data set another history, whose log begins at seq 1.
    package func adoptHistory(_ history: String) throws(StoreError) {
        precondition(position.seq == 0, "a data set that has changes is given another history")
        try install(SnapshotInstall(history: history, position: .start, setsAside: false))
    }

    private func install(_ install: SnapshotInstall) throws(StoreError) {
        let error = endLog()
        defer { beginLoading() }
        if let error { throw error }
        try install.write(to: files, on: disk)
        try install.finish(files, time: now, on: disk)
    }

    /// Undoes every change after `position`, one of `followerHello`'s checkpoints, or `start`: the segments with them
    /// are set aside.
    /// - Throws: `ReplicationError.notACheckpoint` if there is no such place any more; nothing has changed then, and
    ///   the store is still loaded. `disk`.
    package func cutBack(to position: ChainPosition) throws(ReplicationError) {
        do throws(StoreError) {
            let places = try checkpoints() + [.start]
            if places.contains(position) { return try setAside(behind: position) }
        } catch {
            throw .disk(error)
        }
        throw .notACheckpoint(position.seq)
    }

    private func setAside(behind position: ChainPosition) throws(StoreError) {
        let end = self.position.seq
        let error = endLog()
        defer { beginLoading() }
        if let error { throw error }
        precondition(position.seq <= end, "a log is cut back to a change that it does not have")
        if position.seq == 0 {
            _ = try Quarantine.everything(of: files, as: "diverged", time: now, on: disk)
        } else {
            let segments = try files.contents(on: disk).segments.filter { $0 > position.seq }
            _ = try Quarantine.segments(segments, of: files, as: "diverged", time: now, on: disk)
        }
    }

    /// Sets the whole data set aside, so that it is empty.
    package func setEverythingAside() throws(StoreError) {
        let error = endLog()
        defer { beginLoading() }
        if let error { throw error }
        _ = try Quarantine.everything(of: files, as: "superseded", time: now, on: disk)
    }

    /// Drops everything in memory, so that the files are loaded as at a start.
    package func loadAgain() throws(StoreError) {
        let error = endLog()
        defer { beginLoading() }
        if let error { throw error }
    }

    /// The starts of segments that are not in the snapshot, newest first; not the end of the log.
    func checkpoints() throws(StoreError) -> [ChainPosition] {
        let merged =
            try disk.exists(files.snapshot)
            ? SnapshotReader(disk.open(files.snapshot, for: .reading).source, chunkSize: 4096).header.position.seq : 0
        var checkpoints: [ChainPosition] = []
        for first in try files.contents(on: disk).segments.reversed()
        where first > merged && first <= position.seq && checkpoints.count < FollowerHello.checkpointLimit {
            let file = try disk.open(files.segment(firstSeq: first), for: .reading)
            let reader = try SegmentReader(file.source, firstSeq: first, history: history, after: nil, chunkSize: 4096)
            checkpoints.append(reader.position)
        }
        return checkpoints
    }

    // MARK: Loading again

    /// Ends the log as `close` does, and keeps the lock.
    /// - Returns: why it could not be ended.
    private func endLog() -> StoreError? {
        precondition(!isWriting && batch.isEmpty, "files change places under the writer")
        compactionScheduler.stop()
        let ended = writer
        ended.close(&batch)
        return ended.failureError
    }

    /// Drops everything in memory.
    private func beginLoading() {
        precondition(batch.isEmpty, "changes are forgotten that are in no log")
        openWriter = nil
        watches.touchAll()
        table.removeAll()
        recent.noteAll(0)
        recovery = RecoveryReport()
        (newest, committedSeq, lastOwnSeq) = (.start, 0, 0)
        (submittedJobs, rotationJob, submittedSize, jobIsLong, lastSealedSize) = (0, 0, 0, false, 0)
        newestTime = 0
        replaceNotes(by: Notes())
        (wantsSync, wantsRotation, wantsReserve) = (false, false, false)
        reloads = true
    }
}
