// A slow request, and its form in each dialect and in the log.

import Bytes
import Logging

/// A slow request, or the first of several that arrived together. Never holds a value.
final class SlowRequest {
    /// The durations of the phases, in nanoseconds.
    struct Phases {
        /// Waiting while the server ran other requests.
        var queue = 0
        var run = 0
        /// Waiting for this server's log; then for followers.
        var disk = 0
        var replica = 0
        /// Handing the reply to the system.
        var send = 0

        var total: Int { queue + run + disk + replica + send }
    }

    var id = 0
    /// The time of the reply, in Unix milliseconds.
    let time: UInt64
    /// In upper case; `?` if it is none.
    let command: String
    /// The key's first bytes, and its size.
    let key: [UInt8]
    let keySize: Int
    /// The number of requests that arrived together.
    let count: Int
    let client: String
    let clientName: String
    var phases: Phases

    init(_ excerpt: RequestExcerpt, of session: Session, count: Int, phases: Phases) {
        (command, key, keySize) = excerpt.command(in: session.commands)
        time = session.store.now
        self.count = count
        self.phases = phases
        client = "\(session.stream.peer)"
        clientName = session.name
    }

    // MARK: Texts

    /// The key, escaped and truncated; nil if there is none.
    var shownKey: String? {
        guard keySize > 0 else { return nil }
        let key = key
        var text = ByteBuffer()
        text.append(lineQuoted: key.span)
        return String(text.bytes.extracting(1..<text.count - 1)) + (keySize > key.count ? "…" : "")
    }

    /// Names and times of the phases, in milliseconds: `153.210`.
    var shownPhases: [(name: String, time: String)] {
        [
            ("queue", phases.queue), ("run", phases.run), ("disk", phases.disk), ("replica", phases.replica),
            ("send", phases.send),
        ].map { ($0.0, milliseconds($0.1)) }
    }

    /// The fields of the log line.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["command": "\(command)", "client": "\(client)", "requests": "\(count)"]
        if let shownKey { metadata["key"] = "\(shownKey)" }
        if !clientName.isEmpty { metadata["client_name"] = "\(clientName)" }
        for (name, time) in shownPhases { metadata[name + "_ms"] = "\(time)" }
        metadata["total_ms"] = "\(milliseconds(phases.total))"
        return metadata
    }

    /// One line for people.
    var line: String { line(withKey: true) }

    /// The same for who may not read the key.
    func line(withKey hasKey: Bool) -> String {
        var line = "\(id) \(command)"
        if hasKey, let shownKey { line += " \"\(shownKey)\"" }
        line += " \(milliseconds(phases.total)) ms"
        for (name, time) in shownPhases { line += " \(name)=\(time)" }
        return line + " requests=\(count) client=\(client) time=\(time)"
    }

    private func milliseconds(_ nanoseconds: Int) -> String {
        let (whole, rest) = (max(nanoseconds, 0) / 1000).quotientAndRemainder(dividingBy: 1000)
        let digits = String(rest)
        return "\(whole)." + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }
}
