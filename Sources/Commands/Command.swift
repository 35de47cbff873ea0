// The commands as an enum: a `switch` over it that omits one does not compile.

/// A command or subcommand: a row of the catalog. The order is that of `HELP` and `COMMAND`; subcommands follow their
/// command.
package enum Command: UInt8, CaseIterable, Sendable {
    case get, set, mget, mset
    case del, delete, exists, keys, scan, dbsize, count, flushall, flushdb
    case ping, echo, quit, select, hello
    case client, clientID, clientGetName, clientSetName, clientSetInfo
    case help, stats, time, info
    case config, configGet
    case command, commandCount, commandInfo, commandDocs
    case compact, bgrewriteaof, bgsave, lastsave
    case replicate, role, promote, demote, follow
    case follower, followerAdd, followerRemove
    case handover, wait, waitaof, after, seq
    case slowlog, slowlogGet, slowlogLen, slowlogReset, slowlogHelp

    /// The row's index in the catalog.
    package var index: Int { Int(rawValue) }

    /// The command at an index of the catalog.
    package init?(index: Int) {
        guard let value = UInt8(exactly: index) else { return nil }
        self.init(rawValue: value)
    }

    package var spec: CommandSpec { Catalog.rows[index] }
}
