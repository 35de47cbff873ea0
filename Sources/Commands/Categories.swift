// Categories of commands: the words behind the `@` of access rules.

/// Categories for access rules. Each command has at least one: a `CommandSpec` without categories does not compile.
///
/// The first 21 are those of Redis 7.0, in the order of its `ACL CAT`; a command that Redis has is in the same ones
/// there. The others are Puffin's own. `@all` is every command, and no category of its own.
package struct Categories: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    // MARK: Redis' categories

    /// Concerns keys of any type, or all of them.
    package static let keyspace = Categories(rawValue: 1 << 0)
    /// Reads pairs.
    package static let read = Categories(rawValue: 1 << 1)
    /// Changes pairs.
    package static let write = Categories(rawValue: 1 << 2)
    /// Reads or changes a value as a text or a number.
    package static let string = Categories(rawValue: 1 << 7)
    /// Reads or changes bits of a value.
    package static let bitmap = Categories(rawValue: 1 << 8)
    /// Concerns the server as a whole.
    package static let admin = Categories(rawValue: 1 << 13)
    /// Takes constant time, or nearly.
    package static let fast = Categories(rawValue: 1 << 14)
    /// Every command that is not `fast`.
    package static let slow = Categories(rawValue: 1 << 15)
    /// May wait for something else to happen.
    package static let blocking = Categories(rawValue: 1 << 16)
    /// Needs care: it may take long, show much, or stop or empty the server.
    package static let dangerous = Categories(rawValue: 1 << 17)
    /// Concerns the connection, or the commands themselves.
    package static let connection = Categories(rawValue: 1 << 18)
    /// Belongs to a transaction.
    package static let transaction = Categories(rawValue: 1 << 19)
    /// Concerns scripts.
    package static let scripting = Categories(rawValue: 1 << 20)

    // MARK: Puffin's own

    /// Removes every pair.
    package static let clear = Categories(rawValue: 1 << 21)
    /// Shows figures, settings, connections or slow requests.
    package static let monitor = Categories(rawValue: 1 << 22)
    /// Controls the server: snapshots, roles, settings, connections, its end.
    package static let operate = Categories(rawValue: 1 << 23)
    /// Is sent by other servers, or lets one receive all pairs.
    package static let replicate = Categories(rawValue: 1 << 24)
    /// Shows or changes users and roles.
    package static let users = Categories(rawValue: 1 << 25)
    /// Shows what users did.
    package static let audit = Categories(rawValue: 1 << 26)
    /// Shows earlier values.
    package static let history = Categories(rawValue: 1 << 27)
    /// Makes or checks backups.
    package static let backup = Categories(rawValue: 1 << 28)
    /// Concerns the members of a cluster.
    package static let cluster = Categories(rawValue: 1 << 29)

    // MARK: Names

    /// The number of names that Redis has.
    private static let redisCount = 21

    /// All names without the `@`, by bit. Redis' categories of types that Puffin lacks are known and have no commands,
    /// so that rules written for Redis are accepted.
    package static let allNames = [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
        "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
        "clear", "monitor", "operate", "replicate", "users", "audit", "history", "backup", "cluster",
    ]

    /// Redis' categories among these.
    package var ofRedis: Categories { Categories(rawValue: rawValue & (1 << UInt32(Categories.redisCount) - 1)) }

    /// The category with a name.
    /// - Parameter name: without the `@`, in lower case.
    package init?(named name: String) {
        guard let bit = Categories.allNames.firstIndex(of: name) else { return nil }
        self.init(rawValue: 1 << UInt32(bit))
    }

    /// The categories' names, each with its `@`, in the order of `allNames`.
    package var names: [String] {
        Categories.allNames.indices.filter { rawValue & (1 << UInt32($0)) != 0 }.map { "@" + Categories.allNames[$0] }
    }
}

extension Catalog {
    /// The commands and subcommands in a category, in the order of the catalog.
    package static func rows(in category: Categories) -> [CommandSpec] {
        rows.filter { !$0.categories.isDisjoint(with: category) }
    }
}
