// The origins of values, and the errors in them.

/// The origin of a value.
package enum Origin: Equatable, Sendable, CustomStringConvertible {
    /// A flag, with its dashes.
    case flag(String)
    /// An environment variable.
    case environment(String)
    /// A line of the configuration file, from 1.
    case file(String, line: Int)
    /// A file as a whole, or what names it.
    case place(String)
    /// No source: the default.
    case `default`

    package var description: String {
        switch self {
        case .flag(let name): "flag \(name)"
        case .environment(let name): "environment \(name)"
        case .file(let path, let line): "\(path):\(line)"
        case .place(let name): name
        case .default: "default"
        }
    }

    /// 0 if there is none.
    var line: Int { if case .file(_, let line) = self { line } else { 0 } }

    /// The beginning of an error message.
    var place: String {
        switch self {
        case .flag(let name), .environment(let name): name
        case .file, .place, .default: description
        }
    }
}

/// The valid texts of a setting.
package struct SettingValue: Equatable, Sendable {
    package let texts: [String]
    package let origin: Origin
}

/// One error in a configuration: one line.
package struct ConfigError: Equatable, Sendable, CustomStringConvertible {
    /// The flag, the variable, or file and line.
    package let place: String
    package let text: String
    /// The line in the file, for sorting.
    var line = 0

    package var description: String { "\(place): \(text)" }
}

/// All errors of a configuration.
package struct ConfigErrors: Error, Equatable, CustomStringConvertible {
    package let errors: [ConfigError]

    /// One line per error.
    package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// What a source yields: texts by setting name, and errors.
struct ParsedSource {
    var values: [String: SettingValue] = [:]
    private(set) var errors: [ConfigError] = []
    /// The number of errors after the first `errorLimit`; these are only counted.
    private(set) var furtherErrors = 0

    /// Nobody reads more, and each suggestion takes time.
    static let errorLimit = 20

    /// - Parameter text: the error; evaluated only for the first few.
    mutating func report(_ origin: Origin, _ text: @autoclosure () -> String) {
        guard errors.count < ParsedSource.errorLimit else { return furtherErrors += 1 }
        errors.append(ConfigError(place: origin.place, text: text(), line: origin.line))
    }

    mutating func sortByLine() { errors.sort { $0.line < $1.line } }

    /// All errors; the last one counts the rest.
    /// - Parameter place: the place of the rest.
    func allErrors(of place: String) -> [ConfigError] {
        if furtherErrors == 0 { return errors }
        return errors + [ConfigError(place: place, text: "and \(furtherErrors) more errors; fix these first")]
    }

    /// Takes the texts of a setting if all of them are valid.
    mutating func take(_ setting: Setting, _ items: [(text: String, origin: Origin)], at origin: Origin) {
        if items.isEmpty, !setting.mayBeEmpty {
            return report(origin, "\(setting.name) cannot be empty: expected \(setting.allowedText)")
        }
        let wrong = items.filter { !setting.isAllowed($0.text) }
        for item in wrong { report(item.origin, refusal(of: item.text, for: setting)) }
        guard items.count <= Setting.listLimit else {
            return report(
                origin, "\(setting.name) has \(items.count) values: expected \(Setting.listLimit) at most")
        }
        guard wrong.isEmpty else { return }
        let texts = items.map(\.text)
        if let older = setting.older, let known = values[setting.name], known.texts != texts {
            return report(
                origin,
                "\(setting.name) has another value in \(known.origin); \(older.name) is its older name: keep one of them"
            )
        }
        values[setting.name] = SettingValue(texts: texts, origin: origin)
    }
}

/// Why a setting does not accept a text.
private func refusal(of text: String, for setting: Setting) -> String {
    // A mistyped secret is nearly the secret, so it is not repeated.
    if setting.isSecret { return "\(setting.name) is not allowed: expected \(setting.allowed)" }
    let near = nearest(to: text, of: setting.words).map { "; did you mean \(quoted($0))?" } ?? ""
    return "\(setting.name) cannot be \(quoted(text)): expected \(setting.allowed)\(near)"
}
