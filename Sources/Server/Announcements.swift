// Log lines about the data set: the start, snapshots, disk space, the data folder.

import Bytes
import Logging
import Store
import SystemPackage

/// Logs events of the store.
struct Announcements {
    let log: Logger
    let data: FilePath
    /// The obstacle to writes that was logged last.
    private var obstacle: String?

    init(log: Logger, data: FilePath) {
        self.log = log
        self.data = data
    }

    /// - Parameter time: how long loading took.
    func loaded(_ store: Store, time: Duration) {
        let milliseconds = time.nanoseconds / 1_000_000
        if let torn = store.recovery.torn {
            log.warning(
                "The log ended in the middle of a write: \(torn.size) bytes at byte \(torn.offset) of \(torn.segment) set aside in \(torn.path); the last good change is \(store.position.seq)"
            )
        }
        if let damage = store.recovery.damage {
            log.error(
                "Damage was found and set aside: \(damage). The data ends at change \(store.position.seq); a leader that connects sends the rest again"
            )
        }
        if let limit = store.fileSizeLimit {
            log.warning(
                "The system lets this process write no file of more than \(limit) bytes (ulimit -f): segments are no larger, and no larger snapshot can be made"
            )
        }
        for warning in store.recovery.warnings { log.warning("\(warning)") }
        for name in store.recovery.unknownFiles {
            log.warning("Ignoring unknown file \(data).log/\(name)")
        }
        log.info(
            "Data file \(data): \(counted(store.count, "pair")) loaded in \(milliseconds) ms, durability \(store.durability.rawValue)"
        )
    }

    func tell(_ event: CompactionEvent) {
        switch event {
        case .began:
            log.info("Compaction begins")
        case .ended(let report, let seconds):
            let removed =
                report.removedSegments == 0
                ? "" : "; \(counted(report.removedSegments, "segment")) removed, \(report.removedSize) bytes"
            log.info(
                "Compaction ended after \(milliseconds(seconds)) ms: the snapshot \(data) holds \(counted(report.pairs, "pair")) as of change \(report.position.seq) in \(report.snapshotSize) bytes\(removed)"
            )
        case .wasNotNeeded:
            log.info("Compaction ended: the snapshot is already up to date")
        case .failed(let error):
            log.error("Compaction failed and has changed nothing: \(error)")
        }
    }

    /// Logs an obstacle to writes once when it appears, and once when it is gone.
    mutating func tell(obstacle now: WriteObstacle?) {
        let text = now.map { kind($0) }
        // `Shutdown` logs a failure of the log.
        if case .altered? = now { return }
        guard text != obstacle else { return }
        obstacle = text
        if let now {
            log.warning("Writes are refused until this passes: \(now)")
        } else {
            log.info("Writes are accepted again")
        }
    }

    /// Warns that the newest change has a time in the future.
    /// - Parameters:
    ///   - time: the change's time, in Unix milliseconds.
    ///   - seconds: how far the wall clock is behind that.
    func tell(newestChange seq: UInt64, at time: UInt64, ahead seconds: Int) {
        log.warning(
            "The clock is behind the log: the newest change, \(seq), is stamped \(text(of: time)), \(span(seconds)) ahead of this machine's clock; stamps never go back, so new changes are stamped from there on. Set the clock, if it is wrong; if that change's stamp is, nothing needs to be done"
        )
    }

    /// Logs the result of a check of the wall clock.
    /// - Parameter patience: how long a jump must last before the store's clock follows it, in seconds.
    func tell(_ event: ClockEvent, patience: Int) {
        switch event {
        case .jumpedAhead(let time):
            log.warning(
                "This machine's clock has jumped ahead by \(span(time / 1_000_000)); changes are stamped as before, and follow it if it stays so for \(patience) s"
            )
        case .followed(let time):
            log.warning(
                "This machine's clock has stayed ahead: changes are stamped \(span(time / 1_000_000)) later from now on"
            )
        case .isBehind(let time):
            log.warning(
                "This machine's clock is behind the time that changes are stamped with, by \(span(time / 1_000_000)); timestamps never go back, so they advance at their own rate"
            )
        case .agrees:
            log.info("This machine's clock agrees with the time that changes are stamped with")
        }
    }

    private func text(of time: UInt64) -> String {
        var text = ByteBuffer()
        text.append(time: Timestamp(milliseconds: time))
        return String(text.bytes)
    }

    /// A duration of at least a second, in its two largest units.
    private func span(_ seconds: Int) -> String {
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7200 { return "\(seconds / 60) min \(seconds % 60) s" }
        if seconds < 172_800 { return "\(seconds / 3600) h \(seconds % 3600 / 60) min" }
        return "\(seconds / 86_400) days \(seconds % 86_400 / 3600) h"
    }

    /// The message without its figures, which change from one check to the next.
    private func kind(_ obstacle: WriteObstacle) -> String {
        switch obstacle {
        case .diskFull: "disk full"
        case .noInodes: "no inodes"
        case .fileSizeLimit: "file size limit"
        case .noDescriptors: "no descriptors"
        case .displaced: "displaced"
        case .altered: "altered"
        case .numbersUsedUp: "numbers used up"
        }
    }

    private func milliseconds(_ seconds: Double) -> Int { Int(seconds * 1000) }
}
