// The subcommands of puffin-cli: those of the catalog, some with a form of their own here, and its own.

import ArgumentParser
import Commands
import Shell

/// The subcommands in the order of help.
let subcommandGroups: [CommandGroup] = {
    var groups = CommandSpec.sections.map { section in
        let plain = section.commands.filter { spec in
            // Commands about a connection mean nothing where each command has its own; `help` is puffin-cli's.
            spec.isShareable && spec.command != .help && !formed.values.joined().contains { named($0, spec) }
        }
        return CommandGroup(
            name: section.name, subcommands: formed[section.name, default: []] + plain.map(plainCommand))
    }
    groups.append(CommandGroup(name: "Users", subcommands: [UsersCommand.self]))
    groups.insert(CommandGroup(name: "Files", subcommands: [ImportCommand.self, ExportCommand.self]), at: 1)
    return groups
}()

/// The commands with a form of their own, by section of help.
private let formed: [String: [any ParsableCommand.Type]] = [
    "Data": [
        SetCommand.self, GetCommand.self, DeleteCommand.self, AppendCommand.self, IncrementCommand.self,
        DecrementCommand.self, ExpireCommand.self, RenameCommand.self, CopyCommand.self, ScanCommand.self,
        WatchCommand.self,
        SendCommand.self,
    ],
    "Server": [PingCommand.self, StatsCommand.self, LatencyCommand.self, TopCommand.self],
    "Replication": [
        RoleCommand.self, HandoverCommand.self, PromoteCommand.self, FollowCommand.self, DemoteCommand.self,
    ],
]

/// The names of a subcommand.
func names(of command: any ParsableCommand.Type) -> [String] {
    [command.configuration.commandName ?? ""] + command.configuration.aliases
}

private func named(_ command: any ParsableCommand.Type, _ spec: CommandSpec) -> Bool {
    names(of: command).contains(spec.name.lowercased())
}

private func plainCommand(_ spec: CommandSpec) -> any ParsableCommand.Type {
    func command<Place: RowNumber>(at place: Place.Type) -> any ParsableCommand.Type {
        if spec.traits.contains(.clears) { return ClearingCommand<Place>.self }
        return spec.arguments == "<key>" ? KeyCommand<Place>.self : PlainCommand<Place>.self
    }
    return command(at: number(spec.command.index))
}

// MARK: Numbers as types

/// A number as a type. ArgumentParser distinguishes subcommands by their types, and reads their names from those, so a
/// command of the catalog becomes a type by its index.
protocol RowNumber {
    static var value: Int { get }
}

private enum Zero: RowNumber { static var value: Int { 0 } }
private enum Twice<Half: RowNumber>: RowNumber { static var value: Int { 2 * Half.value } }
private enum Next<Before: RowNumber>: RowNumber { static var value: Int { Before.value + 1 } }

private func number(_ value: Int) -> any RowNumber.Type {
    func twice<Half: RowNumber>(_ half: Half.Type) -> any RowNumber.Type { Twice<Half>.self }
    func next<Before: RowNumber>(_ before: Before.Type) -> any RowNumber.Type { Next<Before>.self }
    if value == 0 { return Zero.self }
    return value.isMultiple(of: 2) ? twice(number(value / 2)) : next(number(value - 1))
}
