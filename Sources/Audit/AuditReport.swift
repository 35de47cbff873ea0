// Who did what, by user and day: what an auditor asks first.

import Bytes

/// Counts of one user's events on one day. Joined events count as often as they happened.
package struct AuditCounts: Equatable, Sendable {
    /// Logins whose result was `ok`.
    package var logins: UInt64 = 0
    /// Logins whose result was not `ok`.
    package var failures: UInt64 = 0
    /// Requests that the user may not make.
    package var denials: UInt64 = 0
    /// Connections and requests refused before any user was known.
    package var refusals: UInt64 = 0
    /// Changes of users, roles and secrets that were made.
    package var rights: UInt64 = 0
    /// `admin` and `clear`.
    package var operations: UInt64 = 0
    /// `read` and `write`.
    package var accesses: UInt64 = 0

    /// All zero.
    package init() {}
}

/// One row of a report.
package struct AuditRow: Equatable, Sendable {
    /// The UTC day: `2026-01-15`.
    package var day: String
    /// Empty where no user was known.
    package var user: String
    /// What the user did on that day.
    package var counts: AuditCounts
}

/// A change of rights, for the list behind the rows.
package struct RightsChange: Equatable, Sendable {
    /// Unix milliseconds.
    package var time: UInt64
    /// Who made the change; empty if unknown.
    package var user: String
    /// The user or role that was changed.
    package var target: String
    /// What was changed: `-role orders`.
    package var change: String
}

/// Adds events up.
package struct AuditReport: Equatable, Sendable {
    private struct Place: Hashable {
        var day: UInt64
        var user: String
    }

    private var counts: [Place: AuditCounts] = [:]
    /// In the order of the events.
    package private(set) var changes: [RightsChange] = []

    /// A report of no events.
    package init() {}

    /// Reads the events of a folder.
    /// - Throws: `AuditError`, as `AuditListing.forEach`.
    package init(_ folder: any AuditFolder, _ query: AuditQuery = AuditQuery()) throws {
        var report = AuditReport()
        try AuditListing.forEach(in: folder, query) { event, _ in report.add(event) }
        self = report
    }

    /// Counts an event.
    package mutating func add(_ event: AuditEvent) {
        let place = Place(day: event.time / AuditWriter.dayLength, user: event.user ?? "")
        var counts = self.counts[place] ?? AuditCounts()
        let number = event.count ?? 1
        switch event.kind {
        case .login where event.result == "ok": counts.logins += number
        case .login: counts.failures += number
        case .denied: counts.denials += number
        case .refused: counts.refusals += number
        case .users where event.result == "ok":
            counts.rights += number
            changes.append(
                RightsChange(
                    time: event.time, user: place.user, target: event.target ?? "", change: event.change ?? ""))
        case .users: counts.denials += number
        case .admin, .clear: counts.operations += number
        case .read, .write: counts.accesses += number
        case .logout, .settings, .witness: return
        }
        self.counts[place] = counts
    }

    /// By day, then by user.
    package var rows: [AuditRow] {
        counts.sorted { ($0.key.day, $0.key.user) < ($1.key.day, $1.key.user) }
            .map { AuditRow(day: dayText($0.key.day), user: $0.key.user, counts: $0.value) }
    }
}

/// A day since 1970 as `2026-01-15`.
private func dayText(_ days: UInt64) -> String {
    var buffer = ByteBuffer()
    buffer.append(time: Timestamp(milliseconds: days * AuditWriter.dayLength))
    return String(buffer.bytes.extracting(0..<10))
}
