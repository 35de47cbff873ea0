// What each command does: one function a command. Both dialects share it; the reply writer puts the answer in the words of each.

import Commands
import Wire

/// Runs a request and writes its reply, or has it written later.
typealias Handler = @Sendable (Arguments, Session, inout ReplyQueue) -> Void

extension Command {
    /// What runs it.
    var handler: Handler {
        switch self {
        case .get: StringHandlers.get
        case .set: StringHandlers.set
        case .mget: StringHandlers.getMany
        case .mset: StringHandlers.setMany

        case .del, .delete: KeyHandlers.delete
        case .exists: KeyHandlers.exists
        case .keys: KeyHandlers.keys
        case .scan: KeyHandlers.scan
        case .dbsize, .count: KeyHandlers.count
        case .flushall, .flushdb: KeyHandlers.clear

        case .ping: ConnectionHandlers.ping
        case .echo: ConnectionHandlers.echo
        case .quit: ConnectionHandlers.quit
        case .select: ConnectionHandlers.select
        case .hello: ConnectionHandlers.hello
        case .client, .config, .follower, .slowlog: runSubcommand
        case .clientID: ConnectionHandlers.number
        case .clientGetName: ConnectionHandlers.name
        case .clientSetName: ConnectionHandlers.setName
        case .clientSetInfo: ConnectionHandlers.setInformation

        case .help: DescriptionHandlers.help
        case .stats: ServerHandlers.statistics
        case .time: ServerHandlers.time
        case .info: ServerHandlers.information
        case .configGet: ServerHandlers.settings
        case .command: DescriptionHandlers.commands
        case .commandCount: DescriptionHandlers.count
        case .commandInfo: DescriptionHandlers.information
        case .commandDocs: DescriptionHandlers.documentation

        case .compact: CompactionHandlers.compact
        case .bgrewriteaof: CompactionHandlers.rewrite
        case .bgsave: CompactionHandlers.save
        case .lastsave: CompactionHandlers.lastTime

        case .replicate: ReplicationHandlers.replicate
        case .role: ReplicationHandlers.role
        case .promote: ReplicationHandlers.promote
        case .demote: ReplicationHandlers.demote
        case .follow: ReplicationHandlers.follow
        case .followerAdd: ReplicationHandlers.addFollower
        case .followerRemove: ReplicationHandlers.removeFollower
        case .handover: ReplicationHandlers.handOver
        case .wait: ReplicationHandlers.wait
        case .waitaof: ReplicationHandlers.waitForDisks
        case .after: ReplicationHandlers.after
        case .seq: ReplicationHandlers.seq

        case .slowlogGet: SlowLogHandlers.list
        case .slowlogLen: SlowLogHandlers.count
        case .slowlogReset: SlowLogHandlers.reset
        case .slowlogHelp: SlowLogHandlers.help
        }
    }
}

/// Runs a request by the row of its subcommand, through the same checks as any other. Its command's arity asks for one.
func runSubcommand(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let commands = session.commands
    guard let command = commands.index(of: arguments[0]) else { return replies.fail(.syntax) }
    guard let row = commands.subcommand(arguments[1], of: command) else {
        let name = commands.spec(command).name
        return replies.fail(.unknownSubcommand(name, arguments[1], echoSize: session.server.limits.echoSize))
    }
    session.runSubcommand(commands.rows[row], arguments, &replies)
}
