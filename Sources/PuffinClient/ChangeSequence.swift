// Feeds of changes as sequences.

import Synchronization

extension Client {
    /// The committed changes of all keys with a prefix, in order, from a token on: each at least once, none left out.
    ///
    /// ```swift
    /// for try await change in client.changes(prefix: "user:") {
    ///     if let value = change.value { cache[change.key] = value } else { … }
    ///     save(change.token)
    /// }
    /// ```
    ///
    /// Each iteration has a connection of its own. If it is lost, the iteration connects again, to a follower if the
    /// leader cannot be reached, and continues behind the last change; the server's log keeps what came meanwhile. A slow consumer is
    /// not sent more than it takes. The iteration ends when its task is cancelled or the client is closed.
    /// - Parameters:
    ///   - prefix: the beginning of the keys; empty for all keys.
    ///   - token: a ``Change/token``, or the number that `SEQ` returned; nil for what is changed from now on.
    public func changes(prefix: some ByteConvertible = "", from token: String? = nil) -> ChangeSequence {
        ChangeSequence(client: self, prefix: prefix.puffinBytes, token: token)
    }

    /// A copy of all pairs with a prefix that is kept up to date: the pairs as they are, and again after each change.
    ///
    /// ```swift
    /// for try await settings in client.mirror(prefix: "settings:") { apply(settings) }
    /// ```
    ///
    /// It reads the pairs, then follows their changes from there on; where the server no longer has the next changes, it
    /// reads the pairs again. The elements share their memory until one of them is changed.
    public func mirror(prefix: some ByteConvertible = "") -> MirrorSequence {
        MirrorSequence(client: self, prefix: prefix.puffinBytes)
    }
}

/// The changes of keys with a prefix, as ``Client/changes(prefix:from:)`` returns them.
public struct ChangeSequence: AsyncSequence, Sendable {
    public typealias Element = Change
    public typealias Failure = PuffinError

    let client: Client
    let prefix: [UInt8]
    let token: String?

    /// Begins at the token that the sequence was made with.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// One iteration over the changes.
    public struct Iterator: AsyncIteratorProtocol {
        private let sequence: ChangeSequence
        /// Ends the feed when the last copy of the iterator is gone.
        private var handle: FeedHandle?
        private var hasEnded = false
        private var ready: ArraySlice<Change> = []

        init(_ sequence: ChangeSequence) { self.sequence = sequence }

        /// The next change. Waits for it.
        /// - Returns: nil after an error.
        /// - Throws: ``PuffinError``: `compacted` if the server no longer has the next changes, `diverged` if the token is not of
        ///   the server's history, `cancelled` if the task was cancelled. The iteration is over then.
        public mutating func next() async throws(PuffinError) -> Change? { try await next(isolation: nil) }

        /// The next change. Waits for it.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(PuffinError) -> Change? {
            if let change = ready.popFirst() { return change }
            guard !hasEnded else { return nil }
            do throws(PuffinError) {
                if Task.isCancelled { throw .cancelled }
                ready = try await feed().take(isolation: actor)[...]
            } catch {
                (hasEnded, handle) = (true, nil)
                throw error
            }
            return ready.popFirst()
        }

        /// The feed, begun when it is first needed.
        private mutating func feed() throws(PuffinError) -> ChangeBuffer {
            if let handle { return handle.feed }
            let handle = try sequence.client.follow(sequence.prefix, from: sequence.token)
            self.handle = handle
            return handle.feed
        }
    }
}

/// The pairs with a prefix, again and again, as ``Client/mirror(prefix:)`` returns them.
public struct MirrorSequence: AsyncSequence, Sendable {
    public typealias Element = [[UInt8]: [UInt8]]
    public typealias Failure = PuffinError

    let client: Client
    let prefix: [UInt8]

    /// Begins with the pairs as they are.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// One iteration over the states of the pairs.
    public struct Iterator: AsyncIteratorProtocol {
        private let sequence: MirrorSequence
        private var pairs: [[UInt8]: [UInt8]] = [:]
        private var changes: ChangeSequence.Iterator?
        /// Whether the pairs are those of one moment.
        private var isComplete = false

        init(_ sequence: MirrorSequence) { self.sequence = sequence }

        /// The pairs at first, and then after each change of them.
        /// - Throws: ``PuffinError``. The iteration is over then.
        public mutating func next() async throws(PuffinError) -> [[UInt8]: [UInt8]]? { try await next(isolation: nil) }

        /// The pairs at first, and then after each change of them.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(PuffinError) -> [[UInt8]:
            [UInt8]]?
        {
            while true {
                if changes == nil { try await read(isolation: actor) }
                do throws(PuffinError) {
                    guard let change = try await changes?.next(isolation: actor) else { return nil }
                    if apply(change) { return pairs }
                } catch {
                    guard error.needsReading else { throw error }
                    (changes, isComplete) = (nil, false)
                }
            }
        }

        /// Reads the pairs. What is changed meanwhile comes as changes.
        private mutating func read(isolation actor: isolated (any Actor)?) async throws(PuffinError) {
            let client = sequence.client
            let seq = try await client.executeAtLeader([Array("SEQ".utf8)])
            guard let token = seq.integer else { throw .unexpectedReply(to: "SEQ", seq) }
            pairs = [:]
            var cursor = Array("0".utf8)
            repeat {
                let scan = try await client.executeAtLeader(
                    ["SCAN".utf8, "MATCH".utf8, "COUNT".utf8].map { Array($0) }.interleaved(
                        with: [cursor, Client.pattern(ofPrefix: sequence.prefix), Array("500".utf8)]))
                guard let parts = scan.elements, parts.count == 2, let next = parts[0].bytes,
                    let keys = Client.byteList(parts[1])
                else { throw .unexpectedReply(to: "SCAN", scan) }
                cursor = next
                guard !keys.isEmpty else { continue }
                let values = try await client.executeAtLeader([Array("MGET".utf8)] + keys)
                guard let found = values.elements, found.count == keys.count else {
                    throw .unexpectedReply(to: "MGET", values)
                }
                for (key, value) in zip(keys, found) { pairs[key] = value.bytes }
            } while cursor != Array("0".utf8)
            changes = client.changes(prefix: sequence.prefix, from: "\(token)").makeAsyncIterator()
        }

        /// - Returns: whether the pairs are worth showing.
        private mutating func apply(_ change: Change) -> Bool {
            switch change.effect {
            case .set(let value, _): pairs[change.key] = value
            case .delete, .expired: pairs[change.key] = nil
            case .clear: pairs = [:]
            case .expires: return false
            case .caughtUp:
                defer { isComplete = true }
                return !isComplete
            }
            return isComplete
        }
    }
}

extension [[UInt8]] {
    /// These elements, each followed by one of the others.
    fileprivate func interleaved(with others: [[UInt8]]) -> [[UInt8]] { zip(self, others).flatMap { [$0, $1] } }
}

extension Client {
    /// The pattern of `MATCH` for the keys with a prefix.
    static func pattern(ofPrefix prefix: [UInt8]) -> [UInt8] {
        prefix.flatMap { Array("*?[]\\".utf8).contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] } + [UInt8(ascii: "*")]
    }
}

extension PuffinError {
    /// Whether a copy of the pairs has to be read again.
    fileprivate var needsReading: Bool {
        switch self {
        case .compacted, .diverged: true
        default: false
        }
    }
}

/// Ends a feed when nothing uses it any more.
final class FeedHandle: Sendable {
    let feed: ChangeBuffer

    init(_ feed: ChangeBuffer) { self.feed = feed }

    deinit { feed.abandon() }
}
