// Between input and output: hash, table, the log's lines and their checksums.

import Bytes
import LogFormat
import Store

private let sipHash = SipHash(key: (1, 2))
private let value = Array("0123456789abcdef0123456789abcdef".utf8)

/// `key:` and twelve digits.
private func key(_ number: Int) -> [UInt8] {
    let digits = String(number)
    return Array("key:\(String(repeating: "0", count: 12 - digits.count))\(digits)".utf8)
}

/// This many keys in one run of bytes: the measurement must not begin with reference counts of arrays.
private func keys(_ count: Int) -> [UInt8] {
    (0..<count).flatMap(key)
}

private func offset(of number: Int) -> Range<Int> {
    number &* 16..<number &* 16 &+ 16
}

extension Benchmark {
    static var store: [Benchmark] {
        [
            Benchmark(name: "siphash-16") { _ in
                let key = key(1234)
                return { count in
                    var sum: UInt64 = 0
                    for _ in 0..<count { sum ^= sipHash.hash(key.span) &+ sum }
                    return sum
                }
            },
            Benchmark(name: "crc32c-112") { _ in
                let line = [UInt8](repeating: 0x61, count: 112)
                return { count in
                    var sum: UInt32 = 0
                    for _ in 0..<count { sum = CRC32C.extend(sum, with: line.span) }
                    return UInt64(sum)
                }
            },
            Benchmark(name: "table-get") { _ in
                let (table, keys) = filledTable(100_000)
                return { count in
                    var sum: UInt64 = 0
                    let all = keys.span
                    for index in 0..<count {
                        let key = all.extracting(offset(of: index &* 7919 % 100_000))
                        let pair = table.pair(for: key, hash: table.hash(key), at: 1_795_533_252_153)
                        sum &+= UInt64(pair?.value.count ?? 0)
                    }
                    return sum
                }
            },
            Benchmark(name: "table-set-same-size") { _ in
                let (table, keys) = filledTable(100_000)
                return { count in
                    let all = keys.span
                    for index in 0..<count {
                        let key = all.extracting(offset(of: index &* 7919 % 100_000))
                        table.set(key, hash: table.hash(key), value: value.span)
                    }
                    return UInt64(table.count)
                }
            },
            Benchmark(name: "table-grow-and-free") { count in
                let keys = keys(count)
                return { count in
                    let table = Table(sipHash: sipHash)
                    let all = keys.span
                    for index in 0..<count {
                        let key = all.extracting(offset(of: index))
                        table.set(key, hash: table.hash(key), value: value.span)
                    }
                    return UInt64(table.count)
                }
            },
            Benchmark(name: "record-encode") { _ in
                let key = key(1234)
                return { count in
                    var lines = ByteBuffer()
                    var crc: UInt32 = 0
                    for index in 0..<count {
                        let start = lines.count
                        lines.append(recordHead: UInt64(index + 1), timestamp: 1_795_533_252_153)
                        lines.append(change: .set(key: key.span, value: value.span))
                        crc = lines.appendChecksum(bodyFrom: start, chain: crc)
                        if index & 15 == 15 { lines.removeAll() }
                    }
                    return UInt64(crc)
                }
            },
            Benchmark(name: "record-read") { _ in
                let line = recordLine()
                return { count in
                    var parser = RecordParser()
                    var sum: UInt64 = 0
                    for _ in 0..<count {
                        guard (try? parser.parse(line.span, chain: 0)) != nil,
                            (try? parser.changes(of: line.span, needs: []) { change in
                                sum &+= UInt64(change.key.count &+ change.value.count)
                            }) != nil
                        else { fatalError("the line is no record") }
                    }
                    return sum
                }
            },
            plainRead("record-read-plain", behind: ""),
            plainRead("record-read-author", behind: ",\"by\":\"alice#812\""),
        ]
    }

    /// Reads a plain record in one pass, as a start and a follower do.
    private static func plainRead(_ name: String, behind fields: String) -> Benchmark {
        Benchmark(name: name) { _ in
            var text = ByteBuffer()
            let key = key(1234)
            text.append(recordHead: 1_234_567, timestamp: 1_795_533_252_153)
            text.append(change: .set(key: key.span, value: value.span))
            text.append(text: fields)
            _ = text.appendChecksum(bodyFrom: 0, chain: 0)
            let line = Array(text.bytes.extracting(0..<text.count - 1))
            return { count in
                var sum: UInt64 = 0
                for _ in 0..<count {
                    guard let plain = PlainLine.record(line.span, chain: UInt32(truncatingIfNeeded: sum & 0)) else {
                        fatalError("the line is not plain")
                    }
                    sum &+= plain.seq &+ UInt64(plain.change(in: line.span).value.count)
                }
                return sum
            }
        }
    }

    private static func filledTable(_ count: Int) -> (Table, [UInt8]) {
        let table = Table(sipHash: sipHash)
        let keys = keys(count)
        let all = keys.span
        for index in 0..<count {
            let key = all.extracting(offset(of: index))
            table.set(key, hash: table.hash(key), value: value.span)
        }
        return (table, keys)
    }

    /// A record as recovery finds it, without its line feed.
    private static func recordLine() -> [UInt8] {
        var line = ByteBuffer()
        let key = key(1234)
        line.append(recordHead: 1234, timestamp: 1_795_533_252_153)
        line.append(change: .set(key: key.span, value: value.span))
        _ = line.appendChecksum(bodyFrom: 0, chain: 0)
        return Array(line.bytes).dropLast()
    }
}
