// Seeded work for a store that is small in everything, so that a few dozen changes go through many segments, spill
// files and snapshots.

import Bytes
import LogFormat
import Store
import TestSupport
import Testing

extension OpenedStore {
    /// Opens the data set of a disk in memory: small segments, little memory for sorting, no merged segment kept.
    init(
        _ durability: Durability = .always, on disk: any Disk, background: any Background = Threads(),
        reserve: Int = 16 << 10,
        adjust: (inout StoreOptions) -> Void = { _ in }
    ) throws(StoreError) {
        try self.init(
            ModelFiles.parent, durability, segmentSize: 1_500, preallocation: 700, disk: disk, background: background
        ) { options in
            options.layout.reserve = reserve
            options.layout.syncInterval = 900
            options.retention.size = 0
            options.compactionRule.ratio = 0
            options.compaction.sortingSize = 700
            adjust(&options)
        }
    }
}

/// Where the data set of a disk in memory is.
enum ModelFiles {
    static let parent = "/model"
    static let snapshot = "/model/puffin.json"
    static let folder = "/model/puffin.json.log"
    static func segment(_ seq: UInt64) -> String { folder + "/" + LogFiles.name(seq) }
}

/// Makes changes, and records them in a ledger.
struct Workload {
    var random: SeededRandom
    /// Whether some of the changes are of notes.
    var hasNotes = true

    /// Changes something, or finds that there is nothing to delete.
    mutating func change(_ opened: OpenedStore, _ ledger: inout Ledger) {
        var pairs = ledger.pairs
        opened.store.setAuthor(Workload.authors[random.below(Workload.authors.count)])
        switch random.below(100) {
        case 0:
            _ = opened.store.clear()
            pairs = [:]
        case 1..<8: return expire(opened, &ledger)
        case 20..<25 where hasNotes: return changeNote(opened, &ledger)
        case 8..<20:
            opened.store.beginMulti()
            for _ in 0...random.below(4) { changeOne(opened, &pairs) }
            opened.store.endMulti()
        default:
            changeOne(opened, &pairs)
        }
        // A deletion of what is not there is no change.
        if opened.store.position != ledger.position { ledger.note(pairs, opened.store.position) }
    }

    private mutating func changeOne(_ opened: OpenedStore, _ pairs: inout Pairs) {
        let (key, now) = (key(), opened.store.now)
        let isThere = pairs[key]?.isAlive(at: now) ?? false
        let expires = random.below(2) == 0 ? 0 : now + 1 + UInt64(random.below(5_000))
        switch random.below(10) {
        case 0, 1:
            _ = opened.store.delete(key.span)
            if isThere { pairs[key] = nil }
        case 2...3 where isThere:
            opened.store.setExpiry(of: key.span, to: expires)
            pairs[key]?.expires = expires
        default:
            let value = value()
            opened.store.set(key.span, to: value.span, expires: expires)
            pairs[key] = Stored(value: value, expires: expires)
        }
    }

    private static let authors = [.nobody, .nobody, Author("alice"), Author("bob#7"), Author("z\u{fc}\"")].compactMap {
        $0
    }

    /// Sets or removes one of ten notes.
    private mutating func changeNote(_ opened: OpenedStore, _ ledger: inout Ledger) {
        let (kind, name) = (["role", "user"][random.below(2)], "n\(random.below(5))")
        guard let note = NoteName(kind: kind, name: name) else { return }
        var notes = ledger.notes
        let value = random.below(3) == 0 ? nil : "{\"a\":\(random.below(1_000)),\"by\":\"x\"}"
        switch (notes[note] != nil, value) {
        case (true, nil): notes.remove(note)
        case (true, let value?): notes.replace(note, value.bytes)
        case (false, let value?): notes.insert(note, value.bytes)
        case (false, nil): break
        }
        do throws(NoteError) {
            try opened.store.setNote(kind, name, to: value)
        } catch {
            Issue.record("\(error)")
        }
        if opened.store.position != ledger.position { ledger.note(ledger.pairs, opened.store.position, notes: notes) }
    }

    /// Lets time pass to the end of a tick, and removes what has expired: usually in one step.
    private mutating func expire(_ opened: OpenedStore, _ ledger: inout Ledger) {
        opened.store.now = (opened.store.now + UInt64(random.below(5_000))) | 63
        let left = ledger.pairs.alive(at: opened.store.now)
        var positions: [ChainPosition] = []
        var hasMore = true
        while hasMore {
            hasMore = opened.store.removeExpired()
            if opened.store.position != positions.last ?? ledger.position { positions.append(opened.store.position) }
        }
        for (index, position) in positions.enumerated() {
            ledger.note(index == positions.count - 1 ? left : nil, position)
        }
    }

    /// One of forty, a quarter of which are no text.
    private mutating func key() -> [UInt8] {
        let number = random.below(40)
        return number % 4 == 0 ? [0xff, 0x00, UInt8(number)] : "key \"\(number)\"".bytes
    }

    private mutating func value() -> [UInt8] {
        let size = random.below(10) == 0 ? random.below(700) : random.below(60)
        return random.below(4) == 0 ? random.bytes(size) : random.bytes(size, from: "grüße\n\"\\ 0123".bytes)
    }
}
