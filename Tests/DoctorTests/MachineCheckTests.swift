import Doctor
import Testing

@Suite("doctor: memory, limits, versions")
struct MachineCheckTests {
    private func finding(_ check: String, _ change: (inout MemoryReading) -> Void) throws -> Finding {
        var reading = MemoryReading()
        (reading.limit, reading.description, reading.dataSize) = (
            8 << 30, "memory limit 8.0 GiB (--max-memory)", 1 << 30
        )
        reading.machine = MachineFigures(available: 10 << 30, swap: 0)
        (reading.hugePages, reading.killPreference) = ("madvise", 0)
        change(&reading)
        let found = reading.findings
        found.forEach { expectAdvice($0) }
        return try #require(found.first { $0.check == check })
    }

    @Test("the limit and the data")
    func memory() throws {
        let good = try finding("memory") { _ in }
        #expect(good.verdict == .ok)
        #expect(good.text == "memory limit 8.0 GiB (--max-memory); the data has 1.0 GiB on disk")
        #expect(try finding("memory") { $0.dataSize = 9 << 30 }.verdict == .warning)
        let more = try finding("memory") { $0.limitWarning = "It is more than the machine has" }
        #expect(more.verdict == .warning && more.text.hasSuffix(". It is more than the machine has"))
        #expect(try finding("memory") { $0.limit = nil }.verdict == .ok)
    }

    @Test("swap matters where the limit does not fit without it")
    func swap() throws {
        #expect(try finding("swap") { _ in }.text == "none")
        #expect(try finding("swap") { $0.machine.swap = 1 << 30 }.verdict == .ok)
        #expect(
            try finding("swap") { $0.machine = MachineFigures(available: 7 << 30, swap: 1 << 30) }.verdict == .warning)
        let beside = try finding("swap") {
            $0.machine = MachineFigures(available: 7 << 30, swap: 1 << 30)
            $0.resident = 2 << 30
        }
        #expect(beside.verdict == .ok, "the server has the rest already")
        #expect(try finding("swap") { ($0.limit, $0.machine.swap) = (nil, 1) }.verdict == .warning)
        var silent = MemoryReading()
        silent.description = "no memory limit"
        #expect(silent.findings.count == 1, "what the system does not say is left out")
    }

    @Test("huge pages, and whom the system kills first")
    func kernel() throws {
        #expect(try finding("huge pages") { $0.hugePages = "always" }.verdict == .warning)
        #expect(try finding("huge pages") { $0.hugePages = "never" }.verdict == .ok)
        #expect(try finding("out of memory") { $0.killPreference = 300 }.verdict == .warning)
        #expect(try finding("out of memory") { $0.killPreference = -900 }.verdict == .ok)
    }

    @Test("the kernel's texts")
    func texts() {
        let text = "MemTotal:  100 kB\nMemAvailable:    2048 kB\nSwapTotal:\t0 kB\nSwapFree: 1 kB\n"
        #expect(MachineFigures(meminfo: text).available == 2 << 20)
        #expect(MachineFigures(meminfo: "SwapTotal:        4 kB\n") == MachineFigures(swap: 4096))
        #expect(MachineFigures(meminfo: "SwapTotal: -4 kB\nMemAvailable: 9223372036854775807 kB\n") == MachineFigures())
        #expect(MachineFigures.chosen("always [madvise] never\n") == "madvise")
        #expect(MachineFigures.chosen("]x[") == nil)
        #expect(MachineFigures.resident(status: "Name:\tx\nVmRSS:\t    1024 kB\n") == 1 << 20)
        #expect(MachineFigures.resident(status: "Name:\tx\n") == 0)
        let limits =
            "Limit   Soft Limit Hard Limit Units\nMax open files            1024                 524288               files\n"
        #expect(LimitsReading.openFiles(limits: limits) == 524_288)
        #expect(LimitsReading.openFiles(limits: "Max open files  1024 unlimited files\n") == .max)
        #expect(LimitsReading.openFiles(limits: "Max processes 1 1 processes\n") == nil)
    }

    @Test("open files for the clients, and room for those that wait")
    func limits() throws {
        func limits(_ files: Int?, waiting: Int? = 4096) -> [Finding] {
            LimitsReading(
                files: files, owner: "process 12", clients: 10_000, others: 64, waiting: waiting, wantedWaiting: 1024
            ).findings
        }
        #expect(limits(10_064).map(\.verdict) == [.ok, .ok])
        #expect(limits(.max)[0].text == "process 12 may open any number of files, enough for 10000 clients")
        let few = limits(1024, waiting: 128)
        #expect(few.map(\.verdict) == [.warning, .warning])
        #expect(few[0].text == "process 12 may open 1024 files: at most 960 of the 10000 clients of limits.clients")
        #expect(few[1].advice == "sysctl net.core.somaxconn=1024")
        #expect(limits(nil, waiting: nil).isEmpty)
    }

    @Test(
        "versions of libevent",
        arguments: [
            ("2.1.12-stable", Verdict.ok), ("2.1.6", .ok), ("2.2.0", .ok), ("2.1.5-beta", .warning),
            ("2.0.21-stable", .warning),
            ("2.2.1-alpha", .warning),
        ])
    func versions(libevent: String, verdict: Verdict) {
        let finding = VersionReading(program: "0.1.0", libevent: libevent, kernel: "6.1.0").finding
        #expect(finding.verdict == verdict)
        #expect(finding.text.hasPrefix("puffin-server 0.1.0, libevent \(libevent), Linux 6.1.0"))
        expectAdvice(finding)
    }
}
