// `puffin-server log stats`.

import ArgumentParser
import Bytes
import Inspection
import LogFormat
import Store

struct LogStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Counts what is in the files: operations, live pairs, and how much of the disk is needed for them.",
        discussion: "Needs memory for every pair, as a server does.")

    @OptionGroup var data: DataFlags

    func run() throws {
        try inspecting { output in
            let found = try LogStatistics(try data.captured())
            try output.write(heading(found) + operations(found) + sizes(found))
        }
    }

    private func heading(_ found: LogStatistics) -> String {
        let range = found.firstSeq.map { "changes \($0) to \(found.lastSeq)" } ?? "no changes"
        let snapshot = found.snapshotSeq.map { ", and a snapshot as of change \($0)" } ?? ", and no snapshot"
        return "\(found.segmentCount) segments with \(range)\(snapshot)\n\n"
    }

    private func operations(_ found: LogStatistics) -> String {
        var text = row("op", "records", "bytes", "bytes per op")
        for operation in Operation.allCases {
            let counted = found.operations[operation]
            let average = counted.map { tenths($0.size, $0.count) } ?? "-"
            text += row(operation.rawValue, "\(counted?.count ?? 0)", "\(counted?.size ?? 0)", average)
        }
        return text + "\n"
    }

    private func row(_ name: String, _ count: String, _ size: String, _ average: String) -> String {
        aligned(name, 8) + aligned(count, 14, left: true) + aligned(size, 18, left: true)
            + aligned(average, 14, left: true) + "\n"
    }

    private func sizes(_ found: LogStatistics) -> String {
        let pairs = max(found.pairCount, 1)
        let percent = tenths(100 * found.freshSize, max(found.usedSize, 1))
        return [
            ("live pairs", "\(found.pairCount)"),
            ("notes", "\(found.noteCount)"),
            ("average key, bytes", tenths(found.keySize, pairs)),
            ("average value, bytes", tenths(found.valueSize, pairs)),
            ("snapshot, bytes", "\(found.snapshotSize)"),
            ("merged segments, bytes", "\(found.mergedSize)"),
            ("other segments, bytes", "\(found.unmergedSize)"),
            ("in sum, bytes", "\(found.usedSize)"),
            ("reserved ahead, bytes", "\(found.reservedSize)"),
            ("a fresh snapshot, bytes", "\(found.freshSize)"),
            ("live ratio", percent + " %"),
        ].map { aligned($0, 26) + aligned($1, 14, left: true) + "\n" }.joined()
    }

    /// A quotient rounded to one decimal.
    private func tenths(_ dividend: Int, _ divisor: Int) -> String {
        let rounded = (10 * dividend + divisor / 2) / divisor
        return "\(rounded / 10).\(rounded % 10)"
    }
}
