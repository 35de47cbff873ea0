// Rules about commands: `+get`, `-config|set`, `+@read`.

import Bytes
import Commands

/// Allows or forbids commands. Of several rules about one command the last counts.
package struct CommandRule: Equatable, Sendable {
    /// The commands that a rule is about.
    package enum Subject: Equatable, Sendable {
        /// Every command, those of later versions included.
        case all
        /// Those in a category.
        case category(Categories)
        /// One, and its subcommands.
        case command(Command)
    }

    /// Whether the commands are allowed; otherwise they are forbidden.
    package let allows: Bool
    /// The commands.
    package let subject: Subject

    /// Why a text is not a rule.
    package enum Flaw: Error, Equatable {
        /// Neither `+` nor `-`, or nothing behind it.
        case syntax
        /// No command, subcommand or category of this server has the name.
        case unknown
        /// `+get|x`: Redis once took `x` for a first argument.
        case firstArgument
    }

    /// - Parameter allows: whether the commands are allowed.
    package init(allows: Bool, _ subject: Subject) { (self.allows, self.subject) = (allows, subject) }

    /// Reads a rule, in any case.
    /// - Parameter word: with its `+` or `-`.
    package init(parsing word: Span<UInt8>) throws(Flaw) {
        guard word.count > 1, word[0] == UInt8(ascii: "+") || word[0] == UInt8(ascii: "-") else { throw .syntax }
        allows = word[0] == UInt8(ascii: "+")
        let isCategory = word[1] == UInt8(ascii: "@")
        let name = String(word.extracting((isCategory ? 2 : 1)...)).lowercased()
        if isCategory {
            if name == "all" {
                subject = .all
            } else {
                guard let category = Categories(named: name) else { throw .unknown }
                subject = .category(category)
            }
            return
        }
        let names = name.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false).map { Array($0.utf8) }
        let first = names[0]
        guard let spec = Catalog.find(first.span) else { throw .unknown }
        guard names.count > 1 else {
            subject = .command(spec.command)
            return
        }
        guard names.count == 2, !Catalog.subcommands(of: spec.command).isEmpty || !allows else { throw .firstArgument }
        let second = names[1]
        guard let subcommand = Catalog.subcommand(second.span, of: spec.command) else { throw .unknown }
        subject = .command(subcommand.command)
    }

    /// The rows that the rule is about.
    package var rows: RowSet {
        switch subject {
        case .all: .all
        case .category(let category): CommandRule.rowsOfCategories[category.rawValue.trailingZeroBitCount]
        case .command(let command): RowSet([command.spec] + Catalog.subcommands(of: command))
        }
    }

    /// The rows of each category, by its bit.
    private static let rowsOfCategories: [RowSet] = Categories.allNames.indices.map {
        RowSet(Catalog.rows(in: Categories(rawValue: 1 << UInt32($0))))
    }

    /// Whether the rule is about a command.
    func isAbout(_ spec: CommandSpec) -> Bool {
        switch subject {
        case .all: true
        case .category(let category): !spec.categories.isDisjoint(with: category)
        case .command(let command): command == spec.command || command == spec.parent
        }
    }

    /// The rule as it is written: `-config|set`.
    package var text: String {
        let name =
            switch subject {
            case .all: "@all"
            case .category(let category): category.names.joined()
            case .command(let command): command.spec.redisName
            }
        return (allows ? "+" : "-") + name
    }

    /// Whether a rule that comes later makes this one superfluous: it is about the same commands, or about the command
    /// of this subcommand.
    func isReplaced(by later: CommandRule) -> Bool {
        if subject == later.subject { return true }
        guard case .command(let command) = subject, case .command(let other) = later.subject else { return false }
        return command.spec.parent == other
    }
}
