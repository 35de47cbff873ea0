// A feed of changes against a model: every kind of record, in small segments that rotate, are compacted and removed,
// with workers that a seed schedules; each feed shows exactly the committed records after its token, or says that they
// are gone.

import Bytes
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("A feed of changes")
struct ChangeFeedTests {
    @Test(
        "shows each committed record once, in order, or says from where on the log still has them",
        arguments: Torture.seeds(8, orTorture: 20_000))
    func model(seed: UInt64) {
        var life = FeedLife(seed: seed)
        for _ in 0..<3 where life.wrong.isEmpty { life.live() }
        #expect(life.wrong.isEmpty, "seed \(seed): \(life.wrong)")
    }

    @Test("comes to rotations, compactions, removed files and every answer of a consumer")
    func reach() {
        var counts: [String: Int] = [:]
        for seed in 1...8 as ClosedRange<UInt64> {
            var life = FeedLife(seed: seed)
            for _ in 0..<3 { life.live() }
            counts.merge(life.counts) { $0 + $1 }
        }
        print("8 seeds: \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
        for name in [
            "shown", "compacted", "refused", "enough", "compactions", "places", "ends", "uncommitted", "notes",
        ] {
            #expect(counts[name] ?? 0 > 10, "\(name)")
        }
        #expect(counts["removed"] ?? 0 > 0)
    }

    // MARK: Beginnings

    private func opened(_ count: Int, _ folder: String) throws -> OpenedStore {
        let opened = try OpenedStore(folder, .never, disk: LocalDisk())
        for number in 1...count { opened.set("key \(number)", "value") }
        try opened.commit()
        return opened
    }

    /// What a feed shows, and how it ends.
    private func drain(_ opened: OpenedStore, _ token: ChangeToken) -> (seqs: [UInt64], ChangeFeed.Step, ChangeFeed) {
        let feed = opened.store.changes(from: token)
        var seqs: [UInt64] = []
        while true {
            let step = feed.advance(committed: opened.store.committed, size: .max) { record in
                seqs.append(record.position.seq)
                return .more
            }
            guard step == .waiting else { return (seqs, step, feed) }
            opened.progress.wait()
        }
    }

    @Test("begins behind a token, behind the change with a number, or at the newest change")
    func beginnings() throws {
        try withTemporaryFolder { folder in
            let opened = try opened(5, folder)
            let (all, step, feed) = drain(opened, .seq(0))
            #expect(all == [1, 2, 3, 4, 5] && step == .atEnd && feed.position == opened.store.position)
            #expect(opened.store.newestPlace.position == opened.store.position)
            #expect(drain(opened, .position(opened.store.newestPlace.position)).seqs.isEmpty)
            #expect(drain(opened, .seq(3)).seqs == [4, 5])
            #expect(drain(opened, .position(.start)).seqs == [1, 2, 3, 4, 5])
            #expect(drain(opened, .position(opened.store.position)).seqs.isEmpty)
            try opened.close()
        }
    }

    @Test("does not begin in another history, or where the log is not yet")
    func others() throws {
        try withTemporaryFolder { folder in
            let opened = try opened(5, folder)
            let other = ChainPosition(seq: 3, crc: 1)
            guard case .failed(.diverged(let sentence)) = drain(opened, .position(other)).1 else {
                Issue.record("a token of another history is accepted")
                return
            }
            #expect(sentence.hasPrefix("Token 3-00000001 is of another history: here change 3 is 3-"))
            #expect(drain(opened, .seq(6)).1 == .failed(.ahead(newest: 5)))
            #expect(drain(opened, .position(ChainPosition(seq: 9, crc: 9))).1 == .failed(.ahead(newest: 5)))
            try opened.close()
        }
    }

    @Test("ends with the oldest token where a compaction has removed what follows its own")
    func compacted() throws {
        let opened = try OpenedStore(on: ModelDisk())
        var before = ChainPosition.start
        for number in 0..<100 {
            opened.set("key \(number)", "value")
            try opened.commit()
            if number == 50 { before = opened.store.position }
        }
        let held = opened.store.changes(from: .position(before))
        while held.position == nil {
            if held.advance(committed: opened.store.committed, size: 0, visit: { _ in .refused }) == .waiting {
                opened.progress.wait()
            }
        }
        try opened.compact()
        let oldest = opened.store.position
        #expect(drain(opened, .position(before)).1 == .failed(.compacted(oldest: oldest)))
        #expect(drain(opened, .seq(0)).1 == .failed(.compacted(oldest: oldest)))
        #expect(
            "\(FeedFailure.compacted(oldest: oldest))".hasPrefix(
                "Changes up to 100 are no longer kept; the oldest token is 100-"))
        #expect(opened.store.oldestSeq == 101)
        opened.set("later", "value")
        try opened.commit()
        #expect(drain(opened, .position(oldest)).seqs == [101])
        try opened.close()
    }

