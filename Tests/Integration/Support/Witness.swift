// A well-behaved client beside misbehaving ones.

import Foundation
import TestSupport

/// A client that was there before. Whatever other clients do, it still gets right answers, its data is still there, and
/// nothing else has been stored.
struct Witness {
    let connection: WireConnection
    private let server: ServerProcess

    init(_ server: ServerProcess) throws {
        self.server = server
        connection = try server.connect()
        try connection.expect("SET witness was here before\n", "OK\n")
    }

    /// - Parameter pairs: how many there are, the witness's own included.
    func check(pairs: Int = 1) throws {
        try connection.expect("GET witness\nPING\nCOUNT\n", "was here before\nPONG\n\(pairs)\n")
        try connection.expect(resp("GET", "witness"), "$15\r\nwas here before\r\n")
    }

    /// One figure of STATS.
    func figure(_ name: String) throws -> Int {
        try connection.send("STATS\n")
        let lines = String(decoding: try connection.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix(name + " ") }),
            let value = Int(line.dropFirst(name.count + 1))
        else { throw WireError(description: "STATS has no number \(name): \(lines)") }
        return value
    }

    /// Asks until a figure of STATS is as expected. Only a broken server takes long.
    func wait(for name: String, toBe expected: Int) throws {
        try wait(for: name) { $0 == expected }
    }

    /// As above.
    func wait(for name: String, where isExpected: (Int) -> Bool) throws {
        let end = TimeLimit.end
        while true {
            let found = try figure(name)
            if isExpected(found) { return }
            if Date() > end {
                throw WireError(description: "\(name) is still \(found)")
            }
        }
    }

    /// The server's resident memory in MiB; 0 under a sanitizer, whose own memory most of it is.
    func serverMemory() throws -> Int { try memory("VmRSS:") }

    /// Its peak; 0 under a sanitizer.
    func peakMemory() throws -> Int { try memory("VmHWM:") }

    private func memory(_ name: String) throws -> Int {
        if TimeLimit.isSanitized { return 0 }
        let status = try String(contentsOfFile: "/proc/\(server.process.id)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let size = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw WireError(description: "no \(name) for process \(server.process.id)") }
        return size / 1024
    }
}
