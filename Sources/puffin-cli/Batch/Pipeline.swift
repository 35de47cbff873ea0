// Many requests in flight over one link, and their replies in order. The window bounds the memory.

import BlockingClient
import Shell
import Wire

/// Sends requests, each with a tag that is passed along with its reply.
final class Pipeline<Tag> {
    private let link: ServerLink
    private let answered: (Tag, Reply) throws -> Void
    private var window: Window
    private let limit: Int
    /// The requests in flight, the oldest at `first`.
    private var flights: [(tag: Tag, flight: Window.Flight)] = []
    private var first = 0

    /// Requests are written to the socket in pieces of about this many bytes.
    private static var pieceSize: Int { 16 << 10 }

    /// - Parameters:
    ///   - isStepwise: whether each request is answered before the next is sent.
    ///   - answered: called for each reply, in the order of the requests.
    init(over link: ServerLink, isStepwise: Bool = false, answered: @escaping (Tag, Reply) throws -> Void) {
        self.link = link
        limit = isStepwise ? 1 : Window.depth
        self.answered = answered
        window = Window(limit: limit)
    }

    /// The tag of the request that is answered next; nil if none is in flight.
    var oldest: Tag? { first < flights.count ? flights[first].tag : nil }

    /// Sends a request once there is room for it.
    /// - Parameter isWide: whether its reply may be large.
    /// - Throws: `ClientError`, or what `answered` throws.
    func send(_ arguments: [[UInt8]], tag: Tag, isWide: Bool) throws {
        let flight = Window.Flight(size: arguments.reduce(16) { $0 + $1.count + 16 }, isWide: isWide)
        if !window.takes(flight) {
            try link.flush()
            // Down to half of it, so that the server always has work.
            while window.count > limit / 2 { try receive() }
            while !window.takes(flight) { try receive() }
        }
        window.add(flight)
        flights.append((tag, flight))
        link.put(arguments)
        if limit == 1 { return try drain() }
        if link.unsentSize >= Pipeline.pieceSize { try link.flush() }
    }

    /// Waits for every reply.
    func drain() throws {
        try link.flush()
        while window.count > 0 { try receive() }
    }

    /// After a failed send: takes the replies that arrived nevertheless.
    func salvage() {
        while window.count > 0, (try? receive()) != nil {}
    }

    private func receive() throws {
        let reply = try link.receive()
        let (tag, flight) = flights[first]
        first += 1
        if first >= 1024, first * 2 >= flights.count {
            flights.removeFirst(first)
            first = 0
        }
        window.remove(flight)
        try answered(tag, reply)
    }
}
