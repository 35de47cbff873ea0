// A replication link without a network: the leader's feed fills a wire, a seed says how many bytes of it arrive at a
// time, and the follower handles its lines as a server does. It can be cut at any byte by dropping it.

import Bytes
import Store
import TestSupport
import Testing

/// One connection from a leader to a follower.
final class ReplicaLink {
    enum Outcome: Equatable {
        /// The follower has everything that may be sent, on its disk.
        case caughtUp
        case cut
        case failed(FeedFailure)
    }

    private let leader: OpenedStore
    private let follower: OpenedStore
    private let hello: LeaderHello
    private let feed: LogFeed
    private var random: SeededRandom
    private var wire = ByteBuffer()
    private var input = ByteBuffer()
    private var incoming: IncomingSnapshot?
    /// Whether the follower begins there because the leader lacks some of its changes.
    private let hasDiverged: Bool

    /// What the follower was told to begin with.
    private(set) var start: FeedStart?
    private(set) var heartbeats = 0
    private(set) var byteCount = 0

    init(_ leader: OpenedStore, _ follower: OpenedStore, random: SeededRandom) throws {
        (self.leader, self.follower, self.random) = (leader, follower, random)
        var text = ByteBuffer()
        text.append(leaderHello: leader.store.replicationHello(port: 8080))
        hello = try LeaderHello(ReplicaLink.line(text))
        text.removeAll()
        text.append(followerHello: try follower.store.followerHello())
        let answer = try FollowerHello(ReplicaLink.line(text))
        hasDiverged = hello.history == answer.history && hello.first <= answer.position.seq + 1
        feed = leader.store.feed(for: answer)
    }

    @_lifetime(borrow text)
    private static func line(_ text: borrowing ByteBuffer) -> Span<UInt8> {
        text.bytes.extracting(0..<text.count - 1)
    }

    /// Carries bytes until all have arrived, or `steps` times.
    func run(steps: Int = .max) throws -> Outcome {
        for _ in 0..<steps {
            switch feed.next(&wire, upTo: 1 + random.below(random.below(4) == 0 ? 9_000 : 90)) {
            case .start(let start): wire.append(feedLine: .start(start))
            case .bytes: break
            case .waiting: leader.progress.wait()
            case .failed(let failure): return .failed(failure)
            case .atEnd:
                if wire.isEmpty && input.isEmpty && incoming == nil {
                    #expect(feed.remainingSize == 0)
                    try follower.commit()
                    return .caughtUp
                }
            }
            if feed.isAtLineEnd && start != nil && random.below(20) == 0 {
                wire.append(feedLine: .heartbeat(time: 1_764_000_000_789, seq: feed.newestSeq))
            }
            try deliver(min(wire.count, 1 + random.below(2_000)))
        }
        return .cut
    }

    private func deliver(_ size: Int) throws {
        byteCount += size
        input.append(wire.bytes.extracting(0..<size))
        wire.removeFirst(size)
        while let feed = input.bytes.newline(from: 0) {
            if feed > 0 { try take(Array(input.bytes.extracting(0..<feed))) }
            input.removeFirst(feed + 1)
        }
        if random.below(10) == 0 && incoming == nil && follower.store.isLoaded { try follower.commit() }
    }

    private func take(_ line: [UInt8]) throws {
        let line = line.span
        if let told = try FeedLine(line) {
            switch told {
            case .start(let start): try begin(start)
            case .heartbeat(_, let seq, _):
                heartbeats += 1
                #expect(incoming != nil || seq >= follower.store.position.seq)
            case .promote: Issue.record("nobody is promoted")
            }
        } else if let incoming {
            if try incoming.append(line) { try install(incoming) }
        } else if line.starts(with: "{\"seq\":") {
            try follower.store.applyRecord(line)
        } else {
            #expect(line.starts(with: "{\"durable\":") || line.starts(with: "{\"puffin\":\"log\""))
        }
    }

    private func begin(_ start: FeedStart) throws {
        self.start = start
        let store = follower.store
        switch start {
        case .snapshot(let position): incoming = store.beginSnapshot(at: position, of: hello.history)
        case .continues(let position):
            try follower.commit()
            if store.position != position {
                try store.cutBack(to: position)
                try follower.load()
            }
            if position.seq == 0 && store.history != hello.history {
                try store.adoptHistory(hello.history)
                try follower.load()
            }
            #expect(store.position == position && store.history == hello.history)
        }
    }

    private func install(_ incoming: IncomingSnapshot) throws {
        incoming.finish()
        while incoming.state == .finishing { follower.progress.wait() }
        #expect(incoming.state == .finished && incoming.pendingSize == 0)
        try follower.commit()
        try follower.store.install(incoming, hasDiverged: hasDiverged)
        try follower.load()
        #expect(follower.store.position == incoming.position)
        self.incoming = nil
    }
}

extension OpenedStore {
    /// Loads replaced data again, as a server does a part each turn.
    func load() throws(StoreError) {
        #expect(!store.isLoaded)
        while try store.load(lines: 7) {}
    }
}

/// The records of a log on a model disk.
enum RecordLines {
    static func all(_ disk: ModelDisk) -> [String] {
        let segments = disk.paths.filter { $0.hasPrefix(ModelFiles.folder) && $0.hasSuffix(".jsonl") }
        return segments.flatMap { path in
            let text = String(decoding: disk.content(path) ?? [], as: UTF8.self)
            return text.split(separator: "\n").filter { $0.hasPrefix("{\"seq\":") }.map(String.init)
        }
    }

    /// How two logs differ in the changes that both still have; nil if they do not.
    static func difference(_ first: ModelDisk, _ second: ModelDisk) -> String? {
        let (first, second) = (all(first), all(second))
        for (one, other) in zip(first.reversed(), second.reversed()) where one != other {
            return "\(one) is \(other)"
        }
        return nil
    }
}
