// What the server itself records in the audit: its start, reloads, and connections that were refused before they had a session.

import Audit
import Bytes
import Program
import Reactor

extension Server {
    /// Records that the server has started.
    func recordStart() {
        audit?.tick(history: store.history, at: store.now)
        recordSettings("start", target: "puffin-server \(puffinVersion)")
    }

    /// Records that settings were read again.
    /// - Parameters:
    ///   - names: of those that changed.
    ///   - isApplied: whether there was nothing wrong with them.
    package func recordReload(_ names: [String], isApplied: Bool = true) {
        recordSettings(
            "reload", target: names.isEmpty ? nil : names.joined(separator: " "), isApplied ? "ok" : "wrong settings")
    }

    private func recordSettings(_ change: String, target: String?, _ result: String = "ok") {
        guard let audit else { return }
        var event = AuditEvent(.settings, at: store.now)
        (event.change, event.target, event.result) = (change, target, result)
        audit.record(event)
    }

    /// Records that a connection was refused. Its port is left out, so that many from one address are one line.
    func recordRefused(_ peer: Address, _ reason: String) {
        guard let audit else { return }
        var event = AuditEvent(.refused, at: store.now)
        (event.from, event.result) = (peer.host, reason)
        audit.record(event)
    }
}
