// Memory: the limit, what the data needs, and how the system treats a process that uses much.

import Bytes

/// The kernel's figures of the machine's memory.
package struct MachineFigures: Equatable, Sendable {
    /// In bytes; nil if the kernel does not say.
    package var available: Int?
    package var swap: Int?

    package init(available: Int? = nil, swap: Int? = nil) { (self.available, self.swap) = (available, swap) }

    /// - Parameter meminfo: the text of /proc/meminfo.
    package init(meminfo: String) {
        for line in meminfo.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, words[2] == "kB", let size = Int(words[1]), size >= 0, size < .max / 1024 else {
                continue
            }
            if words[0] == "MemAvailable:" { available = size * 1024 }
            if words[0] == "SwapTotal:" { swap = size * 1024 }
        }
    }

    /// What a process has in memory, in bytes, by the text of its /proc/<process>/status; 0 if the kernel does not say.
    package static func resident(status: String) -> Int {
        for line in status.split(separator: "\n") where line.hasPrefix("VmRSS:") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count == 3, let size = Int(words[1]), size >= 0, size < .max / 1024 else { return 0 }
            return size * 1024
        }
        return 0
    }

    /// The word in brackets of a kernel setting: `always [madvise] never`.
    package static func chosen(_ text: String) -> String? {
        guard let open = text.firstIndex(of: "["), let close = text.firstIndex(of: "]"), open < close else {
            return nil
        }
        return String(text[text.index(after: open)..<close])
    }
}

/// The memory of a server.
package struct MemoryReading: Sendable {
    /// The limit in bytes; nil if there is none.
    package var limit: Int?
    /// The limit and its source, for people.
    package var description = ""
    /// Why the limit cannot work as intended.
    package var limitWarning: String?
    /// The snapshot and the changes behind it, in bytes: about what the pairs take in memory.
    package var dataSize = 0
    package var machine = MachineFigures()
    /// What a server that runs already has, in bytes.
    package var resident = 0
    /// Transparent huge pages: `always`, `madvise` or `never`.
    package var hugePages: String?
    /// What the kernel adds to the score by which it chooses a process to kill (proc_pid_oom_score_adj(5)).
    package var killPreference: Int?

    package init() {}

    package var findings: [Finding] { [limitFinding, swapFinding, hugePageFinding, killFinding].compactMap { $0 } }

    private var limitFinding: Finding {
        let text = "\(description); the data has \(ByteSize(dataSize)) on disk"
        var figures = [Finding.Figure("data_bytes", dataSize)]
        if let limit { figures.append(Finding.Figure("limit_bytes", limit)) }
        if let limitWarning {
            return Finding(
                "memory", warning: "\(text). \(limitWarning)",
                advice: "set memory.max (--max-memory) to what the server may have",
                figures: figures)
        }
        if let limit, dataSize > limit {
            return Finding(
                "memory", warning: "\(text), more than the limit: loading may not leave room for changes",
                advice: "raise memory.max (--max-memory), or remove pairs", figures: figures)
        }
        return Finding("memory", ok: text, figures: figures)
    }

    private var swapFinding: Finding? {
        guard let swap = machine.swap else { return nil }
        guard swap > 0 else { return Finding("swap", ok: "none") }
        let free = machine.available.map { $0 + resident }
        let figures = [Finding.Figure("swap_bytes", swap), Finding.Figure("available_bytes", machine.available ?? 0)]
        if let free, limit ?? .max > free {
            return Finding(
                "swap",
                warning:
                    "\(ByteSize(swap)), and \(ByteSize(free)) of memory for the server: pairs could be swapped out",
                advice: "lower memory.max, or forbid it the swap (MemorySwapMax=0 of a systemd unit)", figures: figures)
        }
        return Finding("swap", ok: "\(ByteSize(swap)); the memory limit fits without it", figures: figures)
    }

    private var hugePageFinding: Finding? {
        guard let hugePages else { return nil }
        guard hugePages == "always" else { return Finding("huge pages", ok: "transparent huge pages: \(hugePages)") }
        return Finding(
            "huge pages",
            warning: "transparent huge pages: always; memory can grow beyond the limit, in leaps that take time",
            advice: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
    }

    private var killFinding: Finding? {
        guard let killPreference else { return nil }
        let figures = [Finding.Figure("oom_score_adj", killPreference)]
        if killPreference > 0 {
            return Finding(
                "out of memory",
                warning:
                    "oom_score_adj is \(killPreference): where memory ends, the system kills this process before others",
                advice: "set OOMScoreAdjust=0 or less for the service", figures: figures)
        }
        return Finding("out of memory", ok: "oom_score_adj is \(killPreference)", figures: figures)
    }
}
