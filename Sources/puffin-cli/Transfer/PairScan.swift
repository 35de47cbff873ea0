// Every pair of a server: SCAN, and the values of the keys that it returns, in a pipeline.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

/// Walks over a server's pairs. A key that exists throughout is visited at least once, and maybe twice.
final class PairScan {
    private let link: ServerLink
    private let pattern: [UInt8]?
    private let clock: Clock?
    private let found: (TransferPair) throws -> Void
    private let refused: ([UInt8], Reply) throws -> Void
    /// The value whose expiry is requested next.
    private var value: [UInt8]?
    /// The server's clock when last read, in Unix milliseconds.
    private var time = 0
    private var pipeline: Pipeline<Question>?

    /// How a server says when a key expires.
    private enum Clock: String {
        case unixTime = "PEXPIRETIME"
        /// Before Redis 7.
        case timeToLive = "PTTL"
    }

    private enum Question {
        case value([UInt8])
        case expiry([UInt8])
    }

    /// - Parameters:
    ///   - pattern: which keys; nil for all.
    ///   - found: called for each pair.
    ///   - refused: called for each key whose value the server does not return, such as a list's.
    init(
        over link: ServerLink, matching pattern: [UInt8]?, found: @escaping (TransferPair) throws -> Void,
        refused: @escaping ([UInt8], Reply) throws -> Void
    ) throws {
        self.link = link
        self.pattern = pattern
        self.found = found
        self.refused = refused
        clock = try link.knows("PEXPIRETIME") ? .unixTime : link.knows("PTTL") ? .timeToLive : nil
        pipeline = Pipeline(over: link) { [unowned self] question, reply in try answered(question, reply) }
    }

    /// - Throws: `ClientError`, an `ExitCode` if the server refuses, or what the callbacks throw.
    func run() throws {
        var walk = KeyWalk(over: link, matching: pattern)
        while let keys = try walk.next() {
            if clock == .timeToLive { try look() }
            for key in keys { try ask(key) }
            try pipeline?.drain()
        }
    }

    private func ask(_ key: [UInt8]) throws {
        try pipeline?.send([Array("GET".utf8), key], tag: .value(key), isWide: true)
        if let clock { try pipeline?.send([Array(clock.rawValue.utf8), key], tag: .expiry(key), isWide: false) }
    }

    private func answered(_ question: Question, _ reply: Reply) throws {
        switch (question, reply) {
        case (.value(let key), .bulk(let bytes)):
            if clock != nil { value = bytes } else { try found(TransferPair(key: key, value: bytes)) }
        // The key was removed meanwhile.
        case (.value, .null): value = nil
        case (.value(let key), _):
            value = nil
            try refused(key, reply)
        case (.expiry(let key), .integer(let left)):
            // Below -1 it has just expired.
            guard let value, left >= -1 else { return }
            let largest = Int(Number.largest)
            // `time` is 0 where the server says when, and not how long.
            let expires = min(time + min(left, largest), largest)
            try found(TransferPair(key: key, value: value, expires: left < 0 ? nil : expires))
        case (.expiry, _):
            let text = Outcome(reply, spec: nil, arguments: []).errorText
            throw serverError("\(link.endpoint): \(text ?? "\(clock?.rawValue ?? "") was answered with \(reply)")")
        }
    }

    private func look() throws {
        let allowed = 0...Int(Number.largest) / 1000
        guard case .array(let parts) = try link.execute("TIME"), parts.count == 2, let seconds = Int(parts[0].word),
            let microseconds = Int(parts[1].word), allowed.contains(seconds), (0..<1_000_000).contains(microseconds)
        else { return }
        time = seconds * 1000 + microseconds / 1000
    }
}
