import Bench
import Bytes
import Testing

/// Operations, keys and value sizes.
@Suite("Workload")
struct WorkloadTests {
    @Test("a ratio is kept", arguments: [("90:10:0", [90, 10, 0]), ("1:1:2", [25, 25, 50]), ("0:1", [0, 100, 0])])
    func ratio(text: String, percent: [Int]) throws {
        let mix = try OperationMix(parsing: text)
        var random = SplitMix64(seed: 7)
        var counts: [LoadOperation: Int] = [:]
        for _ in 0..<100_000 { counts[mix.next(&random), default: 0] += 1 }
        for (operation, share) in zip([LoadOperation.get, .set, .delete], percent) {
            #expect(abs(counts[operation, default: 0] - share * 1000) < 700)
            #expect((counts[operation] == nil) == (share == 0))
            #expect(mix.contains(operation) == (share > 0))
        }
        #expect(counts[.scan] == nil && counts[.insert] == nil)
    }

    @Test(
        "an invalid ratio is refused, with what was expected",
        arguments: ["", "90", "x:y", "90:10:0:1", "-1:2", "0:0:0", "1:2000000", "1::1"].filter { $0 != "90" })
    func wrongRatio(text: String) {
        let error = #expect(throws: SettingsError.self) { try OperationMix(parsing: text) }
        #expect(error?.description.contains("get:set:delete") == true)
        #expect(error?.description.contains("\"\(text)\"") == true)
    }

    @Test("a mix names its operations")
    func mix() throws {
        #expect(PerOperation.count == LoadOperation.allCases.count)
        let mix = try OperationMix(parsingMix: "get=70,set-ex=15,expire=15")
        #expect(mix == OperationMix([.get: 70, .setExpiring: 15, .expire: 15]))
        #expect(mix.summary == "70 % GET, 15 % SET EX, 15 % EXPIRE" && mix.needsData)
        #expect(try OperationMix(parsingMix: "incr") == OperationMix([.increment: 1]))
        #expect(try !OperationMix(parsingMix: "multi,mset,incr").needsData)
        var random = SplitMix64(seed: 7)
        for (name, operation) in LoadOperation.options {
            #expect(try OperationMix(parsingMix: name).next(&random) == operation)
        }
        for text in ["", "frob", "get=", "get=0", "get=x", "get=1=2", "get,", "get=1,get=2", "get=2000000"] {
            let error = #expect(throws: SettingsError.self) { try OperationMix(parsingMix: text) }
            #expect(
                error?.description.contains("set-ex") == true && error?.description.hasSuffix("\"\(text)\"") == true)
        }
    }

    @Test("sizes stay within what was asked, and use all of it")
    func sizes() throws {
        for (text, smallest, largest) in [("32", 32, 32), ("16-19", 16, 19), ("8,64,1024", 8, 1024)] {
            let sizes = try ValueSizes(parsing: text)
            #expect(sizes.smallest == smallest && sizes.largest == largest)
            var random = SplitMix64(seed: 3)
            let drawn = Set((0..<1000).map { _ in sizes.next(&random) })
            switch text {
            case "32": #expect(drawn == [32])
            case "16-19": #expect(drawn == [16, 17, 18, 19])
            default: #expect(drawn == [8, 64, 1024])
            }
        }
    }

    @Test("weights of a list are kept")
    func weights() throws {
        let sizes = try ValueSizes(parsing: "32:90,1024:10")
        var random = SplitMix64(seed: 3)
        let small = (0..<100_000).count { _ in sizes.next(&random) == 32 }
        #expect(abs(small - 90_000) < 500)
    }

    @Test(
        "an invalid size is refused, with what was expected",
        arguments: ["", "0", "-1", "16-", "20-10", "32,", "32:0,64", "1x", "67108865", "32:1:1,64"])
    func wrongSize(text: String) {
        let error = #expect(throws: SettingsError.self) { try ValueSizes(parsing: text) }
        #expect(error?.description.contains("\"\(text)\"") == true)
    }

    @Test("a value is recognized, and only as what it is", arguments: [16, 17, 32, 1000, 70_000, 200_000])
    func values(size: Int) {
        let pattern = ValuePattern()
        var output = ByteBuffer()
        pattern.append(size: size, key: 42, version: 0xdead_beef, to: &output)
        var value = Array(output.bytes)
        #expect(value.count == size)
        #expect(value.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x7a) })
        func matches(_ bytes: [UInt8], key: Int = 42) -> Bool { pattern.matches(bytes.span, key: key) }
        #expect(matches(value))
        #expect(!matches(value, key: 43))
        #expect(!matches(Array(value.dropLast())))
        for place in [0, 8, 15, size / 2, size - 1] {
            value[place] ^= 1
            #expect(!matches(value), "byte \(place) was changed")
            value[place] ^= 1
        }
        #expect(!matches([]))
    }

    @Test("a value too small for a checksum has the size that was asked", arguments: [1, 8, 15])
    func smallValues(size: Int) {
        var output = ByteBuffer()
        ValuePattern().append(size: size, key: 1, version: 1, to: &output)
        #expect(output.count == size)
    }

    @Test("every preset is a workload that passes its own check", arguments: Preset.allCases)
    func presets(preset: Preset) throws {
        let workload = try preset.workload()
        try workload.check()
        #expect(workload.name == preset.rawValue)
        #expect(workload.mix.needsData == (preset != .load && preset != .counter))
        #expect(!preset.summary.isEmpty)
    }
}
