import Bytes
import LogFormat
import Store
import TestSupport
import Testing

@Suite("CRC-32C")
struct ChecksumTests {
    private func sum(_ bytes: [UInt8], _ before: UInt32 = 0) -> UInt32 {
        CRC32C.extend(before, with: bytes.span)
    }

    private func sumByTable(_ bytes: [UInt8], _ before: UInt32 = 0) -> UInt32 {
        CRC32C.extendByTable(before, with: bytes.span)
    }

    @Test("the examples of RFC 3720, appendix B.4, have the sums printed there")
    func examples() {
        let examples: [([UInt8], UInt32)] = [
            ([], 0), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            (Array(0..<32), 0x46dd_794e), ((0..<32).reversed(), 0x113f_db5c), ("123456789".bytes, 0xe306_9283),
        ]
        for (bytes, expected) in examples {
            #expect(sum(bytes) == expected)
            #expect(sumByTable(bytes) == expected)
        }
    }

    @Test("the instruction and the table give the same sums, from any start on", arguments: SeededRandom.seeds(5))
    func sameSums(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // Up to the sizes from which three parts of 128 and of 1,024 bytes are summed side by side, and beyond.
        let sizes = Array(0...400) + (0..<100).map { _ in random.below(12_000) } + [3 * 1024, 3 * 1024 + 3 * 128]
        for count in sizes {
            let (bytes, before) = (random.bytes(count), UInt32(truncatingIfNeeded: random.next()))
            #expect(sum(bytes, before) == sumByTable(bytes, before))
        }
    }

    @Test("the sum of two parts is the second's, begun with the first's")
    func continued() {
        var random = SeededRandom(seed: 1)
        let bytes = random.bytes(100)
        for cut in 0...100 {
            #expect(sum(Array(bytes[cut...]), sum(Array(bytes[..<cut]))) == sum(bytes))
        }
    }
}
