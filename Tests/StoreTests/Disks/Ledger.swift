// What a store was asked to do and what it has acknowledged: the standard for any start after any accident.

import LogFormat
import Store

/// A value, and when it expires: Unix milliseconds, 0 for never.
struct Stored: Equatable {
    var value: [UInt8]
    var expires: UInt64

    func isAlive(at time: UInt64) -> Bool { expires == 0 || expires > time }
}

typealias Pairs = [[UInt8]: Stored]

extension Pairs {
    /// Those that have not expired.
    func alive(at time: UInt64) -> Pairs { filter { $0.value.isAlive(at: time) } }
}

extension OpenedStore {
    /// Every pair that has not expired.
    var stored: Pairs {
        var pairs: Pairs = [:]
        _ = store.scan(from: 0, count: .max, buckets: .max) { key in
            let reading = store.getExpiring(key)
            guard let value = reading.value else { return }
            pairs[Array(key)] = Stored(value: Array(value), expires: reading.expires)
        }
        return pairs
    }
}

/// The pairs and notes after each change, and how far they must be there.
struct Ledger {
    /// By the number of the change; nil where only the pairs after a later one are known.
    private var states: [Pairs?] = [[:]]
    private var notesOfStates: [Notes] = [Notes()]
    private var positions: [ChainPosition] = [.start]
    /// The last change that must survive any accident.
    private(set) var sure: UInt64 = 0

    /// The pairs after the newest change.
    var pairs: Pairs { states[states.count - 1] ?? [:] }

    /// The notes after the newest change.
    var notes: Notes { notesOfStates[notesOfStates.count - 1] }

    /// The newest change.
    var position: ChainPosition { positions[positions.count - 1] }

    /// Notes a change: the pairs after it if they are known, and what the store calls it; and the notes, if it is of one.
    mutating func note(_ pairs: Pairs?, _ position: ChainPosition, notes: Notes? = nil) {
        states.append(pairs)
        notesOfStates.append(notes ?? self.notes)
        positions.append(position)
    }

    /// Records what the store has acknowledged: in the default mode what it calls committed, in the others what a sync
    /// has made durable.
    mutating func noteAnswers(of store: Store) {
        sure = max(sure, store.durability == .always ? store.committed : store.durable)
    }

    /// Records that a store has started with what it found, and will continue from there.
    mutating func adopt(_ store: Store) {
        sure = store.position.seq
        states.removeLast(states.count - 1 - Int(sure))
        notesOfStates.removeLast(notesOfStates.count - 1 - Int(sure))
        positions.removeLast(positions.count - 1 - Int(sure))
    }

    /// What is wrong after a start: nil if everything that was acknowledged is there, nothing that never was, and all
    /// of it is sound.
    func problem(in opened: OpenedStore) -> String? {
        let position = opened.store.position
        if position.seq < sure { return "\(sure) was answered for, \(position.seq) came back" }
        guard position.seq < states.count else { return "\(position.seq) came back, \(states.count - 1) was the last" }
        if position != positions[Int(position.seq)] { return "\(position) came back, which never was" }
        if let pairs = states[Int(position.seq)], opened.stored != pairs.alive(at: opened.store.now) {
            return "the pairs are not those of \(position.seq)"
        }
        if opened.store.notes != notesOfStates[Int(position.seq)] {
            return "the notes are not those of \(position.seq)"
        }
        let problems = opened.store.check()
        return problems.isEmpty ? nil : problems.joined(separator: "; ")
    }
}
