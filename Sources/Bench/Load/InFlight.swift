// A connection's unanswered requests, oldest first, which is the order of replies.

/// A request in flight.
package struct InFlightRequest {
    /// Its intended start, in nanoseconds of `MonotonicClock`: in the open loop by the schedule, not when it was sent.
    var start: Int
    var key: Int
    var operation: LoadOperation
    /// The replies that are missing.
    var missing = 1
}

/// A queue of bounded size, which allocates only when it is created.
package struct InFlight: ~Copyable {
    private var slots: [InFlightRequest]
    private var head = 0
    package private(set) var count = 0

    package init(limit: Int) {
        slots = Array(repeating: InFlightRequest(start: 0, key: 0, operation: .get), count: limit)
    }

    var isFull: Bool { count == slots.count }
    var room: Int { slots.count - count }

    /// The oldest request. The queue must not be empty.
    var first: InFlightRequest { slots[head] }

    mutating func append(_ request: InFlightRequest) {
        precondition(!isFull, "more requests than the pipeline holds")
        var index = head &+ count
        if index >= slots.count { index &-= slots.count }
        slots[index] = request
        count &+= 1
    }

    /// Notes that a reply to the oldest request has come that is not its last.
    mutating func noteReply() { slots[head].missing &-= 1 }

    mutating func removeFirst() {
        head &+= 1
        if head == slots.count { head = 0 }
        count &-= 1
    }
}
