// The commands as an enum: a `switch` over it that omits one does not compile.

/// A command or subcommand: a row of the catalog. The order is that of `HELP` and `COMMAND`; subcommands follow their
/// command.
package enum Command: UInt8, CaseIterable, Sendable {
    case get, set, mget, mset, msetnx, msetex
    case getset, getdel, getex, setnx, setex, psetex, append, strlen, getrange, substr, setrange
    case incr, decr, incrby, decrby, incrbyfloat
    case setbit, getbit, bitcount
    case delex, digest
    case del, delete, unlink, exists, touch, type, keys, scan, range, randomkey, rename, renamenx, copy
    case expire, pexpire, expireat, pexpireat, persist, ttl, pttl, expiretime, pexpiretime
    case dbsize, count, flushall, flushdb
    case object, objectEncoding, objectRefcount, objectHelp
    case memory, memoryUsage, memoryHelp
    case ping, echo, quit, reset, select, hello, auth
    case acl, aclWhoAmI, aclList, aclUsers, aclGetUser, aclSetUser, aclDelUser, aclRole, aclToken, aclCat, aclDryRun
    case aclGenPass, aclLog, aclSave, aclLoad, aclHelp
    case client, clientID, clientGetName, clientSetName, clientSetInfo, clientInfo, clientList, clientKill, clientReply
    case clientNoEvict, clientHelp
    case multi, exec, discard, watch, unwatch
    case help, stats, time, info
    case config, configGet, configSet, configResetStat, configHelp
    case command, commandCount, commandInfo, commandDocs, commandList, commandGetKeys, commandHelp
    case eval, evalsha, script, scriptLoad, scriptExists, scriptFlush, scriptHelp
    case function, functionFlush
    case debug, debugDigest, debugDigestValue, debugLoadAOF, debugLog, debugProtocol, debugReload, debugSetActiveExpire,
        debugSleep
    case debugHelp
    case compact, bgrewriteaof, bgsave, save, lastsave, shutdown
    case prove, replicate, role, promote, demote, follow
    case follower, followerAdd, followerRemove
    case handover, wait, waitaof, after, seq
    case changes, unchanges
    case hotkeys
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
