// Pairs in the order of their keys, a page at a time: RANGE as a sequence.

/// Keys that follow each other in byte order: for ``Client/pairs(in:reversed:batch:)`` and ``Client/keys(in:reversed:limit:)``.
public struct KeyRange: Equatable, Sendable {
    /// As the request has it: `PREFIX` and the prefix, for instance.
    let words: [[UInt8]]

    private init(_ words: [[UInt8]]) { self.words = words }

    /// Every key.
    public static let all = prefix("")

    /// The keys that begin with these bytes.
    public static func prefix(_ prefix: some ByteConvertible) -> Self {
        Self(["PREFIX".puffinBytes, prefix.puffinBytes])
    }

    /// The keys from `first` on.
    public static func from(_ first: some ByteConvertible) -> Self { Self(["FROM".puffinBytes, first.puffinBytes]) }

    /// The keys below `end`.
    public static func below(_ end: some ByteConvertible) -> Self { from("", below: end) }

    /// The keys from `first` on that are below `end`.
    public static func from(_ first: some ByteConvertible, below end: some ByteConvertible) -> Self {
        Self(from(first).words + ["TO".puffinBytes, end.puffinBytes])
    }
}

/// The pairs of a range, as ``Client/pairs(in:reversed:batch:)`` returns them. Each iteration starts over.
public struct PairSequence: AsyncSequence, Sendable {
    public typealias Element = (key: [UInt8], value: [UInt8])
    public typealias Failure = PuffinError

    let client: Client
    let range: KeyRange
    let isReversed: Bool
    let batch: Int

    /// Begins with the first pair.
    public func makeAsyncIterator() -> Iterator { Iterator(pairs: self) }

    /// One iteration over the pairs.
    public struct Iterator: AsyncIteratorProtocol {
        private let pairs: PairSequence
        /// Keys and values in turns, not returned yet.
        private var found: ArraySlice<[UInt8]> = []
        /// The last key of the last page.
        private var last: [UInt8]?
        private var isOver = false

        init(pairs: PairSequence) { self.pairs = pairs }

        /// The next pair; nil after the last.
        /// - Throws: ``PuffinError``, `cancelled` if the task was cancelled. The iteration is over then.
        public mutating func next() async throws(PuffinError) -> Element? { try await next(isolation: nil) }

        /// The next pair; nil after the last.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(PuffinError) -> Element? {
            if found.isEmpty, !isOver {
                // Until the reply has come: an error ends the iteration.
                isOver = true
                let page = try await read(isolation: actor)
                isOver = page.count < 2 * pairs.batch
                if page.count > 1 { last = page[page.count - 2] }
                found = page[...]
            }
            guard let key = found.popFirst(), let value = found.popFirst() else { return nil }
            return (key, value)
        }

        private func read(isolation actor: isolated (any Actor)?) async throws(PuffinError) -> [[UInt8]] {
            let request = Client.request(
                pairs.range, isReversed: pairs.isReversed, limit: pairs.batch, after: last, hasValues: true)
            let page = try await pairs.client.list(request)
            guard page.count.isMultiple(of: 2) else {
                throw .unexpected(.array(page.map { RESPValue.bytes($0) }), to: request)
            }
            return page
        }
    }
}

extension Client {
    /// The pairs of a range in the order of their keys, a page at a time (`RANGE`). It needs the server's ordered index
    /// (`storage.index: ordered`).
    ///
    /// Each page is consistent in itself. Between two of them pairs may change: one that exists throughout is returned exactly once.
    /// - Parameters:
    ///   - range: which keys.
    ///   - isReversed: whether the last pair comes first.
    ///   - batch: how many pairs a page has, 10,000 at most. Keys and values of a page must fit into one reply
    ///     (`limits.unsent_size` of the server).
    public func pairs(in range: KeyRange, reversed isReversed: Bool = false, batch: Int = 500) -> PairSequence {
        PairSequence(client: self, range: range, isReversed: isReversed, batch: Swift.max(batch, 1))
    }

    /// Keys of a range in byte order, as of one moment (`RANGE`). It needs the server's ordered index.
    /// - Parameters:
    ///   - range: which keys.
    ///   - isReversed: whether the last key comes first.
    ///   - limit: how many keys are returned at most, up to 10,000.
    public func keys(
        in range: KeyRange, reversed isReversed: Bool = false, limit: Int = 10_000
    ) async throws(PuffinError) -> [[UInt8]] {
        try await list(Client.request(range, isReversed: isReversed, limit: limit))
    }

    fileprivate static func request(
        _ range: KeyRange, isReversed: Bool, limit: Int, after last: [UInt8]? = nil, hasValues: Bool = false
    ) -> [[UInt8]] {
        var request = words("RANGE") + range.words
        if isReversed { request += words("REVERSE") }
        request += words("LIMIT", limit)
        if let last { request += words("AFTER", last) }
        if hasValues { request += words("VALUES") }
        return request
    }
}
