// What a user may do, compiled: sessions of a user share one of these, and hold its `free` themselves.

import Bytes
import Commands
import Wire

/// The answer to whether a request may run.
package enum AccessVerdict: Equatable, Sendable {
    case allowed
    /// Nobody has logged in.
    case notLoggedIn
    /// The user may not run this command or subcommand.
    case command(Command)
    /// The user may run the command, but not with the key at this position. The reply does not say whether it exists.
    case key(Command, position: Int)
    /// The user may run the command, but it concerns more pairs than are the user's.
    case reach(Command)
}

/// The rights of a user. They do not change; a change of the user or of a role makes new ones.
///
/// A user has several sets of rules: his own, and one of each role. A request may run if one of them allows the command
/// and everything that it does with its keys.
package final class AccessRights: Sendable {
    /// A set of rules, compiled.
    private struct RuleSet: Sendable {
        let rows: RowSet
        let keys: KeyTable
        /// Whether it allows commands that show the server's figures.
        let isMonitor: Bool

        init(_ rules: Rules) {
            rows = rules.rows
            keys = KeyTable(rules.keys)
            isMonitor = rows.contains(Command.stats.index)
        }
    }

    /// The user; nil if nobody has logged in.
    package let user: UserName?
    /// The commands that may run without a look at their arguments.
    package let free: RowSet
    /// The commands that may run with some arguments.
    package let allowed: RowSet
    private let sets: [RuleSet]
    private let readable: KeyFilter
    /// What each listing command shows, by its row.
    private let filters: [Int: KeyFilter]

    /// Commands that everybody may run: they serve to log in, and to leave.
    package static let always = RowSet([.auth, .hello, .quit, .reset].map(\Command.spec))

    /// Of a server without users: every command, and every key.
    package static let everything = AccessRights(user: .default, [Role.builtIn(known: "admin").rules])
    /// Of a connection that has not logged in: nothing but `always`.
    package static let nobody = AccessRights(user: nil, [])

    /// - Parameter rules: the user's own, and those of each role.
    package init(user: UserName?, _ rules: [Rules]) {
        let sets = rules.map(RuleSet.init).filter { !$0.rows.isEmpty }
        var (free, allowed) = (AccessRights.always, AccessRights.always)
        for spec in Catalog.rows {
            for set in sets where set.rows.contains(spec.command.index) {
                allowed.insert(spec.command.index)
                if AccessRights.isFree(spec, set) { free.insert(spec.command.index) }
            }
        }
        AccessRights.openContainers(&free, &allowed)
        (self.user, self.free, self.allowed, self.sets) = (user, free, allowed, sets)
        let readable = KeyFilter(sets.map(\.keys))
        var filters: [Int: KeyFilter] = [:]
        for spec in Catalog.rows where spec.reach == .listed {
            let listing = sets.filter { $0.rows.contains(spec.command.index) }
            filters[spec.command.index] =
                listing.count == sets.count ? readable : KeyFilter(listing.map(\.keys))
        }
        (self.readable, self.filters) = (readable, filters)
    }

    /// Whether a set of rules allows a command with any arguments.
    private static func isFree(_ spec: CommandSpec, _ set: RuleSet) -> Bool {
        switch spec.reach {
        case .named: set.keys.everywhere.isSuperset(of: spec.keys.widestAccess)
        case .listed: true
        case .counted: set.isMonitor || set.keys.everywhere.contains(.read)
        case .whole(let access): set.keys.everywhere.isSuperset(of: access)
        }
    }

    /// Lets a request reach its subcommand, which is checked for itself. A command that does something without one
    /// needs a look.
    private static func openContainers(_ free: inout RowSet, _ allowed: inout RowSet) {
        for spec in Catalog.rows {
            guard let parent = spec.parent?.spec, allowed.contains(spec.command.index) else { continue }
            allowed.insert(parent.command.index)
            if parent.arity.lowerBound > 0 { free.insert(parent.command.index) }
        }
    }

    // MARK: Requests

    /// Whether a request may run, if `free` does not say so already. A request of a subcommand may be asked about with
    /// its command's row or its own.
    /// - Parameters:
    ///   - row: the index of the command.
    ///   - offset: the position of the command's name; more than 0 if another request contains this one.
    @inline(never)
    package func verdict(_ row: Int, _ arguments: Arguments, at offset: Int = 0) -> AccessVerdict {
        guard let command = Command(index: row) else { preconditionFailure("there is no such row") }
        let spec = AccessRights.subcommand(of: command.spec, arguments, at: offset)
        let index = spec.command.index
        if free.contains(index) { return .allowed }
        guard user != nil else { return .notLoggedIn }
        guard sets.contains(where: { $0.rows.contains(index) }) else { return .command(spec.command) }
        guard spec.reach == .named else { return .reach(spec.command) }
        // A request that does not say where its keys are is refused by its command, by the same function.
        guard let places = spec.keys.indices(in: arguments, names: offset) else { return .allowed }
        let readsToo = spec.keys.readsByOption(in: arguments, at: offset)
        var failed = -1
        for set in sets where set.rows.contains(index) {
            let place = places.first { place in
                !set.keys.access(to: arguments[place + offset]).isSuperset(
                    of: spec.keys.access(at: place, readsToo: readsToo))
            }
            guard let place else { return .allowed }
            failed = max(failed, place)
        }
        return .key(spec.command, position: failed + offset)
    }

    /// The subcommand that a request names, if it has one.
    private static func subcommand(of spec: CommandSpec, _ arguments: Arguments, at offset: Int) -> CommandSpec {
        guard spec.parent == nil, arguments.count > offset + 1 else { return spec }
        return Catalog.subcommand(arguments[offset + 1], of: spec.command) ?? spec
    }

    /// Whether a request may run.
    package func may(_ row: Int, _ arguments: Arguments) -> Bool {
        free.contains(row) && Catalog.subcommands(of: Catalog.rows[row].command).isEmpty
            || verdict(row, arguments) == .allowed
    }

    /// Whether a command may run, its keys aside.
    package func may(_ command: Command) -> Bool {
        AccessRights.always.contains(command.index) || sets.contains { $0.rows.contains(command.index) }
    }

    // MARK: Keys

    /// Whether any of the user's rules allow reading, or changing, a key: for replies that show keys in passing, such as
    /// SLOWLOG's.
    package func may(_ access: KeyAccess, _ key: Span<UInt8>) -> Bool {
        for set in sets where set.keys.access(to: key).isSuperset(of: access) { return true }
        return false
    }

    /// Whether the user may read every key.
    package var mayReadAll: Bool { readable.passesAll }

    /// The keys that any of the user's rules allow to be read.
    package var readableKeys: KeyFilter { readable }

    /// The keys that a listing command may show: those that may be read by a set of rules that allows the command.
    /// - Parameter command: one that reaches `.listed` pairs.
    package func filter(for command: Command) -> KeyFilter {
        guard let filter = filters[command.index] else { preconditionFailure("\(command) lists no keys") }
        return filter
    }
}

extension Role {
    /// A built-in role that is known to be there.
    static func builtIn(known name: String) -> Role {
        guard let role = UserName(name).flatMap(Role.builtIn) else { preconditionFailure("no role \(name)") }
        return role
    }
}
