import Server
import Testing

/// The kernel's memory figures, in its own texts.
@Suite("The machine's memory")
struct MachineMemoryTests {
    private static let meminfo = """
        MemTotal:       24630000 kB
        MemFree:        20000000 kB
        MemAvailable:   23000000 kB

        """
    private static let machine = MachineMemory(size: 24_630_000 << 10, owner: .machine)

    private func find(_ files: [String: String]) -> MachineMemory? {
        MachineMemory.find { files[$0] }
    }

    private func group(_ size: Int) -> MachineMemory { MachineMemory(size: size, owner: .controlGroup) }

    @Test("without control groups it is the machine's")
    func machine() {
        #expect(find(["/proc/meminfo": Self.meminfo]) == Self.machine)
        #expect(find(["/proc/meminfo": Self.meminfo, "/proc/self/cgroup": ""]) == Self.machine)
        #expect(find(["/proc/meminfo": Self.meminfo, "/proc/self/cgroup": "0::/none\n"]) == Self.machine)
    }

    @Test(
        "version 2: the smallest of the process' own group and those around it",
        arguments: [
            ("/sys/fs/cgroup/a.slice/b.service", "1073741824\n", 1 << 30),
            ("/sys/fs/cgroup/a.slice", "536870912", 512 << 20),
            ("/sys/fs/cgroup", "268435456\n", 256 << 20),
        ])
    func version2(folder: String, text: String, size: Int) {
        var files = ["/proc/meminfo": Self.meminfo, "/proc/self/cgroup": "0::/a.slice/b.service\n"]
        for each in ["/sys/fs/cgroup/a.slice/b.service", "/sys/fs/cgroup/a.slice", "/sys/fs/cgroup"] {
            files[each + "/memory.max"] = "max\n"
        }
        #expect(find(files) == Self.machine)
        files[folder + "/memory.max"] = text
        #expect(find(files) == group(size))
        files["/sys/fs/cgroup/a.slice/memory.max"] = "1048576\n"
        #expect(find(files) == group(1 << 20))
        files["/sys/fs/cgroup/a.slice/memory.max"] = "99999999999999\n"
        #expect(find(files) == (folder == "/sys/fs/cgroup/a.slice" ? Self.machine : group(size)))
    }

    @Test("version 1: the group of the memory controller; its word for no limit is more than any machine has")
    func version1() {
        let groups = "12:cpu,cpuacct:/x\n4:hugetlb,memory:/docker/0123:abc\n1:name=systemd:/docker\n0::/system.slice\n"
        var files = ["/proc/meminfo": Self.meminfo, "/proc/self/cgroup": groups]
        files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n"
        #expect(find(files) == Self.machine)
        files["/sys/fs/cgroup/memory/docker/0123:abc/memory.limit_in_bytes"] = "2147483648\n"
        #expect(find(files) == group(2 << 30))
        // In a container only the outermost group is visible, under another name.
        files["/sys/fs/cgroup/memory/docker/0123:abc/memory.limit_in_bytes"] = nil
        files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "1073741824\n"
        #expect(find(files) == group(1 << 30))
        // The path of another controller says nothing about memory.
        files["/sys/fs/cgroup/memory/x/memory.limit_in_bytes"] = "1024\n"
        #expect(find(files) == group(1 << 30))
    }

    @Test("a group outside of what the process can see leaves the outermost one here")
    func outside() {
        let files = [
            "/proc/meminfo": Self.meminfo, "/proc/self/cgroup": "0::/../other\n",
            "/sys/fs/cgroup/memory.max": "1073741824\n", "/sys/fs/cgroup/../other/memory.max": "1024\n",
        ]
        #expect(find(files) == group(1 << 30))
    }

    @Test(
        "a text that is not as expected says nothing",
        arguments: [
            "", "MemTotal:\n", "MemTotal: x kB\n", "MemTotal: 24 MB\n", "MemTotal: 0 kB\n", "MemTotal: -5 kB\n",
            "MemTotal: 99999999999999999999 kB\n", "MemTotal: 9223372036854775807 kB\n",
        ])
    func strangeMeminfo(text: String) {
        #expect(find(["/proc/meminfo": text]) == nil)
        #expect(
            find(["/proc/meminfo": text, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "4096\n"])
                == group(4096))
    }

    @Test("a strange line or limit of a group is passed over", arguments: ["", "0", "-1", "max", "12x", "1 2"])
    func strangeGroup(limit: String) {
        let files = [
            "/proc/meminfo": Self.meminfo, "/proc/self/cgroup": "\n:\n0:\n0::\nmemory\n4:memory\n0::/a\n",
            "/sys/fs/cgroup/a/memory.max": limit + "\n",
        ]
        #expect(find(files) == Self.machine)
    }
}

@Suite("The memory limit")
struct MemoryLimitTests {
    private let machine = MachineMemory(size: 24 << 30, owner: .machine)
    private let group = MachineMemory(size: 512 << 20, owner: .controlGroup)

    @Test("without an option it is three quarters of what there is, and says of what")
    func share() {
        let ofMachine = MemoryLimit(wanted: nil, memory: machine)
        #expect(ofMachine.size == 18 << 30)
        #expect(ofMachine.description == "memory limit 18.0 GiB (three quarters of the machine's 24.0 GiB)")
        let ofGroup = MemoryLimit(wanted: nil, memory: group)
        #expect(ofGroup.size == 384 << 20)
        #expect(ofGroup.description == "memory limit 384.0 MiB (three quarters of its control group's 512.0 MiB)")
    }

    @Test("an option wins; one that is more than there is gets a warning with both figures")
    func wanted() {
        let small = MemoryLimit(wanted: 1 << 30, memory: machine)
        #expect(small.size == 1 << 30 && small.warning == nil)
        #expect(small.description == "memory limit 1.0 GiB (--max-memory)")
        let large = MemoryLimit(wanted: 1 << 30, memory: group)
        #expect(large.size == 1 << 30)
        let warning = "The memory limit of 1.0 GiB is more than its control group's 512.0 MiB: "
        #expect(large.warning == warning + "the system may kill the server before it is reached")
        #expect(MemoryLimit(wanted: 1 << 30, memory: nil).warning == nil)
    }

    @Test("there is none with 0, and none where the system says nothing, which gets a warning")
    func none() {
        let off = MemoryLimit(wanted: 0, memory: machine)
        #expect(off.size == nil && off.warning == nil && off.description == "no memory limit (--max-memory 0)")
        let unknown = MemoryLimit(wanted: nil, memory: nil)
        #expect(unknown.size == nil)
        #expect(unknown.warning?.contains("set one with --max-memory") == true)
    }
}
