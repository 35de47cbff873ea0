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
    case standard

    package var description: String {
        switch self {
        case .flag(let name): "flag \(name)"
        case .environment(let name): "environment \(name)"
        case .file(let path, let line): "\(path):\(line)"
        case .place(let name): name
        case .standard: "default"
        }
    }

    /// 0 if there is none.
    var line: Int { if case .file(_, let line) = self { line } else { 0 } }

    /// The beginning of an error message.
    var place: String {
        switch self {
        case .flag(let name), .environment(let name): name
        case .file, .place, .standard: description
        }
    }
}

/// The valid texts of a setting.
package struct Given: Equatable, Sendable {
    package let texts: [String]
    package let origin: Origin
}

/// One error in a configuration: one line.
package struct Flaw: Equatable, Sendable, CustomStringConvertible {
    /// The flag, the variable, or file and line.
    package let place: String
    package let text: String
    /// The line in the file, for sorting.
    var line = 0

    package var description: String { "\(place): \(text)" }
}

/// All errors of a configuration.
package struct Flaws: Error, Equatable, CustomStringConvertible {
    package let flaws: [Flaw]

    /// One line per error.
    package var description: String { flaws.map(\.description).joined(separator: "\n") }
}

/// What a source yields: texts by setting name, and errors.
struct Harvest {
    var given: [String: Given] = [:]
    private(set) var flaws: [Flaw] = []
    /// The number of errors after the first `flawLimit`; these are only counted.
    private(set) var furtherFlaws = 0

    /// Nobody reads more, and each suggestion takes time.
    static let flawLimit = 20

    /// - Parameter text: the error; evaluated only for the first few.
    mutating func complain(_ origin: Origin, _ text: @autoclosure () -> String) {
        guard flaws.count < Harvest.flawLimit else { return furtherFlaws += 1 }
        flaws.append(Flaw(place: origin.place, text: text(), line: origin.line))
    }

    mutating func sortByLine() { flaws.sort { $0.line < $1.line } }

    /// All errors; the last one counts the rest.
    /// - Parameter place: the place of the rest.
    func told(of place: String) -> [Flaw] {
        if furtherFlaws == 0 { return flaws }
        return flaws + [Flaw(place: place, text: "and \(furtherFlaws) more errors; fix these first")]
    }

    /// Takes the texts of a setting if all of them are valid.
    mutating func take(_ setting: Setting, _ items: [(text: String, origin: Origin)], at origin: Origin) {
        if items.isEmpty, !setting.mayBeEmpty {
            return complain(origin, "\(setting.name) cannot be empty: expected \(setting.allowedText)")
        }
        let wrong = items.filter { !setting.isAllowed($0.text) }
        for item in wrong { complain(item.origin, refusal(of: item.text, for: setting)) }
        guard items.count <= Setting.listLimit else {
            return complain(
                origin, "\(setting.name) has \(items.count) values: expected \(Setting.listLimit) at most")
        }
        if wrong.isEmpty { given[setting.name] = Given(texts: items.map(\.text), origin: origin) }
    }
}

/// Why a setting does not accept a text.
private func refusal(of text: String, for setting: Setting) -> String {
    // A mistyped secret is nearly the secret, so it is not repeated.
    if setting.isSecret { return "\(setting.name) is not allowed: expected \(setting.allowed)" }
    let near = nearest(to: text, of: setting.words).map { "; did you mean \(quoted($0))?" } ?? ""
    return "\(setting.name) cannot be \(quoted(text)): expected \(setting.allowed)\(near)"
}
