// The ordered index: what a new key costs with it and without, in order and in none, what building it costs, and what a range does.

import Bytes
import Store

private let value = Array("0123456789abcdef0123456789abcdef".utf8)
private let keySize = 16

/// `key:` and twelve digits for each number, in one run of bytes.
private func keys(_ numbers: [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(numbers.count * keySize)
    for number in numbers {
        let digits = String(number)
        bytes += Array("key:\(String(repeating: "0", count: 12 - digits.count))\(digits)".utf8)
    }
    return bytes
}

private func shuffled(_ count: Int) -> [Int] {
    var random = SplitMix64(seed: 1)
    return (0..<count).shuffled(using: &random)
}

private func table(_ keys: [UInt8], isOrdered: Bool) -> Table {
    let table = Table(sipHash: SipHash(key: (1, 2)))
    table.keepOrder(isOrdered)
    let all = keys.span
    for start in stride(from: 0, to: all.count, by: keySize) {
        let key = all.extracting(start..<start + keySize)
        table.set(key, hash: table.hash(key), value: value.span)
    }
    return table
}

extension Benchmark {
    static var order: [Benchmark] {
        [
            grow("table-new-random", isShuffled: true, isOrdered: false),
            grow("index-new-random", isShuffled: true, isOrdered: true),
            grow("index-new-in-order", isShuffled: false, isOrdered: true),
            Benchmark(name: "index-build") { count in
                let table = table(keys(shuffled(count)), isOrdered: false)
                return { count in
                    table.keepOrder(true)
                    while table.buildIndex(pairs: 16) {}
                    return UInt64(table.size)
                }
            },
            range("index-range-100", isReversed: false),
            range("index-range-100-back", isReversed: true),
        ]
    }

    /// New keys, with the memory that they take freed at the end.
    private static func grow(_ name: String, isShuffled: Bool, isOrdered: Bool) -> Benchmark {
        Benchmark(name: name) { count in
            let keys = keys(isShuffled ? shuffled(count) : Array(0..<count))
            // The table of the round before is freed before the next one begins.
            return { _ in UInt64(table(keys, isOrdered: isOrdered).size) }
        }
    }

    /// Reads of 100 keys each, anywhere in a table that grew in no order.
    private static func range(_ name: String, isReversed: Bool) -> Benchmark {
        Benchmark(name: name) { count in
            let table = table(keys(shuffled(count)), isOrdered: true)
            let starts = keys(shuffled(count))
            return { count in
                var sum = 0
                for index in 0..<count {
                    let start = Array(starts[index * keySize..<(index + 1) * keySize])
                    let range = isReversed ? KeyRange(from: [], to: start) : KeyRange(from: start, to: nil)
                    var left = 100
                    table.visit(range, isReversed: isReversed) { pair in
                        sum &+= pair.key.count &+ Int(pair.key[keySize - 1])
                        left -= 1
                        return left > 0
                    }
                }
                return UInt64(sum)
            }
        }
    }
}
