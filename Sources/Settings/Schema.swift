// All settings of a program, and lookups by the names that people write.

/// The settings of a program, in the order of their listings.
package struct Schema: Sendable {
    package let settings: [Setting]
    private let byName: [String: Setting]

    package init(_ settings: [Setting]) {
        self.settings = settings
        let older = settings.compactMap { setting in setting.older.map { ($0.name, setting) } }
        byName = Dictionary(uniqueKeysWithValues: settings.map { ($0.name, $0) } + older)
    }

    /// The setting with a name, which may be its older one.
    package subscript(name: String) -> Setting? { byName[name] }

    /// Whether settings are in a section, or were.
    func hasSection(_ name: String) -> Bool {
        settings.contains { $0.section == name || $0.older?.section == name }
    }

    /// Section names, each once.
    package var sections: [String] {
        settings.reduce(into: []) { names, setting in
            if names.last != setting.section { names.append(setting.section) }
        }
    }

    /// The settings of a section.
    package func settings(of section: String) -> [Setting] { settings.filter { $0.section == section } }

    /// The setting with this name, flag (with or without dashes) or environment variable.
    package func find(_ text: String) -> Setting? {
        let flag = String(text.drop { $0 == "-" })
        return self[text]
            ?? settings.first { setting in
                [setting.flag, setting.older?.flag].contains(flag)
                    || [setting.environmentName, setting.environmentFileName, setting.older?.environmentName]
                        .contains(text)
            }
    }

    /// The error for an unknown section, with a suggestion.
    func unknown(section name: String) -> String {
        let near = nearest(to: name, of: sections).map { "; did you mean \(quoted($0))?" }
        return "unknown section \(quoted(name))\(near ?? "; the sections are \(sections.joined(separator: ", "))")"
    }

    /// The error for an unknown variable, with a suggestion.
    func unknown(variable name: String) -> String {
        let near = nearest(to: name, of: settings.map(\.environmentName)).map { "; did you mean \($0)?" }
        return "no setting has this name\(near ?? "")"
    }

    /// The error for an unknown name, with a suggestion.
    package func unknown(_ name: String) -> String {
        // The right key may be in the wrong section.
        let key = String(name.drop { $0 != "." }.dropFirst())
        let moved = settings.filter { $0.key == key }.map { quoted($0.name) }
        let near = nearest(to: name, of: settings.map(\.name), part: key).map { [quoted($0)] } ?? moved
        if !near.isEmpty { return "unknown setting \(quoted(name)); did you mean \(near.joined(separator: " or "))?" }
        let section = String(name.prefix { $0 != "." })
        let keys = settings(of: section).map(\.key)
        if keys.isEmpty {
            return "unknown setting \(quoted(name)); the sections are \(sections.joined(separator: ", "))"
        }
        return "unknown setting \(quoted(name)); \(section) has \(keys.joined(separator: ", "))"
    }
}
