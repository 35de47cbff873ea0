// The second half of a compaction: merges what is sorted by key. If several have a key, the newest one counts.

import Bytes

/// Merges sorted pairs; sources added later are newer.
struct PairMerge: ~Copyable {
    private var sources: [SortedPairs] = []
    /// The sources not at their ends, as a heap: none comes before its parent.
    private var heap: [Entry] = []
    private let progress: CompactionProgress
    private var values: ReferencedValues
    /// Times of pairs that no source has: none, unless the log says when something expires that is not there.
    private(set) var strayTimes = 0

    /// A source and its current key.
    private struct Entry {
        var head: KeyHead
        /// The index of the source.
        var source: Int
    }

    /// Pairs between two checks for cancellation.
    private static let stepSize = 4096

    init(_ progress: CompactionProgress, _ values: consuming ReferencedValues) {
        self.progress = progress
        self.values = values
    }

    mutating func add(_ source: SortedPairs) {
        sources.append(source)
        push(sources.count - 1)
    }

    /// Writes all remaining pairs, and the last line.
    /// - Returns: false if the compaction was cancelled.
    mutating func write(to writer: inout PairWriter) throws(StoreError) -> Bool {
        var steps = 0
        var seen = 0
        while let newest = heap.first {
            pop()
            if sources[newest.source].newTime == nil {
                while let other = heap.first, order(other, newest) == 0 {
                    pop()
                    try advance(other.source)
                }
                try sources[newest.source].write(to: &writer, expires: nil, &values)
            } else {
                try writeOlder(than: newest, to: &writer)
            }
            try writer.flushIfLarge()
            try advance(newest.source)
            steps &+= 1
            if steps % PairMerge.stepSize == 0 {
                progress.add(writer.size - seen)
                seen = writer.size
                if progress.isCancelled { return false }
            }
        }
        assert(sources.allSatisfy { $0.head == nil }, "a merge ends before its sources")
        try writer.end()
        return true
    }

    /// Writes the pair of a key of which the newest source knows only when it expires: the newest source that knows
    /// more has the value, or says that the key is removed.
    private mutating func writeOlder(than newest: Entry, to writer: inout PairWriter) throws(StoreError) {
        let time = sources[newest.source].newTime
        var isFound = false
        while let other = heap.first, order(other, newest) == 0 {
            pop()
            if !isFound && sources[other.source].newTime == nil {
                isFound = true
                try sources[other.source].write(to: &writer, expires: time, &values)
            }
            try advance(other.source)
        }
        if !isFound { strayTimes += 1 }
    }

    private mutating func advance(_ source: Int) throws(StoreError) {
        try sources[source].advance()
        push(source)
    }

    // MARK: The heap

    /// Below, at or above 0 if the key of one sorts before, equals or sorts after that of the other.
    @inline(__always)
    private func order(_ one: Entry, _ other: Entry) -> Int {
        one.head.compared(with: other.head) ?? sources[one.source].compared(with: sources[other.source])
    }

    /// By key; for equal keys the newest first.
    @inline(__always)
    private func comesBefore(_ one: Entry, _ other: Entry) -> Bool {
        let order = order(one, other)
        return order == 0 ? one.source > other.source : order < 0
    }

    private mutating func push(_ source: Int) {
        guard let head = sources[source].head else { return }
        let entry = Entry(head: head, source: source)
        var index = heap.count
        heap.append(entry)
        while index > 0 {
            let parent = (index &- 1) / 2
            guard comesBefore(entry, heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = entry
    }

    /// Removes the first one.
    private mutating func pop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        var index = 0
        while true {
            var child = 2 &* index &+ 1
            guard child < heap.count else { break }
            if child &+ 1 < heap.count, comesBefore(heap[child &+ 1], heap[child]) { child &+= 1 }
            guard comesBefore(heap[child], last) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = last
    }
}
