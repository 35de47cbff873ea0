// What one writer knows about its own keys, which nobody else changes, and what a restarted server must therefore have.
//
// Requests of one connection run in order, and the log keeps that order. So after a crash a writer's pairs are the
// result of its acknowledged changes, followed by a prefix of the others that it sent: none, some or all.

/// An observation that must not happen.
package struct Finding: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// Something acknowledged, or shown to a reader, is gone.
        case lost
        /// Something was never sent, or not in this order.
        case wrong
    }

    package let kind: Kind
    /// The key, and what is wrong with it.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// The ledger of one writer.
package struct Ledger: Sendable {
    private let name: String
    /// The result of the acknowledged changes.
    private var acknowledged: [String: MarkedValue] = [:]
    /// The result of those and the ones in flight.
    private var expected: [String: MarkedValue] = [:]
    private var sent: [MarkedChange] = []
    private var newestAcknowledged = 0
    /// The newest change that was read.
    private var seen = 0

    /// Changes acknowledged, over all crashes.
    package private(set) var acknowledgedCount = 0

    /// - Parameter name: the writer's, for findings.
    package init(name: String) {
        self.name = name
    }

    /// Changes without a reply.
    package var outstanding: Int { sent.count }

    /// Whether a key will exist once everything sent is done.
    package func expects(_ key: String) -> Bool { expected[key] != nil }

    /// Records a change that is sent now. Numbers rise.
    package mutating func send(_ change: MarkedChange) {
        for (key, value) in change.effects { expected[key] = value }
        sent.append(change)
    }

    /// Records the next reply, a line without its line feed.
    /// - Returns: what is wrong with it.
    package mutating func acknowledge(_ reply: String) -> Finding? {
        guard !sent.isEmpty else { return Finding(.wrong, "\(name): a reply to nothing: \(reply)") }
        let change = sent.removeFirst()
        guard reply == change.reply else {
            return Finding(
                .wrong, "\(name): change \(change.number) was answered \(reply), expected \(change.reply)")
        }
        for (key, value) in change.effects { acknowledged[key] = value }
        newestAcknowledged = change.number
        acknowledgedCount += 1
        return nil
    }

    /// Records that a value was read: from then on it must not be undone.
    package mutating func note(seen value: MarkedValue) { seen = max(seen, value.number) }

    /// Compares what a restarted server has with what it must have, and continues from there.
    /// - Parameter found: the value of each existing key of the writer.
    package mutating func compare(with found: [String: [UInt8]]) -> [Finding] {
        var values: [String: MarkedValue] = [:]
        var foreign: [Finding] = []
        for (key, bytes) in found.sorted(by: { $0.key < $1.key }) {
            values[key] = MarkedValue(bytes)
            if values[key] == nil {
                foreign.append(Finding(.wrong, "\(key) has a value that nobody wrote, of \(bytes.count) bytes"))
            }
        }
        var findings = foreign
        if !foreign.isEmpty {
            findings += differences(values, except: Set(found.keys.filter { values[$0] == nil }))
        } else if let newest = newestSurvivor(in: values) {
            if newest < seen { findings.append(Finding(.lost, "\(name): change \(seen) was read, and is gone")) }
        } else {
            findings = differences(values, except: [])
            if findings.isEmpty { findings = [disorder()] }
        }
        acknowledged = values
        expected = values
        sent.removeAll()
        seen = 0
        return findings
    }

    /// The number of the last surviving change, if all before it survive too; nil if no number fits.
    private func newestSurvivor(in found: [String: MarkedValue]) -> Int? {
        var candidate = acknowledged
        var survivor = candidate == found ? newestAcknowledged : nil
        for change in sent {
            for (key, value) in change.effects { candidate[key] = value }
            // The last one that fits: a change without effect fits with and without it.
            if candidate == found { survivor = change.number }
        }
        return survivor
    }

    /// Each key whose value no prefix of changes explains.
    private func differences(_ found: [String: MarkedValue], except foreign: Set<String>) -> [Finding] {
        let keys = Set(found.keys).union(acknowledged.keys).union(sent.flatMap { $0.effects.map(\.key) })
        return keys.subtracting(foreign).sorted().compactMap { key in
            let later = sent.flatMap { change in change.effects.filter { $0.key == key }.map { (change, $0.value) } }
            let allowed = [acknowledged[key]] + later.map(\.1)
            guard !allowed.contains(found[key]) else { return nil }
            let newest = sent.last?.number ?? newestAcknowledged
            let isKnown = found[key].map { value in
                value.number <= newest && !allowed.contains { $0?.number == value.number }
            }
            let text = { (value: MarkedValue?) in value.map { "change \($0.number)" } ?? "nothing" }
            let numbers = later.map { String($0.0.number) }.joined(separator: ", ")
            return Finding(
                isKnown ?? true ? .lost : .wrong,
                "\(key) is \(text(found[key])), was acknowledged as \(text(acknowledged[key])); "
                    + "sent after that: \(numbers.isEmpty ? "nothing" : numbers)")
        }
    }

    private func disorder() -> Finding {
        let numbers = sent.map { String($0.number) }.joined(separator: ", ")
        return Finding(
            .wrong,
            "\(name): of the changes that were on their way (\(numbers)), a later one is there without an earlier")
    }
}
