// The memory available to this process: the machine's, or the limit of its control group (either cgroup version),
// whichever is less. Pure functions parse the kernel's files; the caller reads them.

/// The memory available to this process.
package struct MachineMemory: Equatable, Sendable {
    /// The source of the limit.
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

    /// Determines the available memory.
    /// - Parameter read: returns the text at a path; nil if there is none.
    /// - Returns: nil if the system does not report it.
    package static func find(read: (String) -> String?) -> MachineMemory? {
        let machine = read("/proc/meminfo").flatMap(total(meminfo:))
        let group = read("/proc/self/cgroup").map(limitFiles(cgroups:))?.compactMap { read($0).flatMap(limit(text:)) }
            .min()
        switch (machine, group) {
        case (let machine?, let group?) where group < machine: return MachineMemory(size: group, owner: .controlGroup)
        case (let machine?, _): return MachineMemory(size: machine, owner: .machine)
        // Without a limit, cgroup version 1 reports a number just below 2^63.
        case (nil, let group?) where group < 1 << 60: return MachineMemory(size: group, owner: .controlGroup)
        case (nil, _): return nil
        }
    }

    /// The machine's memory by /proc/meminfo, in bytes.
    static func total(meminfo: String) -> Int? {
        for line in meminfo.split(separator: "\n") where line.hasPrefix("MemTotal:") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count == 3, words[2] == "kB", let size = Int(words[1]), size > 0 else { return nil }
            return size.multipliedReportingOverflow(by: 1024).overflow ? nil : size * 1024
        }
        return nil
    }

    /// The files with the memory limits of a process, by its /proc/self/cgroup: its own group's first, then those of the
    /// enclosing groups, since each limit applies. In a container the path may exist only on the host, but the
    /// container's own group is then the outermost one here.
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

    /// The folders of a group and of the enclosing groups.
    private static func folders(_ group: Substring, below root: String) -> [String] {
        var names = group.split(separator: "/")
        // A group outside this process' view.
        if names.contains("..") { names = [] }
        return (0...names.count).reversed().map { ([root] + names[..<$0].map(String.init)).joined(separator: "/") }
    }

    /// The limit in such a file, in bytes; nil if it sets none.
    static func limit(text: String) -> Int? {
        guard let size = Int(text.prefix { $0 != "\n" }), size > 0 else { return nil }
        return size
    }
}
