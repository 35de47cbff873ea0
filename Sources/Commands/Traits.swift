// What the server, clients and tools have to know of a command before they run, send or repeat it.

/// Properties of a command. Each is read by some program.
@frozen public struct Traits: OptionSet, Sendable {
    public let rawValue: UInt32

    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reads or changes pairs: it is refused while they are loaded.
    @inlinable public static var data: Traits { Traits(rawValue: 1 << 0) }
    /// Changes pairs: it becomes a record of the log, and a follower refuses it.
    @inlinable public static var change: Traits { Traits(rawValue: 1 << 1) }
    /// Removes pairs and never adds any: it may use what a full disk or memory holds back.
    @inlinable public static var shrink: Traits { Traits(rawValue: 1 << 2) }
    /// Each of its keys is followed by a value that the key gets, so that the memory limit has a say.
    @inlinable public static var storesValues: Traits { Traits(rawValue: 1 << 3) }
    /// Removes every pair: people are asked before.
    @inlinable public static var clears: Traits { Traits(rawValue: 1 << 4) }
    /// May be answered in a later turn, and holds up what is behind it on its connection until then.
    @inlinable public static var later: Traits { Traits(rawValue: 1 << 5) }
    /// Has an effect other than on pairs: on what the server does, is, or notes. Sending it twice may do it twice.
    @inlinable public static var effect: Traits { Traits(rawValue: 1 << 6) }
    /// Its reply holds for the server that sends it only: a follower's is no substitute.
    @inlinable public static var local: Traits { Traits(rawValue: 1 << 7) }
    /// Reads or changes the state of its connection. Connections that several callers share refuse it.
    @inlinable public static var connection: Traits { Traits(rawValue: 1 << 8) }
    /// Its connection no longer carries requests and replies afterwards. Connections that several callers share refuse it.
    @inlinable public static var takesConnection: Traits { Traits(rawValue: 1 << 9) }
    /// For administrators: answered also on a connection beyond the limit of clients. It neither reads nor changes pairs, nor
    /// waits for as long as a client likes.
    @inlinable public static var urgent: Traits { Traits(rawValue: 1 << 10) }
    /// Run only for clients on the server's own machine, as long as there are no users with rights.
    @inlinable public static var loopback: Traits { Traits(rawValue: 1 << 12) }
    /// For Redis clients, or for servers among themselves: help for people need not show it.
    @inlinable public static var hidden: Traits { Traits(rawValue: 1 << 11) }
}

/// What access rules are about, by Redis' names. Each command has at least one: a `CommandSpec` without does not compile.
package struct Categories: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reads pairs.
    package static let read = Categories(rawValue: 1 << 0)
    /// Changes pairs.
    package static let write = Categories(rawValue: 1 << 1)
    /// Is about the connection, or about nothing at all.
    package static let connection = Categories(rawValue: 1 << 2)
    /// Is about the server.
    package static let admin = Categories(rawValue: 1 << 3)

    private static let names = ["@read", "@write", "@connection", "@admin"]

    /// The categories' names, each with its `@`.
    package var names: [String] {
        Categories.names.indices.filter { rawValue & (1 << UInt32($0)) != 0 }.map { Categories.names[$0] }
    }
}
