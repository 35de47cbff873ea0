// Keys, a few at a time: SCAN as a sequence.

/// The keys of a server, as ``Client/scan(matching:batch:)`` returns them. Each iteration starts over.
public struct KeySequence: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = PuffinError

    let client: Client
    let pattern: [UInt8]?
    let batch: Int

    /// Begins with the first key.
    public func makeAsyncIterator() -> Iterator { Iterator(keys: self) }

    /// One iteration over the keys.
    public struct Iterator: AsyncIteratorProtocol {
        private let keys: KeySequence
        private var cursor: [UInt8]? = [UInt8(ascii: "0")]
        private var found: ArraySlice<[UInt8]> = []

        init(keys: KeySequence) { self.keys = keys }

        /// The next key; nil after the last.
        /// - Throws: ``PuffinError``, `cancelled` if the task was cancelled. The iteration is over then.
        public mutating func next() async throws(PuffinError) -> [UInt8]? { try await next(isolation: nil) }

        /// The next key; nil after the last.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(PuffinError) -> [UInt8]? {
            while true {
                if let key = found.popFirst() { return key }
                guard let cursor else { return nil }
                self.cursor = nil
                let (next, keys) = try await read(from: cursor, isolation: actor)
                found = keys[...]
                self.cursor = next == [UInt8(ascii: "0")] ? nil : next
            }
        }

        private func read(
            from cursor: [UInt8], isolation actor: isolated (any Actor)?
        ) async throws(PuffinError) -> (cursor: [UInt8], keys: [[UInt8]]) {
            var request = words("SCAN", cursor)
            if let pattern = keys.pattern { request += words("MATCH") + [pattern] }
            request += words("COUNT", keys.batch)
            let reply = try await keys.client.execute(request)
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].bytes,
                let keys = Client.byteList(parts[1])
            else { throw .unexpected(reply, to: request) }
            return (next, keys)
        }
    }
}
