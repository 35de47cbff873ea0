// Loading a data set, some lines at a time, until the store can be used.

import LogFormat

extension Store {
    /// A failed sync ends the start, even for lack of space: a second one would succeed although it writes nothing.
    func beginRecovery() throws(StoreError) {
        do throws(StoreError) {
            try findFiles()
        } catch {
            guard error.isDiskFull, error.isPassing, try releaseReserve() else { throw error }
            try findFiles()
        }
    }

    private func findFiles() throws(StoreError) {
        let before = try files.contents(on: disk)
        try SnapshotInstall.finishInterrupted(files, time: now, on: disk)
        // Where the due wheel begins. A clock that is wrong by less than a day does not delay removals.
        _ = table.removeDue(at: max(time, 86_400_000) - 86_400_000) { _ in false }
        loading = try Recovery(
            disk: disk, files: files, table: table, time: now, before: before, damage: options.damage)
        // Not before it is known that its log exists.
        try files.removeNextSegment(on: disk)
    }

    /// Whether everything is loaded, so that the store can be used.
    package var isLoaded: Bool { openWriter != nil }
    /// Whether there may be notes. Until everything is loaded, only the files' headers tell.
    package var mayHaveNotes: Bool {
        if isLoaded { return !noteTable.all.isEmpty }
        return loading?.mayHaveNotes ?? true
    }

    /// Bytes read by loading, and bytes to read.
    package var loadedSize: (done: Int, total: Int) {
        loading == nil ? (recovery.size, recovery.size) : (loading?.readSize ?? 0, loading?.totalSize ?? 0)
    }

    /// Loads up to `lines` lines of the files.
    /// - Returns: whether there is more.
    /// - Throws: `StoreError`. Damage that recovery refuses is left untouched.
    package func load(lines: Int) throws(StoreError) -> Bool {
        do throws(StoreError) {
            if reloads {
                reloads = false
                try beginRecovery()
            }
            guard var current = loading.take() else { return false }
            if try current.step(lines: lines) {
                loading = consume current
                return true
            }
            try finishLoading(current)
            return false
        } catch {
            // Setting files aside and beginning a segment take space: the reserve is there for that. Then start over.
            guard error.isDiskFull, error.isPassing, try releaseReserve() else { throw error }
            table.removeAll()
            reloads = true
            return true
        }
    }

    /// Releases the reserved space to a start on a full disk.
    /// - Returns: whether there was any.
    private func releaseReserve() throws(StoreError) -> Bool {
        var isFreed = false
        for path in [files.nextSegment, files.reserve] where try disk.exists(path) {
            try disk.remove(path)
            isFreed = true
        }
        return isFreed
    }

    private func finishLoading(_ loaded: borrowing Recovery) throws(StoreError) {
        precondition(batch.isEmpty, "changes were made before everything was loaded")
        recovery = loaded.report
        newest = loaded.position
        committedSeq = position.seq
        newestTime = loaded.timestamp
        writtenNeeds = loaded.needs
        replaceNotes(by: loaded.notes)
        now = newestTime
        history = loaded.history ?? Store.newHistory(options.seed ?? .random(in: 0 ... .max))
        compactionScheduler.found(recovery)
        let segment: OpenSegment
        let last = loaded.openSegment
        if let open = last, open.end > 0 {
            segment = try OpenSegment(
                reopening: open.file, end: open.end, hasRecords: open.hasRecords, position: position, history: history,
                needs: loaded.segmentNeeds, disk: disk, files: files, layout: options.layout, in: background)
        } else {
            segment = try OpenSegment(
                after: position, in: last?.file, history: history, needs: needs, disk: disk, files: files,
                layout: options.layout, in: background)
        }
        openWriter = try LogWriter(segment: segment, position: position, in: background, progress: progress)
        renewSpaceQuota()
    }

    private static func newHistory(_ chance: UInt64) -> String {
        let digits = String(chance >> 16, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }
}
