// The content of one file of a model disk, twice: as a read finds it, and as it is guaranteed to be after a power
// failure.

/// A file's bytes, and the changes to them that were not synced yet.
struct ModelContent: Sendable {
    /// What a read finds.
    private(set) var bytes: [UInt8] = []
    /// What the last sync has guaranteed.
    private var durable: [UInt8] = []
    /// What has changed since, in this order.
    private var changes: [Change] = []
    /// The blocks that it takes of the disk's space.
    private var blocks: Set<Int> = []

    fileprivate enum Change {
        case write([UInt8], offset: Int)
        case resize(Int)
    }

    /// The size that a disk writes atomically.
    static let sectorSize = 512
    /// The unit of space.
    static let blockSize = 4096

    /// Space that it takes.
    var blockCount: Int { blocks.count }

    /// Writes as much of `new` as fits.
    /// - Parameter freeBlocks: what the disk has left.
    /// - Returns: how many bytes.
    mutating func write(_ new: [UInt8], at offset: Int, freeBlocks: Int) -> Int {
        let count = take(from: offset, to: offset + new.count, freeBlocks: freeBlocks) - offset
        guard count > 0 else { return 0 }
        change(.write(Array(new[..<count]), offset: offset))
        return count
    }

    mutating func truncate(to size: Int) {
        blocks = blocks.filter { $0 * ModelContent.blockSize < size }
        change(.resize(size))
    }

    /// - Returns: whether there was room for it.
    mutating func allocate(_ size: Int, freeBlocks: Int) -> Bool {
        let before = blocks
        guard take(from: 0, to: size, freeBlocks: freeBlocks) == size else {
            blocks = before
            return false
        }
        if size > bytes.count { change(.resize(size)) }
        return true
    }

    /// Takes the blocks from `start` to `end`, as far as they are free.
    /// - Returns: the byte up to which there is space.
    private mutating func take(from start: Int, to end: Int, freeBlocks: Int) -> Int {
        var (left, position) = (freeBlocks, start)
        while position < end {
            let block = position / ModelContent.blockSize
            if !blocks.contains(block) {
                if left == 0 { return position }
                left -= 1
                blocks.insert(block)
            }
            position = (block + 1) * ModelContent.blockSize
        }
        return end
    }

    private mutating func change(_ change: Change) {
        change.apply(to: &bytes)
        changes.append(change)
    }

    mutating func sync() {
        for change in changes { change.apply(to: &durable) }
        changes = []
    }

    /// A failed sync: what it should have written is never written, and nothing reports that later. Reads keep finding
    /// it until the machine stops (Rebello et al., 2020).
    mutating func failSync() { changes = [] }

    /// Keeps what was synced, and of the rest what `survival` decides: for each sector one of its contents since, and
    /// for the file one of its sizes since.
    mutating func losePower(_ survival: inout Survival) {
        defer {
            durable = bytes
            changes = []
            blocks = []
            _ = take(from: 0, to: bytes.count, freeBlocks: .max)
        }
        guard !changes.isEmpty else { return bytes = durable }
        let survivors = survivingWrites(&survival)
        var (now, kept, sizes) = (durable, durable, [durable.count])
        for (index, change) in changes.enumerated() {
            change.apply(to: &now)
            sizes.append(now.count)
            for sector in change.sectors where survivors[sector] == index {
                let start = sector * ModelContent.sectorSize
                let content = now[start..<min(start + ModelContent.sectorSize, now.count)]
                Change.write(Array(content), offset: start).apply(to: &kept)
            }
        }
        Change.resize(sizes[survival.choice(of: changes.count)]).apply(to: &kept)
        bytes = kept
    }

    /// For each sector written, the last change that has reached the disk; none if none has.
    private func survivingWrites(_ survival: inout Survival) -> [Int: Int] {
        var writes: [Int: [Int]] = [:]
        for (index, change) in changes.enumerated() {
            for sector in change.sectors { writes[sector, default: []].append(index) }
        }
        var survivors: [Int: Int] = [:]
        for (sector, changes) in writes.sorted(by: { $0.key < $1.key }) {
            let count = survival.choice(of: changes.count)
            if count > 0 { survivors[sector] = changes[count - 1] }
        }
        return survivors
    }
}

extension ModelContent.Change {
    func apply(to bytes: inout [UInt8]) {
        switch self {
        case .write(let new, let offset):
            if bytes.count < offset { bytes += [UInt8](repeating: 0, count: offset - bytes.count) }
            bytes.replaceSubrange(offset..<min(offset + new.count, bytes.count), with: new)
        case .resize(let size):
            if bytes.count > size { bytes.removeLast(bytes.count - size) }
            if bytes.count < size { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
        }
    }

    /// The sectors that a write touches.
    var sectors: Range<Int> {
        guard case .write(let new, let offset) = self, !new.isEmpty else { return 0..<0 }
        return offset / ModelContent.sectorSize..<(offset + new.count - 1) / ModelContent.sectorSize + 1
    }
}

/// How much of what was not synced survives a power failure: nothing, all, or each part at random.
struct Survival {
    private var random: SeededRandom
    private let percent: Int

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        percent = [0, 100, 10, 50, 50, 90][random.below(6)]
    }

    /// From 0, which means none, to `count`, which means all.
    mutating func choice(of count: Int) -> Int {
        if percent == 0 || count == 0 { return 0 }
        return random.below(100) < percent ? count : random.below(count)
    }
}
