import Foundation
import TestSupport
import Testing

/// The audit of a server in a test.
struct AuditFiles {
    let folder: String

    /// - Parameter data: the data file's path.
    init(data: String) { folder = data + ".audit" }

    /// - Parameter folder: the audit's own.
    init(folder: String) { self.folder = folder }

    /// Makes the audit's key.
    static func makeKey(data: String, in folder: String) throws -> String {
        let made = try ChildProcess.run([ChildProcess.program("puffin-server"), "audit", "init", "--data", data])
        #expect(made.exitCode == 0)
        try made.output.write(toFile: folder + "/key", atomically: true, encoding: .utf8)
        return folder + "/key"
    }

    /// Everything in its segments.
    func text() throws -> String {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted()
            .map { try String(contentsOfFile: folder + "/" + $0, encoding: .utf8) }.joined()
    }

    /// The events, in their order.
    func events() throws -> [Event] {
        try text().split(separator: "\n").compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object.flatMap { $0["event"] == nil && $0["lost"] == nil ? nil : Event(fields: $0) }
        }
    }

    /// Waits until an event is there.
    func event(where isWanted: (Event) -> Bool) throws -> Event {
        let end = TimeLimit.end
        while true {
            let events = try events()
            if let found = events.first(where: isWanted) { return found }
            guard Date() < end else { throw WireError(description: "no such event in \(events)") }
            usleep(20_000)
        }
    }

    /// What `audit verify` says of it, and its exit code.
    func verify(
        data: String, key: String? = nil, _ more: [String] = []
    ) throws -> (exitCode: Int32, output: String) {
        let options = key.map { ["--key-file", $0] } ?? []
        let run = try ChildProcess.run(
            [ChildProcess.program("puffin-server"), "audit", "verify", "--data", data] + options + more)
        return (run.exitCode, run.output)
    }

    /// A line of an event, or of lost ones.
    struct Event: CustomStringConvertible {
        let fields: [String: Any]

        subscript(_ name: String) -> String? {
            fields[name].map { "\($0)" }
        }

        var kind: String { self["event"] ?? "lost" }
        /// The fields that say the same in each run.
        var description: String {
            ["event", "user", "how", "command", "key", "target", "change", "result", "count", "lost"]
                .compactMap { name in self[name].map { "\(name)=\($0)" } }.joined(separator: " ")
        }
    }
}
