// The parts of docs/protocol.md and docs/commands.md that are generated from the catalog, and HELP of one command.

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

    /// Every command in detail, as Markdown: a section per request, in the order of `HELP`, group by group.
    package static var manual: String {
        var lines: [String] = []
        for group in CommandSpec.Group.allCases {
            lines += ["", "## \(group.rawValue.prefix(1).uppercased() + group.rawValue.dropFirst())"]
            for spec in rows where spec.group == group && spec.isRequest { lines += spec.section }
        }
        return lines.joined(separator: "\n") + "\n\n"
    }
}

extension CommandSpec {
    /// The details of a command, each with its name. `errors` and `line` only if there are any.
    package var details: [(name: String, text: String)] {
        var details = [
            ("complexity", complexity), ("since", since), ("categories", categories.names.joined(separator: " ")),
        ]
        if !replies.isEmpty { details.append(("answers", replies)) }
        if let errors { details.append(("errors", errors)) }
        let words = traits.words
        if !words.isEmpty { details.append(("flags", words.joined(separator: "; "))) }
        return details
    }

    /// What HELP of the command answers, a text per line; its subcommands follow.
    package var help: [String] {
        let shown = Catalog.subcommands(of: command).filter { !$0.traits.contains(.hidden) }
        return [usage, summary] + (lineUsage == usage ? [] : ["in a line: " + lineUsage])
            + details.map { "\($0.name): \($0.text.split(separator: "`", omittingEmptySubsequences: false).joined())" }
            + shown.map { $0.usage + "  " + $0.summary }
    }

    fileprivate var section: [String] {
        var lines = [
            "", "### \(fullName)", "", "`\(Catalog.subcommands(of: command).isEmpty ? usage : name)`", "", summary, "",
        ]
        if lineUsage != usage, Catalog.subcommands(of: command).isEmpty { lines.append("- in a line: `\(lineUsage)`") }
        for (name, text) in details { lines.append("- \(name): \(text)") }
        return lines
    }

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
