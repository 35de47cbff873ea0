// A follower's data changing places: a leader's snapshot installed, a log cut back to where it agrees with the leader's, everything
// set aside. Files are renamed while nothing is open, and what is there then is loaded as at a start.
//
// All of these wait for the disk. Before each the writer has no job, no change is pending and no compaction is under way;
// after each, and after an error, the store is not loaded, and is loaded again by `load`. The table is the same object.

import LogFormat
import SystemPackage

extension Store {
    /// Begins to receive a snapshot that is exact at `position`. One at a time.
    /// - Parameter history: the leader's data set, where it has to be that one.
    package func beginSnapshot(at position: LogPosition, of history: String? = nil) -> IncomingSnapshot {
        IncomingSnapshot(at: position, of: history, files: files, on: disk, by: snapshotWorker, progress: progress)
    }

    /// Makes a snapshot that was received and finished the data set.
    /// - Parameter hasDiverged: whether the leader knows that it lacks changes that this log has. They are set aside then, and
    ///   so they are where this log is of another history, or has more.
    package func install(_ incoming: IncomingSnapshot, hasDiverged: Bool = false) throws(StoreError) {
        precondition(incoming.state == .finished, "a snapshot is installed that is not whole and on the disk")
        let isPart = incoming.history == history && position.seq <= incoming.position.seq && !hasDiverged
        let isEmpty = position.seq == 0
        try install(
            SnapshotInstall(history: incoming.history, position: incoming.position, setsAside: !isPart && !isEmpty))
    }

    /// Makes an empty data set one of another history, whose log begins at seq 1.
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

    /// Takes back every change behind `position`, one of `followerHello`'s checkpoints, or `start`: the segments that hold them are
    /// set aside.
    /// - Throws: `ReplicationError.notACheckpoint` where there is no such place any more; nothing has changed then, and the store
    ///   is still loaded. `disk`.
    package func cutBack(to position: LogPosition) throws(ReplicationError) {
        do throws(StoreError) {
            let places = try checkpoints() + [.start]
            if places.contains(position) { return try setAside(behind: position) }
        } catch {
            throw .disk(error)
        }
        throw .notACheckpoint(position.seq)
    }

    private func setAside(behind position: LogPosition) throws(StoreError) {
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

    /// Sets all of the data set aside, so that it is empty.
    package func setEverythingAside() throws(StoreError) {
        let error = endLog()
        defer { beginLoading() }
        if let error { throw error }
        _ = try Quarantine.everything(of: files, as: "superseded", time: now, on: disk)
    }

    /// Where segments begin that the snapshot does not hold, the newest first; not where the log ends.
    func checkpoints() throws(StoreError) -> [LogPosition] {
        let merged =
            try disk.exists(files.snapshot)
            ? SnapshotReader(disk.open(files.snapshot, for: .reading).source, chunkSize: 4096).header.position.seq : 0
        var checkpoints: [LogPosition] = []
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
        compactions.stop()
        let ended = writer
        ended.close(&batch)
        return ended.failureError
    }

    /// Forgets everything that was in memory.
    private func beginLoading() {
        precondition(batch.isEmpty, "changes are forgotten that are in no log")
        openWriter = nil
        table.removeAll()
        recent.noteAll(0)
        recovery = RecoveryReport()
        (newest, committedSeq, lastOwnSeq) = (.start, 0, 0)
        (submittedJobs, rotationJob, submittedSize, jobIsLong, lastSealedSize) = (0, 0, 0, false, 0)
        newestTime = 0
        (wantsSync, wantsRotation, wantsReserve) = (false, false, false)
        reloads = true
    }
}
