// `puffin-server compact`: does what COMPACT does, without a server.

import ArgumentParser
import Bytes
import Dispatch
import Inspection
import Reactor
import Settings
import Store
import SystemPackage

struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Merges the whole log of a data set that no server uses into its snapshot.",
        discussion: """
            Loads the data set as a server does. If a server runs, send it COMPACT instead. Merged segments are kept \
            by the same options as a server's.
            """)

    @OptionGroup var data: DataFlags
    @OptionGroup var retention: SettingFlags<RetentionSettings>

    func run() throws {
        try inspecting { output in
            let configuration = try data.configuration(with: retention.given)
            let files = DataFiles(data: configuration.data)
            // Opening a store would create a missing data set.
            let before = try size(files)
            let progress = DispatchSemaphore(value: 0)
            let store: Store
            do {
                store = try open(files, configuration.store.retention, progress)
            } catch StoreError.locked(let path, let holder) {
                writeError(
                    "Cannot open \(path): in use by \(holder); send COMPACT to that server instead, or stop it first")
                throw ExitCode(7)
            }
            for warning in store.recovery.warnings { writeError(warning) }
            if let torn = store.recovery.torn {
                writeError("\(torn.size) bytes at byte \(torn.offset) of \(torn.segment) set aside in \(torn.path)")
            }
            let outcome = try compact(store, progress)
            store.close()
            if let failure = store.failure { throw failure }
            try output.write(text(outcome, store, before: before, after: try size(files)))
        }
    }

    private func open(
        _ files: DataFiles, _ retention: Retention, _ progress: DispatchSemaphore
    ) throws(StoreError) -> Store {
        var options = StoreOptions()
        // Only the end of the log is written.
        options.layout.preallocation = 0
        options.layout.reserve = 0
        options.retention = retention
        let store = try Store(
            data: files.snapshot, options: options, disk: LocalDisk(), now: WallClock.milliseconds
        ) { progress.signal() }
        while try store.load(lines: 10_000) {}
        return store
    }

    /// - Returns: nil if there was nothing to merge.
    private func compact(
        _ store: Store, _ progress: DispatchSemaphore
    ) throws(StoreError) -> (CompactionReport, seconds: Double)? {
        _ = store.compact()
        while true {
            switch store.advanceCompaction() {
            case .ended(let report, let seconds): return (report, seconds)
            case .wasNotNeeded: return nil
            case .failed(let error):
                store.close()
                throw error
            case .began: continue
            case nil:
                if let failure = store.failure { throw failure }
                progress.wait()
            }
        }
    }

    private func size(_ files: DataFiles) throws -> Int { try CapturedFiles(files, on: LocalDisk()).size() }

    private func text(
        _ outcome: (report: CompactionReport, seconds: Double)?, _ store: Store, before: Int, after: Int
    ) -> String {
        guard let (report, seconds) = outcome else {
            return "Nothing to compact: the snapshot has every change up to \(store.position.seq)\n"
        }
        let milliseconds = Int(seconds * 1000)
        return """
            Compacted in \(milliseconds) ms: \(counted(report.pairs, "pair")) as of change \(report.position.seq), from \
            \(counted(report.records, "record")); \(before) bytes before, \(after) bytes after (snapshot \(report.snapshotSize), \
            \(counted(report.removedSegments, "merged segment")) of \(report.removedSize) bytes removed)

            """
    }
}
