// Named workloads. YCSB's are those of Cooper and others, "Benchmarking cloud serving systems with YCSB" (2010), with
// one value of 1,000 bytes instead of ten fields.

/// A named workload.
package enum Preset: String, CaseIterable, Sendable {
    case ycsbA = "ycsb-a"
    case ycsbB = "ycsb-b"
    case ycsbC = "ycsb-c"
    case ycsbD = "ycsb-d"
    case ycsbE = "ycsb-e"
    case ycsbF = "ycsb-f"
    case session
    case counter
    case load

    /// Its description, for the help.
    package var summary: String {
        switch self {
        case .ycsbA: "half reads, half updates"
        case .ycsbB: "95 % reads, 5 % updates"
        case .ycsbC: "reads only"
        case .ycsbD: "95 % reads of the latest, 5 % inserts"
        case .ycsbE: "95 % scans of up to 100 keys, 5 % inserts"
        case .ycsbF: "half reads, half read-modify-writes"
        case .session: "70 % reads, 15 % updates with a time to live, 15 % EXPIRE; values of 200 to 2000 bytes"
        case .counter: "INCR of 1,000 keys, a few of them most of the time"
        case .load: "sets every key once, in order"
        }
    }

    /// Its workload; options of the command line override it.
    package func workload() throws(SettingsError) -> Workload {
        var workload = try Workload()
        workload.name = rawValue
        workload.mix = mix
        workload.distribution = distribution
        workload.valueSizes = try ValueSizes(parsing: valueSize)
        switch self {
        // Without RANGE, KEYS examines every key, so a scan's cost grows with their number.
        case .ycsbE: workload.keyCount = 10_000
        case .counter:
            workload.keyCount = 1000
            // Other workloads on the same server leave values that are not numbers.
            workload.keySize = 20
        case .session: workload.keySize = 32
        default: break
        }
        return workload
    }

    private var mix: OperationMix {
        switch self {
        case .ycsbA: OperationMix([.get: 50, .set: 50])
        case .ycsbB: OperationMix([.get: 95, .set: 5])
        case .ycsbC: OperationMix([.get: 100])
        case .ycsbD: OperationMix([.get: 95, .insert: 5])
        case .ycsbE: OperationMix([.scan: 95, .insert: 5])
        case .ycsbF: OperationMix([.get: 50, .readModifyWrite: 50])
        case .session: OperationMix([.get: 70, .setExpiring: 15, .expire: 15])
        case .counter: OperationMix([.increment: 100])
        case .load: OperationMix([.set: 100])
        }
    }

    private var distribution: Distribution {
        switch self {
        case .ycsbD: .latest
        case .load: .sequential
        default: .zipf
        }
    }

    private var valueSize: String {
        switch self {
        case .session: "200-2000"
        case .counter: "8"
        case .load: "32"
        default: "1000"
        }
    }
}
