// What a repair gives up: the changes from a number on, how many are still readable, and which keys they touch.

import Bytes
import LogFormat
import Store

/// Changes that the log loses in a repair. Their bytes are set aside, not deleted.
package struct LostChanges: Equatable, Sendable {
    package var first: UInt64
    /// The last change known from the files, if the end of the log itself is unreadable.
    package var last: UInt64
    /// Readable records among what is set aside.
    package var readableCount = 0
    /// Keys that readable records change: their number, and some of them, sorted.
    package var keyCount = 0
    package var keys: [[UInt8]] = []
    /// Notes that readable records change, sorted: some of them.
    package var notes: [NoteName] = []
    /// Whether a readable record removes every pair.
    package var hasClear = false

    /// How many keys are named.
    package static let namedKeys = 20

    package var count: UInt64 { last - first + 1 }
}

/// Collects what is lost.
struct LossScan {
    private var loss: LostChanges
    private var keys: Set<[UInt8]> = []
    private var notes: Set<NoteName> = []

    init(from first: UInt64) {
        loss = LostChanges(first: first, last: first)
    }

    /// Records that changes up to `seq` existed.
    mutating func note(_ seq: UInt64) { loss.last = max(loss.last, seq) }

    /// Reads a segment, or the rest of one.
    mutating func read(_ file: any DiskFile, from start: Int, behind number: Int, chain: UInt32?) throws(StoreError) {
        var reader = SalvageReader(file, from: start, behind: number, chain: chain)
        while true {
            switch try reader.next() {
            case .end: return
            case .unsound: continue
            case .sound(.record(let seq, _, _)) where seq >= loss.first:
                note(seq)
                loss.readableCount += 1
                reader.changes { change in
                    switch change.kind {
                    case .clear: loss.hasClear = true
                    case .note: if let name = NoteName(path: Array(change.key)) { notes.insert(name) }
                    case .set, .delete, .ttl: keys.insert(Array(change.key))
                    }
                }
            case .sound(.durable(let seq, _)): note(seq)
            case .sound: continue
            }
        }
    }

    var result: LostChanges {
        var result = loss
        result.keyCount = keys.count
        result.keys = Array(keys.sorted { $0.lexicographicallyPrecedes($1) }.prefix(LostChanges.namedKeys))
        result.notes = Array(notes.sorted().prefix(LostChanges.namedKeys))
        return result
    }
}
