// Processes, read for the doctor: who uses the data set, and what the system allows a server.

import Doctor
import Reactor
import Server
import Store
import SystemPackage

extension Examination {
    /// Who holds the data set's lock.
    func holder() -> HolderReading {
        guard let status = try? files.lock.stat(), let locks = SystemText.read("/proc/locks") else {
            return HolderReading(process: nil, program: nil)
        }
        let device = UInt64(status.deviceID.rawValue)
        let written = SystemText.read(files.lock.string).flatMap { Int($0.prefix { $0.isNumber }) }
        // The parts of a device's number, as makedev(3) puts them together.
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & ~0xff & 0xffff_ffff
        let process = FileLock.holder(
            in: locks, device: (major, minor), inode: UInt64(status.inode.rawValue), written: written)
        return HolderReading(process: process, program: process.flatMap(program))
    }

    /// A process's program.
    func program(_ process: Int) -> String? {
        SystemText.read("/proc/\(process)/comm").map { String($0.prefix { $0 != "\n" }) }
    }

    /// Memory and limits: of the server that runs, or of this process in its place.
    func process(_ server: Int?, _ content: ContentReading) -> [Finding] {
        let folder = "/proc/\(server.map { "\($0)" } ?? "self")"
        return memory(server, folder, content).findings + limits(server, folder).findings
    }

    private func memory(_ server: Int?, _ folder: String, _ content: ContentReading) -> MemoryReading {
        let memory = MachineMemory.find { path in
            SystemText.read(path == "/proc/self/cgroup" ? folder + "/cgroup" : path)
        }
        let limit = MemoryLimit(wanted: configuration.maxMemory, memory: memory)
        var reading = MemoryReading()
        (reading.limit, reading.description, reading.limitWarning) = (limit.size, limit.description, limit.warning)
        reading.dataSize = content.snapshotSize + content.unmergedSize
        reading.machine = MachineFigures(meminfo: SystemText.read("/proc/meminfo") ?? "")
        reading.hugePages = SystemText.read("/sys/kernel/mm/transparent_hugepage/enabled").flatMap {
            MachineFigures.chosen($0)
        }
        reading.killPreference = SystemText.read(folder + "/oom_score_adj").flatMap { Int($0.prefix { $0 != "\n" }) }
        if server != nil {
            reading.resident = MachineFigures.resident(status: SystemText.read(folder + "/status") ?? "")
        }
        return reading
    }

    private func limits(_ server: Int?, _ folder: String) -> LimitsReading {
        LimitsReading(
            files: SystemText.read(folder + "/limits").flatMap { LimitsReading.openFiles(limits: $0) },
            owner: server.map { "process \($0)" } ?? "a server started from here",
            clients: configuration.limits.clientCount, others: Server.ownDescriptorCount,
            waiting: SystemText.read("/proc/sys/net/core/somaxconn").flatMap { Int($0.prefix { $0 != "\n" }) },
            wantedWaiting: Listener.usualBacklog)
    }
}
