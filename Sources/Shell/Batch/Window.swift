// How many requests may be in flight. A server stops reading requests while a megabyte of its replies is not taken; a
// client that keeps sending without reading then waits for ever. So requests with possibly large replies are few enough
// to fit into the connection's buffers, and those with short replies are many.

/// The unanswered requests. Sizes are in bytes.
package struct Window: Sendable {
    /// The largest number of requests in flight.
    private let limit: Int
    /// The largest size of requests in flight with short replies.
    private static let shortSize = 1 << 20
    /// The same if one of them may have a large reply.
    private static let wideSize = 32 << 10

    package private(set) var count = 0
    private var size = 0
    private var wideCount = 0

    /// Requests in flight if their order need not be kept.
    package static let depth = 1024

    package init(limit: Int = Window.depth) { self.limit = limit }

    /// Whether a request may be sent now, before replies are taken. A single request may always be sent.
    package func takes(_ request: Flight) -> Bool {
        guard count > 0 else { return true }
        let isWide = wideCount > 0 || request.isWide
        return count < limit && size + request.size <= (isWide ? Window.wideSize : Window.shortSize)
    }

    package mutating func add(_ request: Flight) {
        count += 1
        size += request.size
        if request.isWide { wideCount += 1 }
    }

    package mutating func remove(_ request: Flight) {
        count -= 1
        size -= request.size
        if request.isWide { wideCount -= 1 }
    }

    /// A request in flight.
    package struct Flight: Sendable {
        package let size: Int
        /// Whether its reply may be large.
        package let isWide: Bool

        package init(size: Int, isWide: Bool) {
            self.size = size
            self.isWide = isWide
        }
    }
}
