// Where values come from, and what can be wrong with them.

/// Where a value comes from.
package enum Origin: Equatable, Sendable, CustomStringConvertible {
    /// A flag, with its dashes.
    case flag(String)
    /// A variable of the environment.
    case environment(String)
    /// A line of the configuration file; the first is 1.
    case file(String, line: Int)
    /// A file as a whole, or what has named it.
    case place(String)
    /// Nowhere: it is the default.
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

    /// 0 where there is none.
    var line: Int { if case .file(_, let line) = self { line } else { 0 } }

    /// As the beginning of an error.
    var place: String {
        switch self {
        case .flag(let name), .environment(let name): name
        case .file, .place, .standard: description
        }
    }
}

/// The texts of a setting, all allowed.
package struct Given: Equatable, Sendable {
    package let texts: [String]
    package let origin: Origin
}

/// One thing that is wrong with what somebody has configured: one line.
package struct Flaw: Equatable, Sendable, CustomStringConvertible {
    /// The flag, the variable, or file and line.
    package let place: String
    package let text: String
    /// In the file, for their order.
    var line = 0

    package var description: String { "\(place): \(text)" }
}

/// Everything that is wrong.
package struct Flaws: Error, Equatable, CustomStringConvertible {
    package let flaws: [Flaw]

    /// One line for each.
    package var description: String { flaws.map(\.description).joined(separator: "\n") }
}

/// What a source gives: texts by the names of settings, and what is wrong.
struct Harvest {
    var given: [String: Given] = [:]
    private(set) var flaws: [Flaw] = []
    /// How many flaws were found behind the first `flawLimit`, which are counted only.
    private(set) var furtherFlaws = 0

    /// Nobody reads more, and finding out what was meant takes time for each.
    static let flawLimit = 20

    /// - Parameter text: what is wrong; it is only made of the first few.
    mutating func complain(_ origin: Origin, _ text: @autoclosure () -> String) {
        guard flaws.count < Harvest.flawLimit else { return furtherFlaws += 1 }
        flaws.append(Flaw(place: origin.place, text: text(), line: origin.line))
    }

    mutating func sortByLine() { flaws.sort { $0.line < $1.line } }

    /// All flaws, the last of them with how many more there are.
    /// - Parameter place: where those are.
    func told(of place: String) -> [Flaw] {
        if furtherFlaws == 0 { return flaws }
        return flaws + [Flaw(place: place, text: "and \(furtherFlaws) more of such; mend these first")]
    }

    /// Takes the texts of a setting, where all of them are allowed.
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

/// What is wrong with a text that a setting cannot have.
private func refusal(of text: String, for setting: Setting) -> String {
    // A secret that is mistyped is nearly the secret.
    if setting.isSecret { return "\(setting.name) is not allowed: expected \(setting.allowed)" }
    let near = nearest(to: text, of: setting.words).map { "; did you mean \(quoted($0))?" } ?? ""
    return "\(setting.name) cannot be \(quoted(text)): expected \(setting.allowed)\(near)"
}
