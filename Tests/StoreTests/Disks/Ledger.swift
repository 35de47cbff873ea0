// What a store was asked to do and what it has acknowledged: the standard for any start after any accident.

import LogFormat
import Store

/// The pairs after each change, and how far they must be there.
struct Ledger {
    /// By the number of the change.
    private var states: [[[UInt8]: [UInt8]]] = [[:]]
    private var positions: [ChainPosition] = [.start]
    /// The last change that must survive any accident.
    private(set) var sure: UInt64 = 0

    /// The pairs after the newest change.
    var pairs: [[UInt8]: [UInt8]] { states[states.count - 1] }

    /// The newest change.
    var position: ChainPosition { positions[positions.count - 1] }

    /// Notes a change: the pairs after it, and what the store calls it.
    mutating func note(_ pairs: [[UInt8]: [UInt8]], _ position: ChainPosition) {
        states.append(pairs)
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
        positions.removeLast(positions.count - 1 - Int(sure))
    }

    /// What is wrong after a start: nil if everything that was acknowledged is there, nothing that never was, and all
    /// of it is sound.
    func problem(in opened: OpenedStore) -> String? {
        let position = opened.store.position
        if position.seq < sure { return "\(sure) was answered for, \(position.seq) came back" }
        guard position.seq < states.count else { return "\(position.seq) came back, \(states.count - 1) was the last" }
        if position != positions[Int(position.seq)] { return "\(position) came back, which never was" }
        if opened.pairs != states[Int(position.seq)] { return "the pairs are not those of \(position.seq)" }
        let problems = opened.store.check()
        return problems.isEmpty ? nil : problems.joined(separator: "; ")
    }
}
