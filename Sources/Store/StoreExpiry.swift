// Removing pairs that have expired. Readers do not meet them from their time on; the leader removes them within 64 ms, as
// records of the log. So followers, recovery and compaction see ordinary removals, and need no clock.

import Bytes
import LogFormat

extension Store {
    /// Bytes that a step's keys are expected to take at most: what it asks for room for.
    private static let expiryStepSize = 64 << 10
    /// How long no pair is removed after a step found no space, in milliseconds.
    private static let expiryPause: UInt64 = 1000
    /// How long a follower waits for its leader's removals before it puts a pair aside, in milliseconds.
    private static let followerDelay: UInt64 = 2000

    /// Removes some pairs that have expired, up to 64 or somewhat more, as one record `expired`. Without space on the disk they
    /// stay, though no reader meets them, and the next attempt comes a second later. A follower removes none: its leader's
    /// records do.
    /// - Returns: whether there is more to remove now.
    package func removeExpired() -> Bool { advanceExpiry() == 0 }

    /// As `removeExpired`. Each turn calls it, and it is not inlined: in another module each of these properties would be checked
    /// for overlapping accesses.
    /// - Returns: when there may next be something to remove, in Unix milliseconds; 0 if there is more now, `UInt64.max` if
    ///   nothing expires.
    @inline(never)
    package func advanceExpiry() -> UInt64 {
        if table.registrations != knownRegistrations { noteExpiryWakeTime() }
        return time >= expiryWakeTime && stepExpiry() ? 0 : expiryWakeTime
    }

    /// When `removeExpired` may next have something to do, in Unix milliseconds; `UInt64.max` if nothing expires.
    package var nextExpiryTime: UInt64 { expiryWakeTime }

    private func noteExpiryWakeTime() {
        knownRegistrations = table.registrations
        var next = table.nextDueTime ?? .max
        if refusesChanges, next < .max { next += Store.followerDelay }
        expiryWakeTime = max(next, expiryPauseEnd)
    }

    @inline(never)
    private func stepExpiry() -> Bool {
        guard isLoaded, !hasFailed else { return false }
        if refusesChanges {
            _ = table.removeDue(at: max(time, Store.followerDelay) - Store.followerDelay) { _ in false }
        } else if isBacklogged {
            // The writer ends that soon, and causes a turn.
            return false
        } else if hasRoomForExpiryStep {
            removeStep()
        } else {
            expiryPauseEnd = time + Store.expiryPause
        }
        noteExpiryWakeTime()
        return time >= expiryWakeTime
    }

    private var hasRoomForExpiryStep: Bool {
        if spaceQuota.take(Store.expiryStepSize) { return true }
        renewSpaceQuota()
        return spaceQuota.take(Store.expiryStepSize) || likelyObstacle(Store.expiryStepSize, shrinks: true) == nil
    }

    private func removeStep() {
        let seq = newest.seq + 1
        var (count, size) = (0, 0)
        batch.beginExpired(after: newest, timestamp: time)
        _ = table.removeDue(at: time) { pair in
            _ = batch.append(.delete(key: pair.key, isExpiry: true), after: newest, timestamp: time)
            if !watches.isEmpty { watches.expire(table.hash(pair.key), seq: seq) }
            (count, size) = (count + 1, size + pair.keySize)
            return true
        }
        newest = batch.endExpired(after: newest)
        guard count > 0 else { return }
        assert(newest.seq == seq, "a record of expired pairs has another number than it was given")
        newestTime = time
        expiredPairs += count
        // Keys that are longer than expected count too.
        if size > Store.expiryStepSize { _ = spaceQuota.take(size - Store.expiryStepSize) }
    }

    /// Begins to remove what expired while this server was a follower and its leader has not removed.
    func resumeExpiry() {
        table.retryKept()
        expiryWakeTime = 0
    }

    // MARK: Figures

    /// Pairs that this server has removed since its start because they had expired.
    package var expiredCount: Int { expiredPairs }
    /// Pairs that expire at some time.
    package var expiringCount: Int { table.expiringCount }
    /// Bytes of memory of the due wheel.
    package var expiryIndexSize: Int { table.dueWheelSize }
    /// For how long the removal of expired pairs is overdue, in milliseconds; 0 if it is not.
    package var expiryLag: UInt64 {
        guard let due = table.nextDueTime, due > 0, due < time else { return 0 }
        return time - due
    }
}
