// The function of each command. Both dialects share it; the reply writer renders the reply for each dialect.

import Commands
import Wire

extension Command {
    /// The function that runs the command. Only its row refers to it.
    var handler: Handler {
        switch self {
        case .get: .read(StringHandlers.get)
        case .set: .write(StringHandlers.set)
        case .mget: .read(StringHandlers.getMany)
        case .mset: .write(StringHandlers.setMany)
        case .msetnx: .write(StringHandlers.setManyNew)
        case .msetex: .write(ExpiryHandlers.setMany)
        case .getset: .write(StringHandlers.exchange)
        case .getdel: .write(StringHandlers.take)
        case .getex: .write(ExpiryHandlers.getAndSet)
        case .setex: .write(ExpiryHandlers.setSeconds)
        case .psetex: .write(ExpiryHandlers.setMilliseconds)
        case .setnx: .write(StringHandlers.setNew)
        case .append: .write(EditHandlers.append)
        case .strlen: .read(EditHandlers.size)
        case .getrange, .substr: .read(EditHandlers.range)
        case .setrange: .write(EditHandlers.setRange)
        case .incr: .write(CounterHandlers.increment)
        case .decr: .write(CounterHandlers.decrement)
        case .incrby: .write(CounterHandlers.incrementBy)
        case .decrby: .write(CounterHandlers.decrementBy)
        case .incrbyfloat: .write(CounterHandlers.incrementByFloat)
        case .setbit: .write(EditHandlers.setBit)
        case .getbit: .read(EditHandlers.getBit)
        case .bitcount: .read(EditHandlers.countBits)
        case .delex: .write(ConditionHandlers.delete)
        case .digest: .read(ConditionHandlers.digest)

        case .del, .delete, .unlink: .write(KeyHandlers.delete)
        case .exists, .touch: .read(KeyHandlers.exists)
        case .type: .read(ValueHandlers.type)
        case .randomkey: .read(KeyHandlers.random)
        case .rename: .write(KeyHandlers.rename)
        case .renamenx: .write(KeyHandlers.renameToNew)
        case .expire: .write(ExpiryHandlers.expire)
        case .pexpire: .write(ExpiryHandlers.expireMilliseconds)
        case .expireat: .write(ExpiryHandlers.expireAt)
        case .pexpireat: .write(ExpiryHandlers.expireAtMilliseconds)
        case .persist: .write(ExpiryHandlers.persist)
        case .ttl: .read(ExpiryHandlers.seconds)
        case .pttl: .read(ExpiryHandlers.milliseconds)
        case .expiretime: .read(ExpiryHandlers.unixSeconds)
        case .pexpiretime: .read(ExpiryHandlers.unixMilliseconds)
        case .copy: .write(KeyHandlers.copy)
        case .objectEncoding: .read(ValueHandlers.encoding)
        case .objectRefcount: .read(ValueHandlers.referenceCount)
        case .memoryUsage: .read(ValueHandlers.memory)
        case .keys: .read(KeyHandlers.keys)
        case .scan: .read(KeyHandlers.scan)
        case .range: .read(RangeHandlers.range)
        case .dbsize, .count: .read(KeyHandlers.count)
        case .flushall, .flushdb: .write(KeyHandlers.clear)

        case .ping: .read(ConnectionHandlers.ping)
        case .echo: .read(ConnectionHandlers.echo)
        case .quit: .read(ConnectionHandlers.quit)
        case .select: .read(ConnectionHandlers.select)
        case .hello: .read(ConnectionHandlers.hello)
        case .acl, .client, .config, .follower, .function, .memory, .object, .script, .slowlog: .read(runSubcommand)
        case .clientID: .read(ConnectionHandlers.number)
        case .clientGetName: .read(ConnectionHandlers.name)
        case .clientSetName: .read(ConnectionHandlers.setName)
        case .clientSetInfo: .read(ConnectionHandlers.setInformation)
        case .reset: .read(ConnectionHandlers.reset)
        case .auth: .read(ConnectionHandlers.authenticate)
        case .clientReply: .read(ConnectionHandlers.setReplies)
        case .clientNoEvict: .read(ConnectionHandlers.setEviction)
        case .clientInfo: .read(ClientListHandlers.own)
        case .clientList: .read(ClientListHandlers.list)
        case .clientKill: .read(ClientListHandlers.kill)

        case .multi: .read(TransactionHandlers.begin)
        case .exec: .read(TransactionHandlers.execute)
        case .discard: .read(TransactionHandlers.discard)
        case .watch: .read(TransactionHandlers.watch)
        case .unwatch: .read(TransactionHandlers.unwatch)

        case .help: .read(DescriptionHandlers.help)
        case .stats: .read(ServerHandlers.statistics)
        case .time: .read(ServerHandlers.time)
        case .info: .read(ServerHandlers.information)
        case .configGet: .read(ServerHandlers.settings)
        case .command: .read(DescriptionHandlers.commands)
        case .commandCount: .read(DescriptionHandlers.count)
        case .commandInfo: .read(DescriptionHandlers.information)
        case .commandDocs: .read(DescriptionHandlers.documentation)
        case .commandList: .read(DescriptionHandlers.names)
        case .commandGetKeys: .read(DescriptionHandlers.keys)
        case .functionFlush: .read(ServerHandlers.flushFunctions)
        case .configSet: .read(ServerHandlers.changeSettings)
        case .configResetStat: .read(ServerHandlers.resetStatistics)

        case .eval: .write(ScriptHandlers.evaluate)
        case .evalsha: .write(ScriptHandlers.evaluateByDigest)
        case .scriptLoad: .read(ScriptHandlers.load)
        case .scriptExists: .read(ScriptHandlers.exist)
        case .scriptFlush: .read(ScriptHandlers.flush)

        case .debug: .read(DebugHandlers.run)
        case .debugDigest: .read(DebugHandlers.digest)
        case .debugDigestValue: .read(DebugHandlers.digestValues)
        case .debugLoadAOF: .read(DebugHandlers.loadLog)
        case .debugLog: .read(DebugHandlers.log)
        case .debugProtocol: .read(DebugHandlers.showType)
        case .debugReload: .read(DebugHandlers.reload)
        case .debugSetActiveExpire: .read(DebugHandlers.setExpiry)
        case .debugSleep: .read(DebugHandlers.sleep)

        case .compact: .read(CompactionHandlers.compact)
        case .bgrewriteaof: .read(CompactionHandlers.rewrite)
        case .bgsave: .read(CompactionHandlers.save)
        case .save: .read(CompactionHandlers.saveAndWait)
        case .lastsave: .read(CompactionHandlers.lastTime)

        case .shutdown: .read(ServerHandlers.shutDown)

        case .aclWhoAmI: .read(UserHandlers.whoAmI)
        case .aclList: .read(UserHandlers.list)
        case .aclUsers: .read(UserHandlers.names)
        case .aclGetUser: .read(UserHandlers.show)
        case .aclSetUser: .read(UserHandlers.set)
        case .aclDelUser: .read(UserHandlers.remove)
        case .aclRole: .read(UserHandlers.role)
        case .aclToken: .read(UserHandlers.token)
        case .aclCat: .read(UserHandlers.categories)
        case .aclDryRun: .read(UserHandlers.dryRun)
        case .aclGenPass: .read(UserHandlers.generate)
        case .aclLog: .read(UserHandlers.refusals)
        case .aclSave: .read(UserHandlers.save)
        case .aclLoad: .read(UserHandlers.load)

        case .prove: .read(LinkProofHandlers.prove)
        case .replicate: .read(ReplicationHandlers.replicate)
        case .role: .read(ReplicationHandlers.role)
        case .promote: .read(ReplicationHandlers.promote)
        case .demote: .read(ReplicationHandlers.demote)
        case .follow: .read(ReplicationHandlers.follow)
        case .followerAdd: .read(ReplicationHandlers.addFollower)
        case .followerRemove: .read(ReplicationHandlers.removeFollower)
        case .handover: .read(ReplicationHandlers.handOver)
        case .wait: .read(ReplicationHandlers.wait)
        case .waitaof: .read(ReplicationHandlers.waitForDisks)
        case .after: .read(ReplicationHandlers.after)
        case .seq: .read(ReplicationHandlers.seq)

        case .changes: .read(ChangeHandlers.changes)
        case .unchanges: .read(ChangeHandlers.end)
        case .hotkeys: .read(HotKeyHandlers.list)

        case .slowlogGet: .read(SlowLogHandlers.list)
        case .slowlogLen: .read(SlowLogHandlers.count)
        case .slowlogReset: .read(SlowLogHandlers.reset)
        case .aclHelp, .clientHelp, .commandHelp, .configHelp, .debugHelp, .memoryHelp, .objectHelp, .scriptHelp,
            .slowlogHelp:
            .read(DescriptionHandlers.subcommandHelp)
        }
    }
}

/// Runs a request by the row of its subcommand, with the same checks as any other. The command's arity requires one.
func runSubcommand(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let commands = session.commands
    guard let command = commands.index(of: arguments[0]) else { return replies.fail(.syntax) }
    guard let row = commands.subcommand(arguments[1], of: command) else {
        let name = commands.spec(command).name
        return replies.fail(.unknownSubcommand(name, arguments[1], echoSize: session.server.limits.echoSize))
    }
    session.runSubcommand(row, arguments, &replies)
}
