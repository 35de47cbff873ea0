// The second half of a compaction: merges files that are sorted by key. Where several have a key, the newest one counts.

import Bytes
import SystemPackage

/// Merges files of pairs; the ones added later are newer.
struct PairMerge: ~Copyable {
    private var sources: [SortedPairs] = []
    private let progress: CompactionProgress

    /// Pairs between two looks at whether to go on.
    private static let stepSize = 4096

    init(_ progress: CompactionProgress) {
        self.progress = progress
    }

    mutating func add(_ path: FilePath, _ compactor: Compactor) throws(StoreError) {
        let file = try compactor.disk.open(path, for: .reading)
        add(try PairsOfFile(try SnapshotReader(file, chunkSize: compactor.budget.readSize)))
    }

    mutating func add(_ source: SortedPairs) {
        if !source.isAtEnd { sources.append(source) }
    }

    /// Writes every pair that is left, and the last line.
    /// - Returns: false where the compaction was cancelled.
    mutating func write(to writer: inout PairWriter) throws(StoreError) -> Bool {
        var steps = 0
        var seen = 0
        while let newest = try next() {
            try write(newest, to: &writer)
            try newest.advance()
            if newest.isAtEnd { sources.removeAll { $0 === newest } }
            steps += 1
            if steps % PairMerge.stepSize == 0 {
                progress.add(writer.size - seen)
                seen = writer.size
                if progress.isCancelled { return false }
            }
        }
        try writer.end()
        return true
    }

    /// The source whose pair comes next. Older sources with the same key have passed over it.
    private mutating func next() throws(StoreError) -> SortedPairs? {
        guard var best = sources.first else { return nil }
        var superseded: [SortedPairs] = []
        for source in sources.dropFirst() {
            let order = source.compared(with: best)
            if order > 0 { continue }
            if order == 0 { superseded.append(best) } else { superseded.removeAll(keepingCapacity: true) }
            best = source
        }
        for source in superseded {
            try source.advance()
            if source.isAtEnd { sources.removeAll { $0 === source } }
        }
        return best
    }

    private func write(_ source: SortedPairs, to writer: inout PairWriter) throws(StoreError) {
        try source.change { change in
            if case .set = change { writer.append(change) }
        }
        try writer.flushIfLarge()
    }
}
