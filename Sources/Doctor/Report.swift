// The findings as a report: a line each for people, or one JSON object.

import Bytes

/// All findings of an examination.
package struct Report: Sendable {
    package let findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    /// The worst verdict.
    package var verdict: Verdict { findings.map(\.verdict).max() ?? .ok }

    /// The exit code: 0, or 1 if something fails, or, where the examination is strict, if there is a warning.
    package func exitCode(isStrict: Bool) -> Int32 { verdict >= (isStrict ? .warning : .failure) ? 1 : 0 }

    package func count(_ verdict: Verdict) -> Int { findings.count { $0.verdict == verdict } }

    /// `12 ok, 2 warnings, 1 fails`
    package var summary: String {
        let warnings = count(.warning)
        return "\(count(.ok)) ok, \(warnings) \(warnings == 1 ? "warning" : "warnings"), "
            + "\(count(.failure)) \(count(.failure) == 1 ? "fails" : "fail")"
    }

    /// The lines for people: verdict, check, what was found, and what to do on a line of its own.
    package var text: String {
        let width = findings.map { $0.check.utf8.count }.max() ?? 0
        let margin = String(repeating: " ", count: 9 + width + 2)
        var text = ""
        for finding in findings {
            text += padded("\(finding.verdict)", 9, left: true) + padded(finding.check, width + 2, left: true)
            text += finding.text + "\n"
            if !finding.advice.isEmpty { text += margin + "→ " + finding.advice + "\n" }
        }
        return text + summary + "\n"
    }
}

extension Report: JSONValue {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("verdict", "\(verdict)")
            json.member("warnings", count(.warning))
            json.member("failures", count(.failure))
            json.member("checks", findings)
        }
    }
}

extension Finding: JSONValue {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("check", check)
            json.member("verdict", "\(verdict)")
            json.member("text", text)
            if !advice.isEmpty { json.member("advice", advice) }
            if figures.isEmpty { return }
            json.member(
                "figures",
                object: { json in
                    for figure in figures { json.member(figure.name, figure.value) }
                })
        }
    }
}
