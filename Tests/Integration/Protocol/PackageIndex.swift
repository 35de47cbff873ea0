// Real data: the package index that every Debian machine has. Tens of thousands of records of one to a few thousand
// bytes, most of several lines, some with letters beyond ASCII.

import Foundation
import TestSupport
import Torture

/// A pair of bytes.
struct BytePair {
    let key: [UInt8]
    let value: [UInt8]
}

/// The pairs that the machine's package index makes: `name=version` to the package's whole record, and
/// `summary:name=version` to the one line that describes it.
enum PackageIndex {
    static func pairs() throws -> [BytePair] {
        let dump = PeerProgram.path(of: "apt-cache").flatMap { try? ChildProcess.run([$0, "dumpavail"]).output } ?? ""
        let pairs = parse(Array(dump.utf8))
        if pairs.count >= 1000 { return pairs }
        print("package index: apt-cache has none on this machine; pairs like its own are generated")
        return parse(generated())
    }

    /// Records are separated by an empty line. Keys that come again, from another archive, are left out.
    static func parse(_ dump: [UInt8]) -> [BytePair] {
        var pairs: [BytePair] = []
        var seen: Set<[UInt8]> = []
        var start = 0
        while start < dump.count {
            var end = start
            while end < dump.count, !(dump[end] == 0x0a && (end + 1 == dump.count || dump[end + 1] == 0x0a)) {
                end += 1
            }
            let record = dump[start..<end]
            start = end + 2
            guard let name = field("Package: ", of: record), let version = field("Version: ", of: record) else {
                continue
            }
            let key = name + Array("=".utf8) + version
            guard seen.insert(key).inserted else { continue }
            pairs.append(BytePair(key: key, value: Array(record)))
            if let summary = field("Description: ", of: record) {
                pairs.append(BytePair(key: Array("summary:".utf8) + key, value: summary))
            }
        }
        return pairs
    }

    private static func field(_ name: String, of record: ArraySlice<UInt8>) -> [UInt8]? {
        let name = Array(name.utf8)
        var start = record.startIndex
        while start < record.endIndex {
            let end = record[start...].firstIndex(of: 0x0a) ?? record.endIndex
            if record[start..<end].starts(with: name) { return Array(record[start + name.count..<end]) }
            start = end + 1
        }
        return nil
    }

    /// As many records, and as long, as an index has.
    private static func generated() -> [UInt8] {
        var random = SeededRandom(seed: 1)
        let words = [
            "library", "für", "\u{1f427}", "data", "été", "\"quoted\"", "back\\slash", "tab\there", "x11::app",
        ]
        var dump = ""
        for index in 0..<30_000 {
            var lines = (0..<3 + random.below(20)).map { _ in
                (0..<1 + random.below(9)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
            }
            lines[0] = "Description: " + lines[0]
            dump += "Package: package-\(index)\nVersion: \(random.below(90)).\(random.below(90))-1\n"
            dump += lines.joined(separator: "\n ") + "\n\n"
        }
        return Array(dump.utf8)
    }
}

extension BytePair {
    /// The request of the line dialect that sets it.
    var line: [UInt8] {
        Array("SET ".utf8) + BytePair.word(key) + [0x20] + BytePair.rest(value) + [0x0a]
    }

    /// The request of RESP that sets it.
    var array: [UInt8] { MarkedChange.array([Array("SET".utf8), key, value]) }

    /// A key as it is, where it is one word.
    private static func word(_ bytes: [UInt8]) -> [UInt8] {
        bytes.contains(0x20) || mustBeQuoted(bytes) ? quoted(bytes) : bytes
    }

    /// A value as it is, where it is one line.
    private static func rest(_ bytes: [UInt8]) -> [UInt8] {
        mustBeQuoted(bytes) ? quoted(bytes) : bytes
    }

    private static func mustBeQuoted(_ bytes: [UInt8]) -> Bool {
        bytes.isEmpty || bytes[0] == UInt8(ascii: "\"") || bytes.contains { $0 < 0x20 }
    }

    /// A JSON string, as a standard library writes it.
    private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        let encoded = try? JSONEncoder().encode(String(decoding: bytes, as: UTF8.self))
        return encoded.map { Array($0) } ?? []
    }
}
