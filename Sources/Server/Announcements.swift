// What the server says in its log about its data: when it has started, and when snapshots, space or the folder change.

import Bytes
import Logging
import Store
import SystemPackage

/// Tells events of the store.
struct Announcements {
    let log: Logger
    let data: FilePath
    /// What is in the way of writes, as far as it was told.
    private var obstacle: String?

    init(log: Logger, data: FilePath) {
        self.log = log
        self.data = data
    }

    /// - Parameter time: what loading has taken.
    func loaded(_ store: Store, time: Duration) {
        let milliseconds =
            Int(time.components.seconds) * 1000 + Int(time.components.attoseconds / 1_000_000_000_000_000)
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
        for name in store.recovery.unknownFiles {
            log.warning("Left alone: \(data).log/\(name) is not a file of Puffin's")
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
            log.info("Compaction ended: the snapshot holds everything already")
        case .failed(let error):
            log.error("Compaction failed and has changed nothing: \(error)")
        }
    }

    /// Tells once when something comes in the way of writes, and once when it is gone.
    mutating func tell(obstacle now: WriteObstacle?) {
        let text = now.map { kind($0) }
        guard text != obstacle else { return }
        obstacle = text
        if let now {
            log.warning("Writes are refused until this passes: \(now)")
        } else {
            log.info("Writes are accepted again")
        }
    }

    /// The figures change from one look to the next.
    private func kind(_ obstacle: WriteObstacle) -> String {
        switch obstacle {
        case .diskFull: "disk full"
        case .displaced: "displaced"
        case .numbersUsedUp: "numbers used up"
        }
    }

    private func milliseconds(_ seconds: Double) -> Int { Int(seconds * 1000) }
}
