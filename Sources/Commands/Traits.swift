// What the server, clients and tools must know about a command before they run, send or retry it.

/// Properties of a command. Each is used by some program.
@frozen public struct Traits: OptionSet, Sendable {
    public let rawValue: UInt32

    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reads or changes pairs: refused while they are loaded.
    @inlinable public static var data: Traits { Traits(rawValue: 1 << 0) }
    /// Changes pairs: it becomes a record of the log, and a follower refuses it.
    @inlinable public static var change: Traits { Traits(rawValue: 1 << 1) }
    /// Removes pairs and never adds any: it may use the reserve of a full disk or memory.
    @inlinable public static var shrink: Traits { Traits(rawValue: 1 << 2) }
    /// Each of its keys is followed by a value to store (see `Keys.valueDistance`), so the memory limit applies.
    @inlinable public static var storesValues: Traits { Traits(rawValue: 1 << 3) }
    /// Removes every pair: tools ask for confirmation.
    @inlinable public static var clears: Traits { Traits(rawValue: 1 << 4) }
    /// May be answered in a later turn, and holds up later requests of its connection until then.
    @inlinable public static var later: Traits { Traits(rawValue: 1 << 5) }
    /// Has an effect other than on pairs: on the server's work, state or records. Sending it twice may do it twice.
    @inlinable public static var effect: Traits { Traits(rawValue: 1 << 6) }
    /// Its reply is about the server that sends it: a follower's is no substitute.
    @inlinable public static var local: Traits { Traits(rawValue: 1 << 7) }
    /// Reads or changes the state of its connection. Connections that several callers share refuse it.
    @inlinable public static var connection: Traits { Traits(rawValue: 1 << 8) }
    /// The connection carries no requests and replies afterwards. Connections that several callers share refuse it.
    @inlinable public static var takesConnection: Traits { Traits(rawValue: 1 << 9) }
    /// For administrators: answered also on connections beyond the limit of clients. It neither reads nor changes
    /// pairs, and does not wait for as long as a client likes.
    @inlinable public static var urgent: Traits { Traits(rawValue: 1 << 10) }
    /// Run only for clients on the server's own machine, as long as there are no users with rights.
    @inlinable public static var loopback: Traits { Traits(rawValue: 1 << 12) }
    /// Refused in a transaction: it may wait, or changes what the transaction itself depends on.
    @inlinable public static var noMulti: Traits { Traits(rawValue: 1 << 13) }
    /// For Redis clients, or between servers: help for people need not show it.
    @inlinable public static var hidden: Traits { Traits(rawValue: 1 << 11) }
}

extension Traits {
    /// What users should know of a command besides its categories, in words.
    package var words: [String] {
        let known: [(Traits, String)] = [
            (.shrink, "allowed when the disk or memory is full"), (.later, "may wait"),
            (.connection, "of one connection: refused by clients that share connections"),
            (.takesConnection, "takes over the connection"), (.noMulti, "refused in a transaction"),
            (.loopback, "for clients on the server's machine only"),
            (.urgent, "answered beyond the limit of connections"), (.local, "about the server that is asked"),
        ]
        return known.filter { contains($0.0) }.map(\.1)
    }
}
