// What a check says: a verdict, the figures, and what to do. Checks are pure functions of readings, so each verdict can be tested
// without a machine that is in such a state.

/// How serious a finding is.
package enum Verdict: Int, Comparable, Sendable, CustomStringConvertible {
    case ok
    /// The server starts, but something will be slower, smaller or less safe than expected.
    case warning
    /// The server does not start, or what it promises does not hold here.
    case failure

    package static func < (one: Verdict, other: Verdict) -> Bool { one.rawValue < other.rawValue }

    package var description: String {
        switch self {
        case .ok: "ok"
        case .warning: "warning"
        case .failure: "fails"
        }
    }
}

/// The result of one check.
package struct Finding: Equatable, Sendable {
    /// A number that the check has read; the name says the unit.
    package struct Figure: Equatable, Sendable {
        package let name: String
        package let value: Int

        package init(_ name: String, _ value: Int) { (self.name, self.value) = (name, value) }
    }

    /// The check's name: one word or two, without a capital.
    package let check: String
    package let verdict: Verdict
    /// One line: what was found, with its figures.
    package let text: String
    /// One line: what to do. Empty only where the verdict is `ok`.
    package let advice: String
    package let figures: [Figure]

    package init(_ check: String, ok text: String, figures: [Figure] = []) {
        (self.check, verdict, self.text, advice, self.figures) = (check, .ok, text, "", figures)
    }

    package init(_ check: String, warning text: String, advice: String, figures: [Figure] = []) {
        (self.check, verdict, self.text, self.advice, self.figures) = (check, .warning, text, advice, figures)
    }

    package init(_ check: String, failure text: String, advice: String, figures: [Figure] = []) {
        (self.check, verdict, self.text, self.advice, self.figures) = (check, .failure, text, advice, figures)
    }
}
