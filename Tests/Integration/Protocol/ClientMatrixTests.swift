import Foundation
import TestSupport
import Testing

/// Clients in other languages: what docs/clients.md says of them. `make clients` writes its table.
@Suite("Clients in other languages", .serialized, .timeLimit(.minutes(5)))
struct ClientMatrixTests {
    private static let folder = Project.root.path + "/Tests/Clients/"

    private func withServer(_ body: (ServerProcess, String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--storage-index", "ordered"])
            try body(server, folder)
            #expect(server.stop() == 0)
        }
    }

    /// The column of a client in the documents.
    private func column(_ client: String) throws -> [String: String] {
        let part = try Project.text("docs/clients.md").components(separatedBy: "<!-- clients -->\n")[1]
        let rows = part.split(separator: "\n").filter { $0.hasPrefix("|") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
        }
        let place = try #require(rows[0].firstIndex(of: client))
        return Dictionary(uniqueKeysWithValues: rows.dropFirst(2).map { ($0[0], $0[place]) })
    }

    /// Runs a driver, and compares what it can do with the documents.
    private func check(_ client: String, _ command: [String], input: String? = nil) throws {
        let result = try ChildProcess.run(command, input: input ?? "/dev/null")
        try #require(result.exitCode == 0, "\(result.output)")
        let found = result.output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        #expect(
            try Dictionary(uniqueKeysWithValues: found.map { ($0[0], $0[1]) }) == column(client), "run: make clients")
    }

    @Test(
        "redis-py with either parser, and walrus", .enabled(if: PeerProgram.hasPython("redis", "hiredis", "walrus")),
        arguments: [("redis-py", "redis-py"), ("redis-py, hiredis", "hiredis"), ("walrus", "walrus")])
    func python(client: String, name: String) throws {
        let python = try #require(PeerProgram.path(of: "python"))
        try withServer { server, _ in
            try check(client, [python, Self.folder + "redis-py-driver", "\(server.port)", name])
        }
    }

    @Test(
        "ruby-redis and Perl's Redis",
        .enabled(
            if: PeerProgram.knows("ruby", "-e", "require 'redis'") && PeerProgram.knows("perl", "-MRedis", "-e", "1")),
        arguments: [("ruby-redis", "ruby", "ruby-redis-driver"), ("Redis.pm", "perl", "perl-redis-driver")])
    func others(client: String, program: String, driver: String) throws {
        let cases = try ChildProcess.run(["python3", Self.folder + "cases-json"])
        try withServer { server, folder in
            try cases.output.write(toFile: folder + "/cases", atomically: true, encoding: .utf8)
            try check(client, [program, Self.folder + driver, "\(server.port)"], input: folder + "/cases")
        }
    }

    @Test(
        "Django's and cachelib's caches do the same on Puffin as on Redis",
        .enabled(if: PeerProgram.hasPython("django", "cachelib") && PeerProgram.areThere("redis-server")))
    func caches() throws {
        let python = try #require(PeerProgram.path(of: "python"))
        try withServer { server, folder in
            let redis = try RedisProcess(folder: folder)
            let result = try ChildProcess.run(
                [python, Self.folder + "cache-driver", "\(server.port)", "\(redis.port)"])
            #expect(result.exitCode == 0 && result.output.contains("Django: ") && result.output.contains("cachelib: "))
            #expect(result.output.split(separator: "\n").count == 2, "\(result.output)")
        }
    }
}

extension PeerProgram {
    /// Whether the project's own Python environment has these modules.
    fileprivate static func hasPython(_ modules: String...) -> Bool {
        guard areThere("python"), let python = path(of: "python"), python.hasPrefix(".venv/") else { return false }
        return knows(python, "-c", "import " + modules.joined(separator: ", "))
    }

    /// Whether a program runs a script; on a machine that has everything it has to.
    fileprivate static func knows(_ command: String...) -> Bool {
        guard areThere(command[0]) || command[0].hasPrefix(".venv/") else { return false }
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        if let result = try? ChildProcess.run(command), result.exitCode == 0 { return true }
        print("skipped: \(command.joined(separator: " ")) fails (make setup-dev installs what it needs)")
        return false
    }
}
