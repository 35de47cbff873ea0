// A slow request, as each dialect and the log show it.

import Bytes
import Logging

/// A slow request, or several that came together; then it is the first of them. Never holds a value.
final class SlowRequest {
    /// Where the time went, in nanoseconds.
    struct Phases {
        /// Until the server turned to it, while it worked for others.
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
    /// When it was answered, in Unix milliseconds.
    let time: UInt64
    /// In upper case; `?` if it is none.
    let command: String
    /// The key's first bytes, and how many it has.
    let key: [UInt8]
    let keySize: Int
    /// How many requests came with it, itself included.
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

    /// The key as it can be shown: escaped, and truncated if it is long. nil if there is none.
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

    /// What stands in the log beside the message.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["command": "\(command)", "client": "\(client)", "requests": "\(count)"]
        if let shownKey { metadata["key"] = "\(shownKey)" }
        if !clientName.isEmpty { metadata["client_name"] = "\(clientName)" }
        for (name, time) in shownPhases { metadata[name + "_ms"] = "\(time)" }
        metadata["total_ms"] = "\(milliseconds(phases.total))"
        return metadata
    }

    /// One line for people.
    var line: String {
        var line = "\(id) \(command)"
        if let shownKey { line += " \"\(shownKey)\"" }
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
