// Patterns of KEYS, SCAN and CONFIG GET, as Redis' stringmatchlen reads them:
//
//     *        any run of bytes
//     ?        any byte
//     [abx-z]  one byte of a set; [^abx-z] one that is not in it. A missing `]` ends the set with the pattern
//     \        takes the next byte literally, in a set as well
//
// A pattern is compiled once, into segments between stars. A run of `*` and `?` becomes "at least n bytes". The first
// and the last segment match at the ends of a text; the others are searched from left to right, and the first match is
// the right one. A segment without sets and `?` is searched in linear time (Knuth, Morris, Pratt, 1977). For the others
// no such algorithm is known, so steps are counted, and a match can pause and resume.

/// A compiled pattern. Bytes are unsigned: `[a-\xff]` includes 0xff on every machine.
package struct GlobPattern: Sendable {
    /// The longest pattern, in bytes.
    package static let sizeLimit = 128 << 10

    /// What a byte of the text is compared with: a byte, any byte, or the set at `element - firstSet`.
    private typealias Element = Int32
    private static let any: Element = -1
    private static let firstSet: Element = 256

    private struct Segment {
        var start = 0
        var end = 0
        /// The least number of bytes between the previous segment and this one.
        var gap = 0
        var isLiteral = true

        var size: Int { end - start }
    }

    private var elements: [Element] = []
    private var sets: [ByteSet] = []
    /// The failure function of Knuth, Morris and Pratt for each element of a literal segment between stars: how many
    /// bytes before the next one are also the segment's beginning.
    private var borders: [Int32] = []
    /// The segment at the text's beginning; the whole pattern if it has no star.
    private var head = Segment()
    /// The segments between stars.
    private var middle: [Segment] = []
    /// The segment at the text's end.
    private var tail = Segment()
    private var hasStar = false
    /// What every text that matches begins with.
    package private(set) var literalPrefix: [UInt8] = []
    /// Whether every text that begins so matches: the pattern is those bytes and a star.
    package private(set) var isPrefix = false
    /// The size of the shortest text that can match, in bytes.
    private var leastSize = 0

    /// - Parameter pattern: at most `sizeLimit` bytes; the caller checks that.
    package init(_ pattern: Span<UInt8>) {
        precondition(pattern.count <= GlobPattern.sizeLimit, "a pattern beyond its limit")
        compile(pattern)
    }

    /// A pattern that matches the texts with a prefix, whatever bytes that has.
    package static func text(ofPrefix prefix: [UInt8]) -> [UInt8] {
        var pattern: [UInt8] = []
        for byte in prefix {
            if "*?[]\\^-".utf8.contains(byte) { pattern.append(UInt8(ascii: "\\")) }
            pattern.append(byte)
        }
        return pattern + [UInt8(ascii: "*")]
    }

    /// The pattern of all texts that begin with `prefix`, whatever its bytes mean in a pattern.
    /// - Parameter prefix: at most `sizeLimit` bytes; the caller checks that.
    package init(prefix: Span<UInt8>) {
        precondition(prefix.count <= GlobPattern.sizeLimit, "a pattern beyond its limit")
        for index in 0..<prefix.count { elements.append(Element(prefix[index])) }
        head.end = prefix.count
        tail = Segment(start: prefix.count, end: prefix.count)
        hasStar = true
        leastSize = prefix.count
        findPrefix()
    }

    /// Whether every text matches.
    package var matchesAll: Bool { hasStar && leastSize == 0 }

    /// Bytes of memory held.
    package var size: Int {
        elements.capacity * MemoryLayout<Element>.stride + sets.capacity * MemoryLayout<ByteSet>.stride
            + borders.capacity * MemoryLayout<Int32>.stride + middle.capacity * MemoryLayout<Segment>.stride
            + literalPrefix.capacity
    }

    // MARK: Compiling

    private mutating func compile(_ pattern: Span<UInt8>) {
        var segment = Segment()
        var gap = 0
        var isStarred = false
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            if byte == UInt8(ascii: "*") {
                isStarred = true
                continue
            }
            if byte == UInt8(ascii: "?") {
                gap += 1
                continue
            }
            endRun(&segment, &gap, &isStarred)
            switch byte {
            case UInt8(ascii: "["):
                let set = GlobPattern.set(in: pattern, at: &index)
                append(set, to: &segment)
            case UInt8(ascii: "\\") where index < pattern.count:
                elements.append(Element(pattern[index]))
                index += 1
            default:
                elements.append(Element(byte))
            }
        }
        endRun(&segment, &gap, &isStarred)
        segment.end = elements.count
        if hasStar { tail = segment } else { head = segment }
        leastSize = elements.count + tail.gap + middle.reduce(0) { $0 + $1.gap }
        if middle.contains(where: { $0.isLiteral && $0.size > 1 }) { findBorders() }
        findPrefix()
    }

    private mutating func findPrefix() {
        for element in elements[head.start..<head.end] {
            guard element >= 0, element < GlobPattern.firstSet else { break }
            literalPrefix.append(UInt8(truncatingIfNeeded: element))
        }
        isPrefix = hasStar && literalPrefix.count == leastSize
    }

    /// Ends a run of `*` and `?`: with a star it separates two segments, without one it belongs to a segment.
    private mutating func endRun(_ segment: inout Segment, _ gap: inout Int, _ isStarred: inout Bool) {
        if isStarred {
            segment.end = elements.count
            if hasStar { middle.append(segment) } else { head = segment }
            hasStar = true
            segment = Segment(start: elements.count, gap: gap)
        } else if gap > 0 {
            for _ in 0..<gap { elements.append(GlobPattern.any) }
            segment.isLiteral = false
        }
        (gap, isStarred) = (0, false)
    }

    private mutating func append(_ set: ByteSet, to segment: inout Segment) {
        if let byte = set.onlyByte { return elements.append(Element(byte)) }
        segment.isLiteral = false
        elements.append(GlobPattern.firstSet + Element(sets.count))
        sets.append(set)
    }

    /// Parses a set whose opening bracket is before `index`.
    private static func set(in pattern: Span<UInt8>, at index: inout Int) -> ByteSet {
        var set = ByteSet()
        let isNegated = index < pattern.count && pattern[index] == UInt8(ascii: "^")
        if isNegated { index += 1 }
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") {
            if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.count {
                set.insert(pattern[index + 1], pattern[index + 1])
                index += 2
            } else if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-") {
                set.insert(min(pattern[index], pattern[index + 2]), max(pattern[index], pattern[index + 2]))
                index += 3
            } else {
                set.insert(pattern[index], pattern[index])
                index += 1
            }
        }
        // Skip the closing bracket, if there is one.
        if index < pattern.count { index += 1 }
        return isNegated ? set.inverted : set
    }

    private mutating func findBorders() {
        borders = [Int32](repeating: 0, count: elements.count)
        for segment in middle where segment.isLiteral {
            var border = 0
            for index in stride(from: segment.start + 1, to: segment.end, by: 1) {
                while border > 0, elements[index] != elements[segment.start + border] {
                    border = Int(borders[segment.start + border - 1])
                }
                if elements[index] == elements[segment.start + border] { border += 1 }
                borders[index] = Int32(border)
            }
        }
    }

    // MARK: Matching

    /// How far a paused match has come.
    package struct Progress {
        /// 0 is the head, 1 the tail, then the segments between.
        fileprivate var segment = 0
        /// Where the segment is being compared, and how many of its bytes have matched there.
        fileprivate var place = 0
        fileprivate var found = 0

        package init() {}
    }

    /// Whether a text matches. Takes up to as many steps as the product of both sizes.
    package func matches(_ text: Span<UInt8>) -> Bool {
        var progress = Progress()
        var steps = Int.max
        return matches(text, &progress, steps: &steps) ?? false
    }

    /// Whether a text matches, with a bound on the work.
    /// - Parameters:
    ///   - progress: new for each text; after a pause, as the last call left it.
    ///   - steps: how many bytes may be compared; reduced by those that were.
    /// - Returns: nil if the steps are used up and the match has paused.
    @inline(__always)
    package func matches(_ text: Span<UInt8>, _ progress: inout Progress, steps: inout Int) -> Bool? {
        guard text.count >= leastSize, hasStar || text.count == leastSize else { return false }
        if isPrefix {
            // Eight bytes at a time.
            steps &-= leastSize &>> 3
            return text.sharedSize(with: literalPrefix.span, atMost: leastSize) == leastSize
        }
        return compare(text, &progress, &steps)
    }

    private func compare(_ text: Span<UInt8>, _ progress: inout Progress, _ steps: inout Int) -> Bool? {
        let tailPlace = text.count - tail.size
        if progress.segment == 0 {
            guard let isFound = compare(head, text, at: 0, &progress, &steps) else { return nil }
            guard isFound else { return false }
            progress.segment = 1
        }
        if progress.segment == 1 {
            guard let isFound = compare(tail, text, at: tailPlace, &progress, &steps) else { return nil }
            guard isFound else { return false }
            progress.segment = 2
            progress.place = head.size
            if let first = middle.first { progress.place += first.gap }
        }
        while progress.segment - 2 < middle.count {
            let segment = middle[progress.segment - 2]
            guard let isFound = search(segment, text, upTo: tailPlace, &progress, &steps) else { return nil }
            guard isFound else { return false }
            progress.segment += 1
            progress.place += segment.size
            progress.found = 0
            if progress.segment - 2 < middle.count { progress.place += middle[progress.segment - 2].gap }
        }
        return progress.place + tail.gap <= tailPlace
    }

    /// Whether a segment matches at `place`.
    private func compare(
        _ segment: Segment, _ text: Span<UInt8>, at place: Int, _ progress: inout Progress, _ steps: inout Int
    ) -> Bool? {
        var found = progress.found
        let end = found + min(segment.size - found, max(steps, 0))
        let start = found
        while found < end, isMatch(elements[segment.start &+ found], text[place &+ found]) { found &+= 1 }
        steps -= found - start
        progress.found = found
        if found < end { return false }
        guard found == segment.size else { return nil }
        progress.found = 0
        return true
    }

    /// Searches a segment from the progress' place on; it must end at or before `limit`.
    private func search(
        _ segment: Segment, _ text: Span<UInt8>, upTo limit: Int, _ progress: inout Progress, _ steps: inout Int
    ) -> Bool? {
        var (place, found) = (progress.place, progress.found)
        let hasBorders = segment.isLiteral && segment.size > 1
        var left = steps
        defer {
            steps = left
            (progress.place, progress.found) = (place, found)
        }
        while found < segment.size {
            guard place &+ segment.size <= limit else { return false }
            guard left > 0 else { return nil }
            left &-= 1
            if isMatch(elements[segment.start &+ found], text[place &+ found]) {
                found &+= 1
            } else if found == 0 || !hasBorders {
                place &+= 1
                found = 0
            } else {
                let border = Int(borders[segment.start &+ found &- 1])
                place &+= found &- border
                found = border
            }
        }
        return true
    }

    @inline(__always)
    private func isMatch(_ element: Element, _ byte: UInt8) -> Bool {
        if element < GlobPattern.firstSet { return element == Element(byte) || element == GlobPattern.any }
        return sets[Int(element &- GlobPattern.firstSet)].contains(byte)
    }
}

/// A set of bytes, one bit each.
private struct ByteSet: Sendable {
    private var words: InlineArray<4, UInt64> = [0, 0, 0, 0]

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        words[Int(byte &>> 6)] &>> UInt64(byte & 63) & 1 != 0
    }

    /// Adds the bytes from `low` to `high`, both included.
    mutating func insert(_ low: UInt8, _ high: UInt8) {
        for word in Int(low >> 6)...Int(high >> 6) {
            let first = max(Int(low) - word * 64, 0)
            let last = min(Int(high) - word * 64, 63)
            words[word] |= (~0 >> UInt64(63 - (last - first))) << UInt64(first)
        }
    }

    var inverted: ByteSet {
        var set = self
        for word in 0..<4 { set.words[word] = ~words[word] }
        return set
    }

    /// The byte of a set of one; nil for other sets.
    var onlyByte: UInt8? {
        var byte: UInt8?
        for word in 0..<4 where words[word] != 0 {
            guard byte == nil, words[word].nonzeroBitCount == 1 else { return nil }
            byte = UInt8(word * 64 + words[word].trailingZeroBitCount)
        }
        return byte
    }
}
