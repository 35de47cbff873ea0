// A report as text, CSV or JSON.

import Bytes

/// How a report is written.
package enum AuditReportFormat: String, CaseIterable, Sendable {
    case text, csv, json
}

extension AuditCounts {
    /// The columns in their order.
    static let names = ["logins", "failures", "denials", "refusals", "rights", "operations", "accesses"]
    var values: [UInt64] { [logins, failures, denials, refusals, rights, operations, accesses] }
}

extension AuditReport {
    /// Appends the report, with a line feed at its end.
    package func write(_ format: AuditReportFormat, to buffer: inout ByteBuffer) {
        switch format {
        case .text: writeText(to: &buffer)
        case .csv: writeCSV(to: &buffer)
        case .json: writeJSON(to: &buffer)
        }
    }

    private func writeText(to buffer: inout ByteBuffer) {
        let rows = self.rows
        let width = max(4, rows.map(\.user.count).max() ?? 0)
        buffer.append(text: padded("day", 12, left: true) + padded("user", width, left: true))
        for name in AuditCounts.names { buffer.append(text: "  " + name) }
        buffer.append("\n")
        for row in rows {
            let user = row.user.isEmpty ? "-" : row.user
            buffer.append(text: padded(row.day, 12, left: true) + padded(user, width, left: true))
            for (name, value) in zip(AuditCounts.names, row.counts.values) {
                buffer.append(text: "  " + padded(String(value), name.count))
            }
            buffer.append("\n")
        }
        guard !changes.isEmpty else { return }
        buffer.append("\nChanges of rights\n")
        for change in changes {
            buffer.append(time: Timestamp(milliseconds: change.time))
            buffer.append(text: "  \(change.user.isEmpty ? "-" : change.user)  \(change.target)  \(change.change)\n")
        }
    }

    /// RFC 4180, but with line feeds alone.
    private func writeCSV(to buffer: inout ByteBuffer) {
        buffer.append(text: (["day", "user"] + AuditCounts.names).joined(separator: ",") + "\n")
        for row in rows {
            let cells = [row.day, quotedForCSV(row.user)] + row.counts.values.map { String($0) }
            buffer.append(text: cells.joined(separator: ",") + "\n")
        }
    }

    private func writeJSON(to buffer: inout ByteBuffer) {
        buffer.append(json: .indented) { json in
            json.object { json in
                json.member("rows", list: { json in for row in rows { write(row, to: &json) } })
                json.member("changes", list: { json in for change in changes { write(change, to: &json) } })
            }
        }
        buffer.append("\n")
    }

    private func write(_ row: AuditRow, to json: inout JSONWriter) {
        json.object { json in
            json.member("day", row.day)
            json.member("user", row.user)
            for (name, value) in zip(AuditCounts.names, row.counts.values) { json.member(name, value) }
        }
    }

    private func write(_ change: RightsChange, to json: inout JSONWriter) {
        json.object { json in
            json.member("ts", change.time)
            json.member("user", change.user)
            json.member("target", change.target)
            json.member("change", change.change)
        }
    }
}

/// A cell in quotes if it needs them. A spreadsheet would run a cell that begins like a formula, so it gets an apostrophe.
private func quotedForCSV(_ text: String) -> String {
    let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
    let text = (isFormula ? "'" : "") + text
    guard text.utf8.contains(where: { ",\"\n\r".utf8.contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
