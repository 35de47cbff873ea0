import Bench
import Bytes
import Testing

/// Settings that make no sense are refused, and the message says what would.
@Suite("Settings")
struct SettingsTests {
    @Test("a setting out of its range is refused by name")
    func ranges() throws {
        let workload = try Workload()
        try LoadSettings().check(workload)
        let wrong: [(String, (inout LoadSettings) -> Void)] = [
            ("--clients", { $0.clients = 0 }), ("--clients", { $0.clients = 10_001 }),
            ("--pipeline", { $0.pipeline = 0 }), ("--threads", { $0.threads = 0 }),
            ("--threads", { ($0.clients, $0.threads) = (2, 3) }), ("--requests", { $0.limit = .requests(0) }),
            ("--duration", { $0.limit = .duration(TimeSpan(nanoseconds: 1)) }), ("--rate", { $0.rate = 0 }),
            ("--rate", { $0.rate = .nan }), ("--rate", { $0.rate = .infinity }),
        ]
        for (name, change) in wrong {
            var settings = LoadSettings()
            change(&settings)
            let error = #expect(throws: SettingsError.self) { try settings.check(workload) }
            #expect(error?.description.hasPrefix(name) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("found") == true)
        }
    }

    @Test("--verify needs values that can hold a checksum")
    func verify() throws {
        var (workload, settings) = (try Workload(), LoadSettings())
        settings.verifies = true
        workload.valueSizes = try ValueSizes(parsing: "15-32")
        let error = #expect(throws: SettingsError.self) { try settings.check(workload) }
        #expect(error?.description.contains("16 bytes or more") == true)
        workload.valueSizes = try ValueSizes(parsing: "16")
        try settings.check(workload)
    }

    @Test("a key has room for its number, and for those of inserts")
    func keySize() throws {
        var workload = try Workload()
        workload.keySize = 4
        let error = #expect(throws: SettingsError.self) { try workload.check() }
        #expect(error?.description.contains("from 5") == true)
        workload.keySize = 5
        try workload.check()
        workload.mix = OperationMix([.get: 1, .insert: 1])
        #expect(throws: SettingsError.self) { try workload.check() }
        for count in [0, -1, 1_000_000_001] {
            workload.keyCount = count
            let error = #expect(throws: SettingsError.self) { try workload.check() }
            #expect(error?.description.hasPrefix("--keys") == true)
        }
    }
}
