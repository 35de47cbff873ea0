// puffin-cli's view of a command of the catalog: sections of help, checks before a request is sent, and properties of a
// request.

import Commands

extension CommandSpec {
    /// A section of the command list in help.
    package struct Section: Sendable {
        package let name: String
        package let commands: [CommandSpec]

        fileprivate init(_ name: String, _ groups: Set<Group>) {
            self.name = name
            commands = Catalog.commands.filter { groups.contains($0.group) }
        }
    }

    /// All commands, by section of help.
    package static let sections = [
        Section("Data", [.strings, .keys]), Section("Server", [.connection, .server]),
        Section("Replication", [.replication]),
    ]

    package var isHidden: Bool { traits.contains(.hidden) }

    /// The summary, with what puffin-cli does first.
    package var clientSummary: String {
        traits.contains(.clears) ? summary.dropLast() + "; asks for confirmation." : summary
    }

    /// Whether this many words, all names included, can be a request. Forms that only RESP or only a line accepts
    /// count, since one is converted to the other.
    package func takes(wordCount count: Int) -> Bool {
        let least = min(arity.lowerBound, lineArity.lowerBound)
        return (least...max(arity.upperBound, lineArity.upperBound)).contains(count - nameCount)
    }

    /// The request for RESP, where KEYS needs a pattern.
    package func completed(_ arguments: [[UInt8]]) -> [[UInt8]] {
        command == .keys && arguments.count == 1 ? arguments + [Array("*".utf8)] : arguments
    }

    /// The one key of a request; nil if it has none, or several.
    package func key(of arguments: [[UInt8]]) -> [UInt8]? {
        let places = Array(keys.indices(count: arguments.count))
        return places.count == 1 && places[0] < arguments.count ? arguments[places[0]] : nil
    }

    /// Whether the reply to a request of this command is short however large the data is, so many such requests may be in flight.
    package func hasShortReply(to request: [[UInt8]]) -> Bool {
        guard case .bytes = replyBound else { return false }
        guard let valueOption else { return true }
        let options = request.dropFirst(nameCount + arity.lowerBound)
        return !options.contains { String(decoding: $0, as: UTF8.self).uppercased() == valueOption }
    }

    /// Whether the request may be sent over a shared connection.
    package var isShareable: Bool { traits.isDisjoint(with: [.connection, .takesConnection]) }

    /// Whether the last argument is the server's waiting time in milliseconds.
    package var endsWithTime: Bool { arguments.hasSuffix("<milliseconds>") || arguments.hasSuffix("[<milliseconds>]") }
}
