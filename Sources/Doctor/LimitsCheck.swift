// The system's limits on open files and on waiting connections.

/// The limits in force.
package struct LimitsReading: Sendable {
    /// The most files that a process may open, after it has raised its limit; nil if the system does not say.
    package let files: Int?
    /// Whose limit that is: `this shell`, `process 12`.
    package let owner: String
    /// The clients that are configured, and the files that a server needs besides.
    package let clients: Int
    package let others: Int
    /// The most connections that may wait to be accepted (net.core.somaxconn).
    package let waiting: Int?
    /// What a server asks for.
    package let wantedWaiting: Int

    package init(files: Int?, owner: String, clients: Int, others: Int, waiting: Int?, wantedWaiting: Int) {
        (self.files, self.owner, self.clients, self.others) = (files, owner, clients, others)
        (self.waiting, self.wantedWaiting) = (waiting, wantedWaiting)
    }

    /// The hard limit on open files, in the text of /proc/<process>/limits.
    package static func openFiles(limits: String) -> Int? {
        for line in limits.split(separator: "\n") where line.hasPrefix("Max open files") {
            let words = line.split(separator: " ")
            // Max open files <soft> <hard> files
            guard words.count >= 5 else { return nil }
            return words[4] == "unlimited" ? .max : Int(words[4])
        }
        return nil
    }

    package var findings: [Finding] { [fileFinding, waitingFinding].compactMap { $0 } }

    private var fileFinding: Finding? {
        guard let files else { return nil }
        let figures = [Finding.Figure("open_files", files), Finding.Figure("clients", clients)]
        let text = "\(owner) may open \(files == .max ? "any number of files" : "\(files) files")"
        guard files < clients + others else {
            return Finding("open files", ok: "\(text), enough for \(clients) clients", figures: figures)
        }
        return Finding(
            "open files",
            warning: "\(text): at most \(max(files - others, 1)) of the \(clients) clients of limits.clients",
            advice:
                "raise the limit to \(clients + others) (ulimit -n, LimitNOFILE= of a systemd unit), or lower limits.clients",
            figures: figures)
    }

    private var waitingFinding: Finding? {
        guard let waiting else { return nil }
        let figures = [Finding.Figure("somaxconn", waiting)]
        guard waiting < wantedWaiting else {
            return Finding(
                "waiting connections", ok: "up to \(wantedWaiting) (net.core.somaxconn is \(waiting))", figures: figures
            )
        }
        return Finding(
            "waiting connections",
            warning:
                "net.core.somaxconn is \(waiting): more clients that connect at a time are dropped and try again a second later",
            advice: "sysctl net.core.somaxconn=\(wantedWaiting)", figures: figures)
    }
}
