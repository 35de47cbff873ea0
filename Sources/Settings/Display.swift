// Output of settings: the table of values in force, the same as YAML (which can be read again) and as JSON, the
// explanation of one setting, and the reference for the documentation.

import Bytes

extension Settings {
    /// Name, value and origin of every setting, in columns.
    package var table: String {
        let rows = schema.settings.map { [$0.name, shown($0), self[$0].origin.description] }
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            padded(row[0], widths[0], left: true) + "  " + padded(row[1], widths[1], left: true) + "  " + row[2] + "\n"
        }.joined()
    }

    /// A configuration file of the values in force; comments name the source of each.
    package var yaml: String {
        schema.sections.map { section in
            "\(section):\n"
                + schema.settings(of: section).map { setting in
                    // A secret stays in its source and is not printed.
                    let line = setting.isSecret ? "# \(setting.key): ***" : "\(setting.key): \(yaml(setting))"
                    return "  \(line)  # \(self[setting].origin)\n"
                }.joined()
        }.joined()
    }

    private func yaml(_ setting: Setting) -> String {
        let values = values(setting).map { value in String(json: .compact) { $0.value(value) } }
        return setting.isList ? "[" + values.joined(separator: ", ") + "]" : values.joined()
    }

    /// One object: each setting's name with value and origin.
    package var json: String {
        String(json: .compact) { json in
            json.object { json in
                for setting in schema.settings {
                    json.member(
                        setting.name,
                        object: { json in
                            let values = setting.isSecret ? [.text("***")] : values(setting)
                            if setting.isList {
                                json.member("value", values)
                            } else {
                                json.member("value", values.first)
                            }
                            json.member("source", self[setting].origin.description)
                        })
                }
            }
        } + "\n"
    }

    private func values(_ setting: Setting) -> [DisplayedValue] {
        self[setting].texts.map { text in
            switch setting.form {
            case .text: .text(text)
            case .number: .number(plainNumber(text))
            case .truth: .truth(setting.truth(text))
            }
        }
    }

    /// Whether the value is the default, whoever set it.
    package func isDefault(_ setting: Setting) -> Bool { self[setting].texts == setting.default }

    /// A value for people.
    package func shown(_ setting: Setting) -> String {
        if setting.isSecret { return "***" }
        let texts = self[setting].texts
        if setting.form == .number { return texts.map(plainNumber).joined(separator: ", ") }
        if texts.isEmpty { return "none" }
        return texts.map { text in isPlain(text) ? text : String(json: .compact) { $0.value(text) } }
            .joined(separator: ", ")
    }

    /// What one setting is, and its current value.
    package func explanation(of setting: Setting) -> String {
        let defaultText = setting.isSecret ? "none" : setting.defaultText
        var variable = setting.environmentName + (setting.isList ? " (separated by commas)" : "")
        if let file = setting.environmentFileName { variable += ", or \(file) with the path of a file that holds it" }
        let several = setting.isList ? " (more than once, or separated by commas)" : ""
        let rows =
            [
                ("default", defaultText), ("allowed", setting.allowedText),
                ("flag", setting.flag.map { "--\($0)" + several } ?? "none: every user of the machine could read it"),
                ("environment", variable),
            ] + (setting.older.map { [("older name", "\($0.name), --\($0.flag)")] } ?? []) + [
                ("file", "\(setting.key): in \(setting.section):"),
                ("changes", setting.isLive ? "live, by SIGHUP" : "with a restart"),
                ("in force", "\(shown(setting)), from: \(self[setting].origin)"),
            ]
        return "\(setting.name)\n\(setting.help)\n\n"
            + rows.map { padded($0.0, 11, left: true) + "  " + $0.1 + "\n" }.joined()
    }
}

extension Setting {
    /// The default for people.
    package var defaultText: String { `default`.isEmpty ? "none" : `default`.joined(separator: ", ") }

    var allowedText: String { isList ? "a list\(mayBeEmpty ? "" : " of one or more"); each \(allowed)" : allowed }

    /// The flag's help: what it does, and which values are allowed.
    package var flagHelp: String {
        let several = isList ? " May be given more than once." : ""
        let rest = isSecret ? "" : " (default: \(defaultText))"
        return help + several + (form == .truth ? "" : " Expects \(allowed).") + rest
    }

    func truth(_ text: String) -> Bool { ValueType<Bool>.truth.read(text) ?? false }
}

extension Schema {
    /// A table per section for docs/configuration.md.
    package var reference: String {
        sections.map { section in
            """
            ### \(section)

            | setting, flag, environment | what it does | default | allowed | changes |
            |---|---|---|---|---|

            """ + settings(of: section).map(row).joined()
        }.joined(separator: "\n")
    }

    private func row(_ setting: Setting) -> String {
        let others = [setting.flag.map { "--\($0)" }, setting.environmentName, setting.environmentFileName]
        let older = setting.older.map { "<br>before: `\($0.name)`, `--\($0.flag)`" } ?? ""
        let names = ([setting.name] + others.compactMap(\.self)).map { "`\($0)`" }.joined(separator: "<br>") + older
        let defaultText = setting.isSecret || setting.default.isEmpty ? "none" : "`\(setting.defaultText)`"
        return
            "| \(names) | \(setting.help) | \(defaultText) | \(setting.allowedText) | \(setting.isLive ? "live" : "restart") |\n"
    }
}

/// A value as files and JSON write it.
private enum DisplayedValue: JSONValue {
    case text(String)
    case number(String)
    case truth(Bool)

    func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.value(text)
        case .number(let digits): json.plain(digits)
        case .truth(let isTrue): json.value(isTrue)
        }
    }
}

/// A number as JSON writes it, without a port's colon and without leading zeros.
private func plainNumber(_ text: String) -> String {
    let digits = text.first == ":" ? String(text.dropFirst()) : text
    return Int(digits).map(String.init) ?? Double(digits).map { "\($0)" } ?? digits
}

private func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.unicodeScalars.allSatisfy { !$0.steersTerminal && $0 != " " }
}
