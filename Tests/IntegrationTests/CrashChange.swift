// What the writers of the crash tests change. Every value names the change that made it, so that a value found after a
// crash tells which changes have survived.

import Foundation
import TestSupport

/// A value: the number of the change that made it, and how much stands behind that.
struct MarkedValue: Equatable {
    let number: Int
    let size: Int

    /// One text in three cannot be written in a line of the log as it is, one has bytes that are no text at all.
    private static let fillers = [
        Array("plain ".utf8), Array("\u{1f427}\t\u{e9}\u{e8} \"".utf8), [0xff, 0x0a, 0x00, 0xc3],
    ]

    var bytes: [UInt8] {
        let filler = MarkedValue.fillers[number % 3]
        var bytes = Array("\(number).\(size).".utf8)
        bytes.reserveCapacity(bytes.count + size)
        for index in 0..<size { bytes.append(filler[index % filler.count]) }
        return bytes
    }

    /// Whether it can be written as the rest of a line.
    var isPlain: Bool { number % 3 == 0 }

    init(number: Int, size: Int) {
        self.number = number
        self.size = size
    }

    /// Recognizes a value that a writer has made, each byte of it.
    init?(_ bytes: [UInt8]) {
        let parts = bytes.prefix(40).split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int(String(decoding: parts[0], as: UTF8.self)),
            let size = Int(String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        self.init(number: number, size: size)
        guard self.bytes == bytes else { return nil }
    }
}

/// A request that changes pairs, and the reply that says it is done.
struct CrashChange {
    let number: Int
    /// What becomes of each key; nil where it is removed.
    let effects: [(key: String, value: MarkedValue?)]
    let request: [UInt8]
    let reply: String

    static func set(_ key: String, _ value: MarkedValue, asLine: Bool) -> CrashChange {
        let request =
            asLine && value.isPlain
            ? Array("SET \(key) ".utf8) + value.bytes + [0x0a]
            : array([Array("SET".utf8), Array(key.utf8), value.bytes])
        return CrashChange(
            number: value.number, effects: [(key, value)], request: request,
            reply: asLine && value.isPlain ? "OK" : "+OK\r")
    }

    static func multiSet(_ keys: [String], _ value: MarkedValue) -> CrashChange {
        CrashChange(
            number: value.number, effects: keys.map { ($0, value) },
            request: array([Array("MSET".utf8)] + keys.flatMap { [Array($0.utf8), value.bytes] }), reply: "+OK\r")
    }

    /// - Parameter present: how many of the keys are there.
    static func delete(_ keys: [String], number: Int, present: Int, asLine: Bool) -> CrashChange {
        let isLine = asLine && keys.count == 1
        return CrashChange(
            number: number, effects: keys.map { ($0, nil) },
            request: isLine
                ? Array("DELETE \(keys[0])\n".utf8) : array([Array("DEL".utf8)] + keys.map { Array($0.utf8) }),
            reply: isLine ? present == 1 ? "OK" : "ERROR: Key not found" : ":\(present)\r")
    }

    /// A request of RESP.
    static func array(_ arguments: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(arguments.count)\r\n".utf8)
        for argument in arguments {
            bytes += Array("$\(argument.count)\r\n".utf8)
            bytes += argument
            bytes += [0x0d, 0x0a]
        }
        return bytes
    }
}

/// How much the writers of a crash test do.
struct CrashLoad: Sendable {
    var writers = 4
    var keysPerWriter = 48
    /// Requests of one writer that are on their way at a time.
    var window = 40
    /// Replies after which the server is killed.
    var replies = 20..<400
    /// Most values are up to the first size, one in forty is up to the second.
    var sizes = (usual: 40, rare: 64 << 10)
    /// Options that a cycle's server is started with, in turn.
    var options: [[String]] = [[]]
    /// Whether a client asks for compactions all the time.
    var compacts = false

    /// Values so large that the log begins a new segment in nearly every cycle.
    static let large = CrashLoad(
        writers: 2, keysPerWriter: 5, window: 3, replies: 8..<20, sizes: (4 << 20, 6 << 20))

    /// Small segments, merged and removed all the time.
    static let compacting = CrashLoad(
        keysPerWriter: 200, sizes: (200, 20_000),
        options: [
            ["--segment-size", "16K", "--compact-ratio", "0.2", "--retain-size", "64K"],
            ["--segment-size", "8K", "--compact-ratio", "0", "--retain-size", "0"],
            ["--segment-size", "32K", "--compact-ratio", "0.01", "--retain-size", "1G", "--durability", "interval"],
            ["--segment-size", "4K", "--compact-ratio", "1", "--retain-age", "0"],
        ], compacts: true)
}
