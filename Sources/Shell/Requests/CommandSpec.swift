// What puffin-cli makes of a command of the catalog: sections of help, checks before a request is sent, and what a request asks for.

import Commands

extension CommandSpec {
    /// A part of the list of commands that people read.
    package struct Section: Sendable {
        package let name: String
        package let commands: [CommandSpec]

        fileprivate init(_ name: String, _ groups: Set<Group>) {
            self.name = name
            commands = Catalog.commands.filter { groups.contains($0.group) }
        }
    }

    /// All commands, as help is divided.
    package static let sections = [
        Section("Data", [.strings, .keys]), Section("Server", [.connection, .server]),
        Section("Replication", [.replication]),
    ]

    package var isHidden: Bool { traits.contains(.hidden) }

    /// The summary, and what puffin-cli does before.
    package var clientSummary: String {
        traits.contains(.clears) ? summary.dropLast() + "; asks for confirmation." : summary
    }

    /// Whether so many words, all names included, can be a request. What only RESP or only a line takes is one: the other is made of
    /// it.
    package func takes(wordCount count: Int) -> Bool {
        let least = min(arity.lowerBound, lineArity.lowerBound)
        return (least...max(arity.upperBound, lineArity.upperBound)).contains(count - nameCount)
    }

    /// The request as RESP wants it: there KEYS needs a pattern.
    package func completed(_ arguments: [[UInt8]]) -> [[UInt8]] {
        command == .keys && arguments.count == 1 ? arguments + [Array("*".utf8)] : arguments
    }

    /// The one key of a request; nil where it has none, or several.
    package func key(of arguments: [[UInt8]]) -> [UInt8]? {
        let places = Array(keys.indices(count: arguments.count))
        return places.count == 1 && places[0] < arguments.count ? arguments[places[0]] : nil
    }

    /// Whether the reply is short however large the data is: then many such requests may be on their way at once.
    package var hasShortReply: Bool { if case .bytes = replyBound { true } else { false } }

    /// Whether the request may be sent over a connection that others use as well.
    package var isShareable: Bool { traits.isDisjoint(with: [.connection, .takesConnection]) }

    /// Whether the last argument is a time in milliseconds that the server is to wait.
    package var endsWithTime: Bool { arguments.hasSuffix("<milliseconds>") || arguments.hasSuffix("[<milliseconds>]") }
}
