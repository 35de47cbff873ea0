// The parameters of a run, and their checks. The command line only fills this in.

import BlockingClient
import Bytes
import Wire

/// A setting that makes no sense, or two that contradict each other.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// One line: which setting, what was expected, what was found.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The dialect of requests.
package enum Dialect: String, CaseIterable, Sendable {
    /// Puffin's lines.
    case line
    /// RESP2: Puffin, Redis, Valkey.
    case resp
}

/// The data, and what is done with it.
package struct Workload: Sendable {
    /// Its name in reports: a preset's, or `custom`.
    package var name = "custom"
    package var mix = OperationMix([.get: 90, .set: 10])
    package var distribution = Distribution.uniform
    package var keyCount = 100_000
    /// In bytes.
    package var keySize = 16
    package var valueSizes: ValueSizes
    package var seed: UInt64 = 1
    /// Whether scans are RANGE requests of 1 to 100 keys; otherwise KEYS with a prefix that up to 100 keys have.
    package var readsRanges = true

    /// The largest number of keys.
    static let keyLimit = 1_000_000_000

    package init() throws(SettingsError) { valueSizes = try ValueSizes(parsing: "32") }

    /// - Throws: `SettingsError`
    package func check() throws(SettingsError) {
        guard (1...Workload.keyLimit).contains(keyCount) else {
            throw SettingsError("--keys is a number from 1 to \(Workload.keyLimit); found \(keyCount)")
        }
        let digits = String(keyCount - 1).utf8.count + (mix.contains(.insert) ? 1 : 0)
        guard keySize >= digits && keySize <= ProtocolLimits.keySize else {
            throw SettingsError(
                "--key-size is a number of bytes from \(digits), which \(counted(keyCount, "key")) need, to \(ProtocolLimits.keySize); found "
                    + "\(keySize)")
        }
    }
}

/// When a run ends.
package enum RunLimit: Equatable, Sendable {
    case requests(Int)
    case duration(TimeSpan)
}

/// How the server is loaded.
package struct LoadSettings: Sendable {
    package var clients = 50
    /// Requests that each connection has outstanding.
    package var pipeline = 1
    package var threads = 1
    package var limit = RunLimit.duration(TimeSpan(seconds: 10))
    package var warmup = TimeSpan(seconds: 2)
    /// Requests a second, in the open loop; nil for the closed loop.
    package var rate: Double?
    package var verifies = false
    /// Requests after which a connection is closed and opened anew; nil for never.
    package var reconnect: Int?
    /// How long the server may be silent.
    package var patience = TimeSpan(seconds: 30)

    package init() {}

    /// - Throws: `SettingsError`
    package func check(_ workload: Workload) throws(SettingsError) {
        try LoadSettings.check(clients, "--clients", in: 1...10_000)
        try LoadSettings.check(pipeline, "--pipeline", in: 1...10_000)
        try LoadSettings.check(threads, "--threads", in: 1...256)
        guard threads <= clients else {
            throw SettingsError(
                "--threads is at most --clients, since each thread has connections of its own; found \(threads) threads for "
                    + "\(counted(clients, "client"))")
        }
        if case .requests(let count) = limit { try LoadSettings.check(count, "--requests", in: 1...1_000_000_000_000) }
        if case .duration(let time) = limit, time.nanoseconds < 10_000_000 {
            throw SettingsError("--duration is 10ms or more; found \(time)")
        }
        if let reconnect { try LoadSettings.check(reconnect, "--reconnect", in: 1...1_000_000_000) }
        if let rate, !(rate >= 1 && rate <= 100_000_000) {
            throw SettingsError("--rate is a number of requests a second from 1 to 100000000; found \(rate)")
        }
        if verifies && workload.valueSizes.smallest < ValuePattern.checkedSize {
            throw SettingsError(
                "--verify needs values of \(ValuePattern.checkedSize) bytes or more, which hold a checksum; --value-size is "
                    + "\(workload.valueSizes.text)")
        }
    }

    private static func check(_ value: Int, _ name: String, in range: ClosedRange<Int>) throws(SettingsError) {
        guard range.contains(value) else {
            throw SettingsError("\(name) is a number from \(range.lowerBound) to \(range.upperBound); found \(value)")
        }
    }
}
