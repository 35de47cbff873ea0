// A store's hot paths: a change is applied and added to the batch. A follower checks a record of its leader's log first.

import Bytes
import LogFormat
import Store
import SystemPackage

extension Benchmark {
    static var replica: [Benchmark] {
        [
            Benchmark(name: "replica-apply") { count in
                let records = records(count)
                return { count in
                    withStore { store in
                        let all = records.span
                        var offset = 0
                        for index in 0..<count {
                            guard let feed = all.newline(from: offset) else { fatalError("too few records") }
                            try? store.applyRecord(all.extracting(offset..<feed))
                            offset = feed &+ 1
                            // As much as one turn of a busy link.
                            if index & 511 == 511 { store.flush() }
                        }
                    }
                }
            },
            set("store-set") { _ in },
            set("store-set-author") { store in Author("alice#812").map { store.setAuthor($0) } },
        ]
    }

    /// A leader's hot path: a change of a client is proposed.
    private static func set(_ name: String, prepare: @escaping (Store) -> Void) -> Benchmark {
        Benchmark(name: name) { _ in
            let keys = (0..<100_000).flatMap { number in
                let digits = String(number)
                return Array("key:\(String(repeating: "0", count: 12 - digits.count))\(digits)".utf8)
            }
            let value = Array("0123456789abcdef0123456789abcdef".utf8)
            return { count in
                withStore { store in
                    prepare(store)
                    let all = keys.span
                    for index in 0..<count {
                        let place = index &* 7919 % 100_000 &* 16
                        _ = store.set(
                            all.extracting(place..<place &+ 16), to: value.span, expires: 0, .withoutAsking())
                        if index & 511 == 511 { store.flush() }
                    }
                }
            }
        }
    }

    /// Lends a store in a folder of its own that syncs nothing.
    /// - Returns: the number of its newest change.
    private static func withStore(_ body: (Store) -> Void) -> UInt64 {
        let folder = FilePath("/tmp/puffin-micro-\(UInt64.random(in: 0 ... .max))")
        let data = folder.appending("puffin.json")
        var options = StoreOptions()
        options.durability = .never
        options.layout.reserve = 0
        let disk = LocalDisk()
        guard (try? disk.createFolder(folder)) != nil,
            let store = try? Store(data: data, options: options, disk: disk, now: 1_795_533_252_153, progress: {}),
            (try? store.load(lines: 10)) == false
        else { fatalError("no folder for a store") }
        body(store)
        let result = store.position.seq
        while store.isWriting {}
        store.close()
        let files = DataFiles(data: data)
        let names = (try? disk.names(in: files.folder)) ?? []
        for name in names { try? disk.remove(files.folder.appending(name)) }
        return result
    }

    /// A log of so many sets of 100,000 keys, without its header.
    private static func records(_ count: Int) -> [UInt8] {
        var lines = ByteBuffer()
        var crc: UInt32 = 0
        let value = Array("0123456789abcdef0123456789abcdef".utf8)
        for index in 0..<count {
            let digits = String(index &* 7919 % 100_000)
            let key = Array("key:\(String(repeating: "0", count: 12 - digits.count))\(digits)".utf8)
            let start = lines.count
            lines.append(recordHead: UInt64(index + 1), timestamp: 1_795_533_252_153)
            lines.append(change: .set(key: key.span, value: value.span))
            crc = lines.appendChecksum(bodyFrom: start, chain: crc)
        }
        return Array(lines.bytes)
    }
}