    @Test("a place that no longer has its position is not believed")
    func places() throws {
        try withTemporaryFolder { folder in
            let opened = try opened(5, folder)
            let place = try #require(drain(opened, .seq(0)).2.place)
            var recent = RecentPlaces()
            recent.note(place)
            #expect(recent[.position(place.position)] == place && recent[.seq(5)] == place)
            #expect(recent[.position(ChainPosition(seq: 5, crc: 0))] == nil && recent[.seq(4)] == nil)
            // In another log there is something else at that place, so the feed looks for its position.
            try withTemporaryFolder { folder in
                let other = try self.opened(7, folder)
                let feed = other.store.changes(from: .position(other.store.position), at: place)
                while feed.advance(committed: 7, size: .max, visit: { _ in .more }) == .waiting {
                    other.progress.wait()
                }
                #expect(feed.position == other.store.position)
                try other.close()
            }
            for number in 0..<RecentPlaces.limit + 5 {
                let position = ChainPosition(seq: UInt64(100 + number), crc: 1)
                recent.note(ChangePlace(position: position, segment: 1, offset: 1))
            }
            #expect(recent[.seq(104)] == nil && recent[.seq(105)] != nil)
            try opened.close()
        }
    }

    @Test("a token has one spelling", arguments: ["5", "515400-eece75c1", "0-00000000", "0"])
    func tokens(text: String) throws {
        let bytes = text.bytes
        let token = ChangeToken(bytes.span)
        switch try #require(token) {
        case .position(let position): #expect(position.token == text)
        case .seq(let seq): #expect("\(seq)" == text)
        }
    }

    @Test(
        "what is no token is refused",
        arguments: [
            "", "-", "x", "05", "5-", "5-eece75c", "5-eece75c11", "5-EECE75C1", "-eece75c1", "5_eece75c1", "5-eece75cx",
            "9007199254740992", "9007199254740992-00000000", "5-eece75c1 ",
        ])
    func noTokens(text: String) {
        let bytes = text.bytes
        #expect(ChangeToken(bytes.span) == nil)
    }
}

/// A data set in successive stores, its model, and the feeds on it.
private struct FeedLife {
    private struct Reader {
        var feed: ChangeFeed?
        /// After the last record that it has shown.
        var token: ChangeToken
        var place: ChangePlace?
    }

    private(set) var wrong: [String] = []
    private(set) var counts: [String: Int] = [:]
    private var disk = ModelDisk()
    private var random: SeededRandom
    /// The records from 1 on.
    private var records: [(position: ChainPosition, changes: [ChangeCopy])] = []
    private var keys: Set<[UInt8]> = []
    private var encoder = RecordEncoderBox()
    private var time: UInt64 = OpenedStore.now
    private var readers = [Reader](repeating: Reader(token: .seq(0)), count: 5)

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func count(_ name: String, _ more: Int = 1) { counts[name, default: 0] += more }

    private func position(_ seq: UInt64) -> ChainPosition { seq == 0 ? .start : records[Int(seq) - 1].position }

    mutating func live() {
        let seed = random.next()
        let background = SeededBackground(seed: seed)
        do throws(StoreError) {
            let opened = try OpenedStore(on: disk, background: background) { options in
                options.seed = seed
                options.retention.size = Int(seed % 3) * 2_000
                options.compaction.source = SnapshotSource.allCases[Int(seed % 2)]
                (options.compaction.walkTime, options.compaction.stepSize, options.compaction.chunkSize) = (0, 100, 300)
            }
            // What was not synced is gone, and nothing of it was told.
            records.removeLast(records.count - Int(opened.store.position.seq))
            keys = Set(opened.pairs.keys)
            for index in readers.indices { (readers[index].feed, readers[index].place) = (nil, nil) }
            use(opened, background)
            finish(opened, background)
        } catch {
            return wrong.append("the start was refused: \(error)")
        }
        background.forgetAll()
        disk = ModelDisk(copying: disk)
        if random.below(2) == 0 { disk.losePower(seed: random.next()) }
    }

