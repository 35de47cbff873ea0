// What was run, where and when: without it a figure means nothing.

import Bytes
import Glibc
import Reactor

/// The circumstances of a run.
package struct RunContext: Sendable {
    package let commandLine: String
    package let server: String
    package let durability: String
    package let address: String
    /// The version of TLS and the cipher; empty without TLS.
    package let security: String
    package let dialect: String
    package let workload: String
    package let load: String
    package let machine: String
    package let processor: String
    package let cores: Int
    package let kernel: String
    /// UTC, as RFC 3339 writes it.
    package let time: String

    package init(_ target: Target, _ workload: Workload, _ settings: LoadSettings, commandLine: String) {
        self.commandLine = commandLine
        server = target.identity.name
        durability = target.identity.durability
        address = "\(target.address)"
        security = target.identity.security
        dialect = target.dialect.rawValue
        self.workload = workload.summary + RunContext.scans(workload, target.identity)
        load = settings.summary
        let information = SystemText.read("/proc/cpuinfo") ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }
        processor = model?.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown"
        cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        machine = RunContext.line("/proc/sys/kernel/hostname")
        kernel = RunContext.line("/proc/sys/kernel/ostype") + " " + RunContext.line("/proc/sys/kernel/osrelease")
        time = WallClock.universalTime
    }

    /// How scans are made, if there are any.
    private static func scans(_ workload: Workload, _ server: ServerIdentity) -> String {
        guard workload.mix.contains(.scan) else { return "" }
        guard let refusal = server.rangeRefusal else { return "; scans are RANGE with a LIMIT of 1 to 100" }
        return "; scans are KEYS with a prefix, because RANGE is refused (\(refusal))"
    }

    private static func line(_ path: String) -> String {
        SystemText.read(path)?.split(separator: "\n").first.map(String.init) ?? "unknown"
    }

    /// The server, where it is, and its TLS.
    var place: String { "\(server) at \(address)" + (security.isEmpty ? "" : ", \(security)") }

    /// Names and values, in the order of reports; unknown ones are omitted.
    package var fields: [(name: String, value: String)] {
        [
            ("server", server), ("durability", durability), ("address", address), ("tls", security),
            ("dialect", dialect),
            ("workload", workload), ("load", load), ("machine", machine),
            ("processor", "\(processor), \(cores) cores"), ("kernel", kernel), ("time", time),
            ("command", commandLine),
        ].filter { !$0.1.isEmpty }
    }
}

extension Workload {
    /// One line: `ycsb-b: 95 % GET, 5 % SET; 100,000 keys of 16 bytes, zipf; values of 1000 bytes; seed 1`.
    package var summary: String {
        "\(name): \(mix.summary); \(grouped(keyCount)) keys of \(keySize) bytes, \(distribution.rawValue); values of "
            + "\(valueSizes.text) bytes; seed \(seed)"
    }
}

extension LoadSettings {
    /// One line: `50 clients, pipeline 1, 1 thread; closed loop; 10s after 2s of warm-up`.
    package var summary: String {
        let loop = rate.map { "open loop at \(grouped(Int($0)))/s" } ?? "closed loop"
        var length = ""
        switch limit {
        case .requests(let count): length = "\(grouped(count)) requests"
        case .duration(let time): length = "\(time)"
        }
        let start = warmup.nanoseconds > 0 ? " after \(warmup) of warm-up" : ""
        return
            "\(counted(clients, "client")), pipeline \(pipeline), \(counted(threads, "thread")); \(loop); \(length)\(start)"
            + (reconnect.map { "; a new connection after each \(counted($0, "request"))" } ?? "")
            + (verifies ? "; values verified" : "")
    }
}
