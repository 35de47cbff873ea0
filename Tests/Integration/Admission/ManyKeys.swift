// A table large enough for its listing to take many turns.

import TestSupport

/// `count` keys with the same prefix, and a number each.
struct ManyKeys {
    let count: Int
    let prefix: String

    init(count: Int, prefix: String = "key") {
        self.count = count
        self.prefix = prefix
    }

    func key(_ index: Int) -> String { "\(prefix):\(index)" }

    /// Stores them all.
    func store(in connection: WireConnection) throws {
        let perRequest = 10_000
        for start in stride(from: 0, to: count, by: perRequest) {
            let indexes = start..<min(start + perRequest, count)
            var request = "*\(indexes.count * 2 + 1)\r\n$4\r\nMSET\r\n"
            for index in indexes {
                let key = key(index)
                request += "$\(key.utf8.count)\r\n\(key)\r\n$1\r\n1\r\n"
            }
            try connection.send(request)
            guard try connection.receiveLine() == "+OK\r" else { throw WireError(description: "MSET failed") }
        }
    }

    /// Whether a reply names each of them, and each of `others`, once; it may hold other lines that are not keys.
    func areAll(in reply: [UInt8], besides others: [String] = []) -> Bool {
        var found: [String: Int] = [:]
        for line in reply.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            found[String(decoding: line, as: UTF8.self), default: 0] += 1
        }
        return ((0..<count).map { key($0) } + others).allSatisfy { found[$0] == 1 }
    }
}
