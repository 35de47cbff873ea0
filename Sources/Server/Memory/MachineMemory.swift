// How much memory there is for this process: the machine's, or what its control group may use (cgroups of either version),
// whichever is less. What the kernel's texts say is worked out by pure functions; the reading is the caller's.

/// The memory that this process can have.
package struct MachineMemory: Equatable, Sendable {
    /// Whose memory it is.
    package enum Owner: Sendable {
        case machine
        case controlGroup
    }

    /// In bytes.
    package let size: Int
    package let owner: Owner

    package init(size: Int, owner: Owner) {
        self.size = size
        self.owner = owner
    }

    /// Looks for it.
    /// - Parameter read: the text at a path, nil if there is none.
    /// - Returns: nil where the system does not say.
    package static func find(read: (String) -> String?) -> MachineMemory? {
        let machine = read("/proc/meminfo").flatMap(total(meminfo:))
        let group = read("/proc/self/cgroup").map(limitFiles(cgroups:))?.compactMap { read($0).flatMap(limit(text:)) }
            .min()
        switch (machine, group) {
        case (let machine?, let group?) where group < machine: return MachineMemory(size: group, owner: .controlGroup)
        case (let machine?, _): return MachineMemory(size: machine, owner: .machine)
        // Without cgroup limits, version 1 says a number just below 2^63.
        case (nil, let group?) where group < 1 << 60: return MachineMemory(size: group, owner: .controlGroup)
        case (nil, _): return nil
        }
    }

    /// What /proc/meminfo says of the machine's memory, in bytes.
    static func total(meminfo: String) -> Int? {
        for line in meminfo.split(separator: "\n") where line.hasPrefix("MemTotal:") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count == 3, words[2] == "kB", let size = Int(words[1]), size > 0 else { return nil }
            return size.multipliedReportingOverflow(by: 1024).overflow ? nil : size * 1024
        }
        return nil
    }

    /// Where the memory limits of a process stand whose /proc/self/cgroup this is: those of its own group first, then of the
    /// groups around it, since each of them holds. In a container the path may be one that only the host can see, but the
    /// container's own group then is the outermost one here.
    static func limitFiles(cgroups: String) -> [String] {
        var files: [String] = []
        for line in cgroups.split(separator: "\n") {
            // `0::/path` in version 2, `<number>:<controllers>:/path` in version 1.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0" && parts[1].isEmpty {
                files += folders(parts[2], below: "/sys/fs/cgroup").map { $0 + "/memory.max" }
            } else if parts[1].split(separator: ",").contains("memory") {
                files += folders(parts[2], below: "/sys/fs/cgroup/memory").map { $0 + "/memory.limit_in_bytes" }
            }
        }
        return files
    }

    /// The folder of a group, and those around it.
    private static func folders(_ group: Substring, below root: String) -> [String] {
        var names = group.split(separator: "/")
        // A group outside of what this process can see.
        if names.contains("..") { names = [] }
        return (0...names.count).reversed().map { ([root] + names[..<$0].map(String.init)).joined(separator: "/") }
    }

    /// The limit that such a file sets, in bytes; nil if it sets none.
    static func limit(text: String) -> Int? {
        guard let size = Int(text.prefix { $0 != "\n" }), size > 0 else { return nil }
        return size
    }
}
