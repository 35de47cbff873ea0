// ACL DRYRUN: whether a user may run a request, without running it.

import Bytes
import Commands
import Wire

/// ACL DRYRUN.
package enum DryRun {
    /// Answers `ACL DRYRUN <user> <request>`.
    /// - Returns: Redis' text: `OK`, or what the user has no right to.
    package static func answer(_ arguments: Arguments, in directory: Directory) throws(ReplyError) -> String {
        let first = 3
        guard let name = UserName(arguments[2]), directory.user(name) != nil else {
            throw ReplyError("User '\(shown(arguments[2]))' not found")
        }
        guard let command = Catalog.find(arguments[first]) else {
            throw ReplyError("Command '\(shown(arguments[first]))' not found")
        }
        let hasSubcommand = arguments.count > first + 1
        let spec = hasSubcommand ? Catalog.subcommand(arguments[first + 1], of: command.command) ?? command : command
        if spec.parent == nil, !Catalog.subcommands(of: spec.command).isEmpty, spec.arity.lowerBound > 0 {
            throw ReplyError("Command '\(shown(arguments[first]))' not found")
        }
        guard spec.arity.contains(arguments.count - first - spec.nameCount) else {
            throw ReplyError("wrong number of arguments for '\(spec.redisName)' command")
        }
        let verdict = directory.rights(of: name).verdict(spec.command.index, arguments, at: first)
        guard case .key(_, let position) = verdict else { return verdict.dryRunText(key: nil) }
        return verdict.dryRunText(key: shown(arguments[position]))
    }

    /// An argument as a text, of 128 bytes at most.
    private static func shown(_ argument: Span<UInt8>) -> String {
        String(argument.extracting(0..<min(argument.count, 128))).terminalSafe
    }
}