    private mutating func use(_ opened: OpenedStore, _ background: SeededBackground) {
        let store = opened.store
        for _ in 0..<random.below(400) where wrong.isEmpty {
            switch random.below(20) {
            case 0..<6: write(opened)
            case 6..<8: store.flush()
            case 8 where random.below(4) == 0: _ = store.compact()
            case 9: commit(store)
            case 10..<15: read(random.below(readers.count), opened)
            default: _ = background.step()
            }
            while let event = store.advanceCompaction() { if case .ended = event { count("compactions") } }
        }
    }

    /// Commits some of what the log allows.
    private mutating func commit(_ store: Store) {
        let limit = store.poll()
        guard limit > store.committed else { return }
        _ = store.commit(through: store.committed + UInt64(1 + random.below(Int(limit - store.committed))))
    }

    /// Everything is committed and read.
    private mutating func finish(_ opened: OpenedStore, _ background: SeededBackground) {
        let store = opened.store
        while store.hasPending || store.isWriting {
            store.flush()
            _ = background.step()
            _ = store.poll()
        }
        _ = store.commit(through: store.poll())
        for index in readers.indices {
            for _ in 0..<100_000 where wrong.isEmpty {
                if read(index, opened, isLast: true) { break }
                _ = background.step()
            }
            if readers[index].token.seq != store.committed { wrong.append("a feed ends too early") }
        }
        if let failure = store.failure { wrong.append("the log failed: \(failure)") }
    }

    // MARK: Writing

