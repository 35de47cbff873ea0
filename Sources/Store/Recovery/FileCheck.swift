// What a start would find, compared with memory: the files' part of `Store.check`.

import Bytes
import LogFormat

/// Reads a data set that is not being written.
struct FileCheck {
    let disk: any Disk
    let files: DataFiles

    /// Loads everything into a second table.
    /// - Returns: how the files differ from what they should hold; empty if they do not.
    func problems(history: String, position: ChainPosition, table: Table, notes: Notes) -> [String] {
        let copy = Table()
        do throws(StoreError) {
            var recovery = try Recovery(disk: disk, files: files, table: copy, time: 0)
            while try recovery.step(lines: .max) {}
            var problems = retainedProblems(before: recovery.report.snapshot?.seq ?? 0, history: history)
            if recovery.report.torn != nil { problems.append("the log has a torn tail") }
            if let found = recovery.history, found != history { problems.append("the files are of history \(found)") }
            if recovery.position != position {
                problems.append("the files end at \(recovery.position), memory at \(position)")
            }
            if recovery.notes != notes { problems.append("the notes in the files are not those in memory") }
            return problems + differences(table, copy)
        } catch {
            return ["\(error)"]
        }
    }

    /// Segments that the snapshot has superseded, which a start does not read, must be intact as well.
    private func retainedProblems(before seq: UInt64, history: String) -> [String] {
        var position: ChainPosition?
        do throws(StoreError) {
            for first in try files.contents(on: disk).segments where first <= seq {
                let file = try disk.open(files.segment(firstSeq: first), for: .reading)
                var reader = try SegmentReader(file.source, firstSeq: first, history: history, after: position)
                while try reader.next() { try reader.changes { _ in } }
                position = reader.position
            }
            return []
        } catch {
            return ["\(error)"]
        }
    }

    private func differences(_ table: Table, _ copy: Table) -> [String] {
        var wrong = 0
        _ = table.scan(from: 0, count: .max, buckets: .max) { pair in
            let other = copy.pair(for: pair.key, hash: copy.hash(pair.key), at: 0)
            if let other, other.value.equals(pair.value), other.expires == pair.expires { return }
            wrong += 1
        }
        if wrong == 0 && table.count == copy.count { return [] }
        return ["\(wrong) of \(table.count) pairs are not in the files as they are in memory, which have \(copy.count)"]
    }
}
