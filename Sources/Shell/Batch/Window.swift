// How many requests may be on their way at once. A server stops reading requests while a megabyte of its replies has not
// been taken; whoever then still sends, without reading, waits for ever. So requests whose replies may be large are few
// enough to fit into the connection's own buffers, and those with short replies are many.

/// The requests that are not answered yet. Sizes are in bytes.
package struct Window: Sendable {
    /// Requests at once.
    private let limit: Int
    /// Bytes at once of requests with short replies.
    private static let shortSize = 1 << 20
    /// Bytes at once where one of them may have a large reply.
    private static let wideSize = 32 << 10

    package private(set) var count = 0
    private var size = 0
    private var wideCount = 0

    /// Requests at once where their order does not have to be waited for.
    package static let depth = 1024

    package init(limit: Int = Window.depth) { self.limit = limit }

    /// Whether a request may be sent now, or replies have to be taken first. One request alone may always be sent.
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

    /// A request on its way.
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