    private mutating func write(_ opened: OpenedStore) {
        time += UInt64(random.below(3))
        var changes: [ChangeCopy] = []
        var kind = MultiKind.none
        switch random.below(20) {
        case 0: changes = [.clear]
        case 1..<4: (kind, changes) = (.multi, (0...random.below(4)).map { _ in single() })
        case 4..<6 where !keys.isEmpty:
            // In an order that is the same each time.
            let all = keys.sorted { $0.lexicographicallyPrecedes($1) }
            (kind, changes) = (.expired, (0...random.below(3)).map { _ in .expired(all[random.below(all.count)]) })
        case 6: changes = [.note("user/n\(random.below(3))".bytes, random.below(3) == 0 ? [] : #"{"a":1}"#.bytes)]
        default: changes = [single()]
        }
        let before = position(UInt64(records.count))
        let (line, after) = encoder.record(changes, kind, after: before, timestamp: time)
        for change in changes { apply(change) }
        do throws(ReplicationError) {
            try opened.store.applyRecord(line.span)
        } catch {
            wrong.append("a record was refused: \(error)")
        }
        records.append((after, changes))
    }

    private mutating func single() -> ChangeCopy {
        let number = random.below(30)
        let key = number % 4 == 0 ? [0xff, 0x00, UInt8(number)] : "key \"\(number)\"".bytes
        let value = random.bytes(random.below(20) == 0 ? random.below(3_000) : random.below(40))
        switch random.below(8) {
        case 0 where keys.contains(key): return .delete(key)
        case 1 where keys.contains(key): return .ttl(key, UInt64(random.below(2)) * (time + 5))
        case 2: return .setExpiring(key, value, time + 1 + UInt64(random.below(1000)))
        case 3: return .set("plain \(number)".bytes, "plain".bytes)
        default: return .set(key, value)
        }
    }

    private mutating func apply(_ change: ChangeCopy) {
        switch change {
        case .set(let key, _), .setExpiring(let key, _, _): keys.insert(key)
        case .delete(let key), .expired(let key): keys.remove(key)
        case .clear: keys = []
        case .ttl, .note: break
        }
    }

    // MARK: Reading

    /// A step of a reader.
    /// - Returns: whether it has shown everything.
    @discardableResult
    private mutating func read(_ index: Int, _ opened: OpenedStore, isLast: Bool = false) -> Bool {
        let store = opened.store
        var reader = readers[index]
        defer { readers[index] = reader }
        if reader.feed == nil || !isLast && random.below(40) == 0 { begin(&reader, store) }
        guard let feed = reader.feed else { return false }
        var (expected, shown): (UInt64?, Int) = (feed.position.map { $0.seq + 1 }, 0)
        let answers = random.next()
        let step = feed.advance(committed: store.committed, size: isLast ? .max : random.below(1_000)) { record in
            if let next = expected, record.position.seq != next {
                wrong.append("\(record.position.seq) instead of \(next)")
            }
            if record.position.seq > store.committed { wrong.append("\(record.position.seq) is not committed") }
            let model = records[Int(record.position.seq) - 1]
            var changes: [ChangeCopy] = []
            record.visitChanges { changes.append(ChangeCopy($0)) }
            // A feed shows no notes, and its token moves on behind them.
            if changes.isEmpty { count("notes") }
            if model.position != record.position || model.changes.filter({ !$0.isNote }) != changes {
                wrong.append("\(record.position.seq) is \(changes), not \(model.changes)")
            }
            if !isLast, (answers >> UInt64(shown % 32)) & 7 == 0 { return .refused }
            (expected, shown) = (record.position.seq + 1, shown + 1)
            return !isLast && (answers >> UInt64(shown % 32)) & 15 == 1 ? .enough : .more
        }
        count("shown", shown)
        if let position = feed.position { (reader.token, reader.place) = (.position(position), feed.place) }
        if let position = feed.position, position != self.position(position.seq) {
            wrong.append("\(position) is not its position")
        }
        switch step {
        case .enough: count(expected.map { $0 - 1 } == feed.position?.seq && shown > 0 ? "enough" : "refused")
        case .paused, .waiting: break
        case .atEnd:
            count("ends")
            if store.position.seq > store.committed { count("uncommitted") }
            return feed.position?.seq == store.committed
        case .failed(let failure): fail(&reader, failure, store)
        }
        return false
    }

    /// Begins again, where it was, or anywhere.
    private mutating func begin(_ reader: inout Reader, _ store: Store) {
        if random.below(4) == 0 {
            let seq = UInt64(random.below(Int(store.committed) + 1))
            reader.place = nil
            reader.token = random.below(2) == 0 ? .seq(seq) : .position(position(seq))
            if random.below(4) == 0 {
                reader.place = store.newestPlace
                reader.token = .position(store.newestPlace.position)
            }
        }
        if reader.place != nil { count("places") }
        reader.feed = store.changes(from: reader.token, at: reader.place)
    }

    private mutating func fail(_ reader: inout Reader, _ failure: FeedFailure, _ store: Store) {
        reader.feed = nil
        switch failure {
        case .removed: count("removed")
        case .compacted(let oldest):
            count("compacted")
            let seq = reader.token.seq
            if oldest != position(oldest.seq) || oldest.seq <= seq {
                wrong.append("\(seq) is compacted up to \(oldest)")
            }
            (reader.token, reader.place) = (.position(oldest), nil)
        case .ahead, .diverged, .disk: wrong.append("\(failure)")
        }
    }
}

extension ChangeCopy {
    fileprivate var isNote: Bool { if case .note = self { true } else { false } }
}

private enum MultiKind { case none, multi, expired }

/// Encodes records.
private final class RecordEncoderBox {
    private var encoder = RecordEncoder()

    /// - Returns: the line without its line feed, and the position after it.
    func record(
        _ changes: [ChangeCopy], _ kind: MultiKind, after position: ChainPosition, timestamp: UInt64
    ) -> ([UInt8], ChainPosition) {
        var line = ByteBuffer()
        var after = position
        switch kind {
        case .none:
            for change in changes {
                visit(change) { after = encoder.append($0, after: position, timestamp: timestamp, to: &line) }
            }
        case .multi: encoder.beginMulti(after: position, timestamp: timestamp, to: &line)
        case .expired: encoder.beginExpired(after: position, timestamp: timestamp, to: &line)
        }
        if kind != .none {
            for (index, change) in changes.enumerated() {
                visit(change) { encoder.append(multiPart: $0, isFirst: index == 0, to: &line) }
            }
            after = encoder.endMulti(from: 0, after: position, to: &line)
        }
        return (Array(line.bytes.extracting(0..<line.count - 1)), after)
    }

    private func visit(_ change: ChangeCopy, _ body: (borrowing Change) -> Void) {
        switch change {
        case .set(let key, let value): body(.set(key: key.span, value: value.span))
        case .setExpiring(let key, let value, let time): body(.set(key: key.span, value: value.span, expires: time))
        case .ttl(let key, let time): body(.ttl(key: key.span, expires: time))
        case .delete(let key): body(.delete(key: key.span))
        case .expired(let key): body(.delete(key: key.span, isExpiry: true))
        case .clear: body(.clear)
        case .note(let path, let value): body(.note(path: path.span, value: value.span))
        }
    }
}
