// A client of a server that crashes, and what it knows of its own keys, which nobody else changes.
//
// Requests of one connection are run in their order, and the log keeps that order. So after a crash a writer's pairs are
// what its acknowledged changes made them, followed by the first few of those it had sent: none, some or all.

import Foundation
import TestSupport

/// One writer, over all cycles.
struct CrashWriter {
    private let name: String
    private let load: CrashLoad
    private var random: SeededRandom
    private var stream: ReplyStream?
    private var connection: WireConnection?

    /// What its acknowledged changes have made of its keys; and its sent ones too.
    private var acknowledged: [String: MarkedValue] = [:]
    private var expected: [String: MarkedValue] = [:]
    private var sent: [CrashChange] = []
    private var lastNumber = 0

    private(set) var acknowledgedCount = 0
    /// The newest change that somebody has read.
    private var seen = 0

    var outstanding: Int { sent.count }

    init(_ index: Int, seed: UInt64, load: CrashLoad) {
        name = "w\(index)"
        self.load = load
        random = SeededRandom(seed: seed &* 1000 &+ UInt64(index))
    }

    mutating func connect(to server: ServerProcess) throws {
        let connection = try server.connect()
        self.connection = connection
        stream = ReplyStream(connection)
    }

    func key(_ index: Int) -> String { "\(name):\(index)" }

    // MARK: Writing

    /// Sends a few changes in one piece, as far as the window allows.
    mutating func send() throws {
        var bytes: [UInt8] = []
        let count = min(1 + random.below(load.window), load.window - sent.count)
        for _ in 0..<count {
            let change = nextChange()
            for (key, value) in change.effects { expected[key] = value }
            sent.append(change)
            bytes += change.request
        }
        try connection?.send(bytes)
    }

    private mutating func nextChange() -> CrashChange {
        lastNumber += 1
        let asLine = random.below(2) == 0
        let size = random.below(1 + (random.below(40) == 0 ? load.sizes.rare : load.sizes.usual))
        let value = MarkedValue(number: lastNumber, size: size)
        switch random.below(10) {
        case 0...5: return .set(randomKey(), value, asLine: asLine)
        case 6...7: return .multiSet(randomKeys(), value)
        default:
            let keys = random.below(2) == 0 ? [randomKey()] : randomKeys()
            let present = keys.count { expected[$0] != nil }
            return .delete(keys, number: lastNumber, present: present, asLine: asLine)
        }
    }

    private mutating func randomKey() -> String { key(random.below(load.keysPerWriter)) }

    /// Two to four different keys.
    private mutating func randomKeys() -> [String] {
        let count = 2 + random.below(3)
        return (0..<load.keysPerWriter).shuffled(using: &random).prefix(count).map(key)
    }

    // MARK: Acknowledgements

    /// Takes the next reply, and checks it.
    /// - Returns: false where the connection has ended.
    mutating func receive() throws -> Bool {
        guard let line = try stream?.nextLine() else { return false }
        let change = sent.removeFirst()
        let reply = String(decoding: line, as: UTF8.self)
        guard reply == change.reply else {
            throw WireError(description: "change \(name) \(change.number): \(reply) instead of \(change.reply)")
        }
        for (key, value) in change.effects { acknowledged[key] = value }
        acknowledgedCount += 1
        return true
    }

    /// Notes that a value of this writer was read: from then on it must not be taken back.
    mutating func note(seen value: MarkedValue) { seen = max(seen, value.number) }

    // MARK: After a crash

    /// Compares what the restarted server has with what it must have, and goes on from there.
    /// - Returns: what is wrong with each key whose value must not be what it is.
    mutating func check(_ server: ServerProcess) throws -> [String] {
        let found = try read(server)
        var candidate = acknowledged
        var survived = candidate == found ? 0 : nil as Int?
        for (index, change) in sent.enumerated() {
            for (key, value) in change.effects { candidate[key] = value }
            // The last one that fits: a change without effect fits with and without.
            if candidate == found { survived = index + 1 }
        }
        let lost = survived == nil ? differences(found) : []
        let newest = survived.flatMap { $0 > 0 ? sent[$0 - 1].number : nil } ?? lastNumber - sent.count
        let taken = survived != nil && newest < seen ? ["\(name): change \(seen) was read, and is gone"] : []
        acknowledged = found
        expected = found
        sent.removeAll()
        seen = 0
        return lost + taken
    }

    private func differences(_ found: [String: MarkedValue]) -> [String] {
        let keys = Set(found.keys).union(acknowledged.keys).sorted()
        return keys.filter { found[$0] != acknowledged[$0] }.map { key in
            let text = { (value: MarkedValue?) in value.map { "change \($0.number)" } ?? "nothing" }
            return "\(key) is \(text(found[key])), was acknowledged as \(text(acknowledged[key])); "
                + "sent after that: \(sent.filter { $0.effects.contains { $0.key == key } }.map(\.number))"
        }
    }

    private func read(_ server: ServerProcess) throws -> [String: MarkedValue] {
        let connection = try server.connect()
        var stream = ReplyStream(connection)
        let keys = (0..<load.keysPerWriter).map(key)
        try connection.send(keys.flatMap { CrashChange.array([Array("GET".utf8), Array($0.utf8)]) })
        var found: [String: MarkedValue] = [:]
        for key in keys {
            switch try stream.next() {
            case .missing: break
            case .bulk(let bytes):
                guard let value = MarkedValue(bytes) else {
                    throw WireError(description: "\(key) has a value that nobody wrote, of \(bytes.count) bytes")
                }
                found[key] = value
            case let other: throw WireError(description: "GET \(key): \(String(describing: other))")
            }
        }
        return found
    }
}
