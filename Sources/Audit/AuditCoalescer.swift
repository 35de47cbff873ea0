// Joins equal events, so that a client that is denied a thousand times a second makes one line a second.

/// Holds `denied`, `refused`, `read` and `write` events for up to a second and counts equal ones. Pure: the caller passes the time.
package struct AuditCoalescer: Sendable {
    private var held: [AuditEvent: UInt64] = [:]
    /// The held events, with their own times, oldest first.
    private var order: [AuditEvent] = []

    /// How long events are held, in milliseconds.
    package static let span: UInt64 = 1000
    /// How many different events are held; a further one releases the oldest.
    package static let limit = 1024

    /// Holds nothing.
    package init() {}

    /// The number of events that are held.
    package var count: Int { order.count }

    /// Whether no event is held.
    package var isEmpty: Bool { order.isEmpty }

    /// When the oldest event is due, in Unix milliseconds; nil if none is held.
    package var due: UInt64? { order.first.map { $0.time + AuditCoalescer.span } }

    /// Takes an event. Equal means all fields but `time` and `count`.
    /// - Returns: the event that is to be written now: itself if its kind is not joined, the oldest one if too many are held.
    package mutating func add(_ event: AuditEvent) -> AuditEvent? {
        guard event.kind.isJoined else { return event }
        var form = event
        (form.time, form.count) = (0, nil)
        if let count = held[form] {
            held[form] = count + (event.count ?? 1)
            return nil
        }
        held[form] = event.count ?? 1
        order.append(event)
        return order.count > AuditCoalescer.limit ? removeFirst() : nil
    }

    /// The events that were first seen a second ago or longer, oldest first, or those of a clock that has moved back.
    package mutating func take(at now: UInt64) -> [AuditEvent] {
        var taken: [AuditEvent] = []
        while let first = order.first, now >= first.time + AuditCoalescer.span || now < first.time {
            taken.append(removeFirst())
        }
        return taken
    }

    /// All events, oldest first: for a stop.
    package mutating func takeAll() -> [AuditEvent] {
        var taken: [AuditEvent] = []
        while !order.isEmpty { taken.append(removeFirst()) }
        return taken
    }

    private mutating func removeFirst() -> AuditEvent {
        var event = order.removeFirst()
        var form = event
        (form.time, form.count) = (0, nil)
        event.count = held.removeValue(forKey: form)
        return event
    }
}

extension AuditEvent.Kind {
    /// Whether equal events within a second are one line: clients can cause any number of them.
    fileprivate var isJoined: Bool {
        switch self {
        case .denied, .refused, .read, .write: true
        case .login, .logout, .users, .admin, .clear, .settings, .witness: false
        }
    }
}
