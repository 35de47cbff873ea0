// Sorts changes with distinct keys by the keys' bytes. Eight bytes of each key, after their common prefix, are loaded
// as a number that sorts as they do, and the numbers are sorted in place: many by their highest varying byte (American
// flag sort: McIlroy, Bostic and McIlroy, "Engineering Radix Sort", 1993), few by insertion. Keys with equal numbers
// are then sorted by the bytes after them. So the keys' memory is accessed rarely, and almost always sequentially.

import Bytes
import LogFormat

/// A change's position, with a part of its key.
struct PrefixedPlace {
    var prefix: UInt64 = 0
    /// As for `StoredChange`.
    var place: Int
}

/// One sort.
struct PrefixSort {
    /// A range of places whose keys agree in the bytes before `depth`.
    private struct Part {
        var range: Range<Int>
        var depth: Int
        /// Whether the prefixes are the bytes from `depth` on.
        var hasPrefixes: Bool
    }

    /// Ranges not sorted yet.
    private var parts: [Part] = []
    /// The number of places per value of the current byte; then where the next of each goes.
    private var counts = [Int](repeating: 0, count: 256)
    private var ends = [Int](repeating: 0, count: 256)

    /// Up to this many, insertion is faster.
    private static let fewCount = 32

    /// Sorts the places of changes in `texts` by key; keys must be distinct.
    static func sort(_ places: inout [PrefixedPlace], in texts: borrowing ByteBuffer) {
        var sort = PrefixSort()
        sort.push(Part(range: 0..<places.count, depth: 0, hasPrefixes: false))
        while var part = sort.parts.popLast() {
            if !part.hasPrefixes { takePrefixes(&places, &part, texts) }
            if part.range.count <= fewCount {
                insert(&places, part.range)
                sort.pushEqual(&places, part, texts)
            } else {
                sort.distribute(&places, part, texts)
            }
        }
    }

    private mutating func push(_ part: Part) {
        if part.range.count > 1 { parts.append(part) }
    }

    /// Skips what all keys share, such as `user:`, which does not affect their order.
    private static func takePrefixes(
        _ places: inout [PrefixedPlace], _ part: inout Part, _ texts: borrowing ByteBuffer
    ) {
        let first = StoredChange.key(in: texts, at: places[part.range.lowerBound].place)
        var shared = first.count
        for index in part.range where shared > part.depth {
            let key = StoredChange.key(in: texts, at: places[index].place)
            shared = first.sharedSize(with: key, atMost: shared)
        }
        part.depth = shared
        part.hasPrefixes = true
        for index in part.range {
            let key = StoredChange.key(in: texts, at: places[index].place)
            places[index].prefix = key.extracting(shared..<key.count).sortingPrefix
        }
    }

    private static func insert(_ places: inout [PrefixedPlace], _ range: Range<Int>) {
        for next in range.dropFirst() {
            let place = places[next]
            var index = next
            while index > range.lowerBound, places[index &- 1].prefix > place.prefix {
                places[index] = places[index &- 1]
                index &-= 1
            }
            places[index] = place
        }
    }

    /// Finds the equal prefixes of a range that is sorted by them.
    private mutating func pushEqual(_ places: inout [PrefixedPlace], _ part: Part, _ texts: borrowing ByteBuffer) {
        var start = part.range.lowerBound
        while start < part.range.upperBound {
            var end = start &+ 1
            while end < part.range.upperBound, places[end].prefix == places[start].prefix { end &+= 1 }
            if end &- start > 1 { takeEqual(&places, start..<end, depth: part.depth, texts) }
            start = end
        }
    }

    /// Keys that end inside the prefix, ordered by size, come before those that continue after it.
    private mutating func takeEqual(
        _ places: inout [PrefixedPlace], _ range: Range<Int>, depth: Int, _ texts: borrowing ByteBuffer
    ) {
        var end = range.lowerBound
        for index in range where StoredChange.key(in: texts, at: places[index].place).count <= depth + 8 {
            places.swapAt(index, end)
            end += 1
        }
        // At most nine of them.
        for next in range.lowerBound..<end {
            var index = next
            while index > range.lowerBound,
                StoredChange.key(in: texts, at: places[index - 1].place).count
                    > StoredChange.key(in: texts, at: places[index].place).count
            {
                places.swapAt(index, index - 1)
                index -= 1
            }
        }
        push(Part(range: end..<range.upperBound, depth: depth + 8, hasPrefixes: false))
    }

    /// Groups places by the highest varying byte.
    private mutating func distribute(
        _ places: inout [PrefixedPlace], _ part: Part, _ texts: borrowing ByteBuffer
    ) {
        let (start, end) = (part.range.lowerBound, part.range.upperBound)
        var varying: UInt64 = 0
        for index in start..<end { varying |= places[index].prefix ^ places[start].prefix }
        guard varying != 0 else { return takeEqual(&places, part.range, depth: part.depth, texts) }
        let shift = UInt64(63 &- varying.leadingZeroBitCount) & ~7
        for value in 0..<256 { counts[value] = 0 }
        for index in start..<end { counts[PrefixSort.byte(places[index].prefix, shift)] &+= 1 }
        var next = start
        for value in 0..<256 {
            let count = counts[value]
            counts[value] = next
            next &+= count
            ends[value] = next
            push(Part(range: next &- count..<next, depth: part.depth, hasPrefixes: true))
        }
        permute(&places, by: shift)
    }

    /// Swaps misplaced entries to where they belong, until each place has an entry that belongs there.
    private mutating func permute(_ places: inout [PrefixedPlace], by shift: UInt64) {
        for value in 0..<256 {
            while counts[value] < ends[value] {
                var place = places[counts[value]]
                while true {
                    let belongs = PrefixSort.byte(place.prefix, shift)
                    if belongs == value { break }
                    let target = counts[belongs]
                    counts[belongs] = target &+ 1
                    let other = places[target]
                    places[target] = place
                    place = other
                }
                places[counts[value]] = place
                counts[value] &+= 1
            }
        }
    }

    @inline(__always)
    private static func byte(_ prefix: UInt64, _ shift: UInt64) -> Int {
        Int(truncatingIfNeeded: prefix &>> shift & 0xff)
    }
}
