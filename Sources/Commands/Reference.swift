// The tables of docs/protocol.md that are generated from the catalog.

extension Catalog {
    /// Every command as a Markdown table: a row per request, in the order of `HELP`, group by group.
    package static var reference: String {
        var lines = ["", "| request | what it does | category | since |", "|---|---|---|---|"]
        for group in CommandSpec.Group.allCases {
            lines.append("| **\(group.rawValue)** | | | |")
            lines += rows.filter { $0.group == group && $0.isRequest }.map(\.referenceRow)
        }
        return lines.joined(separator: "\n") + "\n\n"
    }
}

extension CommandSpec {
    /// Whether it can be requested without a subcommand.
    fileprivate var isRequest: Bool { Catalog.subcommands(of: command).isEmpty || arity.lowerBound == 0 }

    fileprivate var referenceRow: String {
        let shown = Catalog.subcommands(of: command).isEmpty ? usage : name
        let categories = categories.names.map { "`\($0)`" }.joined(separator: ", ")
        return "| `\(shown.split(separator: "|").joined(separator: "\\|"))` | \(summary) | \(categories) | \(since) |"
    }
}

extension ErrorCode {
    /// Every code as a Markdown table.
    package static var reference: String {
        let rows = allCases.map { code in
            let word = code.isSecondWord ? "\(general.rawValue) \(code.rawValue)" : code.rawValue
            return "| `\(word)` | \(code.meaning) | \(code.raisedBy) |"
        }
        return (["", "| code | what has become of the request | who is answered with it |", "|---|---|---|"] + rows)
            .joined(separator: "\n") + "\n\n"
    }
}
